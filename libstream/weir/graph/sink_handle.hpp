// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/draft.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace weir {

/// A sink that a stream ends in; settings go by it.
class sink_handle {
public:
  sink_handle(std::shared_ptr<build::graph_draft> draft, std::uint32_t stage)
      : draft_(std::move(draft)), stage_(stage) {}

  /// Names the sink, for people and for its state in a checkpoint.
  sink_handle& named(std::string name) {
    auto& op = draft_->stages[stage_].operators.front();
    op.id = std::move(name);
    op.named = true;
    return *this;
  }
  /// Sets the number of instances; one unless told.
  sink_handle& parallelism(std::uint32_t n) {
    draft_->stages[stage_].parallelism = n;
    return *this;
  }
  sink_handle& on_error(directive what) {
    draft_->stages[stage_].on_error = what;
    return *this;
  }

private:
  std::shared_ptr<build::graph_draft> draft_;
  std::uint32_t stage_;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_write.hpp"
#include "weir/flow/operator_concepts.hpp"

#include <string>
#include <utility>

namespace weir::operators {

/// Where events go that come too late: counted, and sent to the side output if somebody consumes
/// it. Otherwise a few are noted in the metrics.
template <class T>
class late_gate {
public:
  explicit late_gate(std::string output) : output_(std::move(output)) {}

  void open(const flow::operator_environment& e) {
    id_ = e.id;
    metrics_ = e.metrics;
    side_ = e.side<T>(output_);
  }

  template <class E>
  void refuse(E&& event, timestamp at, timestamp watermark, const flow::step& s) {
    metrics_->late_events.add(1);
    if (side_ != nullptr) return side_->emit(std::forward<E>(event), at);
    metrics_->late_unclaimed.add(1);
    if (!metrics_->late.due(s.wall)) return;
    late_note note{id_, {}, at, watermark};
    if constexpr (json_type<T>) write_json(event, note.event);
    metrics_->late.add(std::move(note), s.wall);
  }

private:
  std::string output_;
  std::string id_;
  stage_metrics* metrics_ = nullptr;
  flow::fan_out<T>* side_ = nullptr;
};

}  // namespace weir::operators

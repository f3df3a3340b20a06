// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/flow/credit_window.hpp"
#include "weir/flow/directive.hpp"
#include "weir/flow/output_port.hpp"
#include "weir/metrics/hot_keys.hpp"
#include "weir/state/key_groups.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace weir {

/// Settings of an explicit stage; what is left out keeps its default.
struct stage_options {
  std::optional<std::uint32_t> parallelism;
  std::optional<directive> on_error;
  bool blocking = false;  ///< Runs on a thread of its own, so that user code may block.
};

/// How often an event counts in state after a failure, if checkpoints are taken.
enum class processing_guarantee : std::uint8_t {
  exactly_once,   ///< Inputs that have brought a barrier wait for those that have not.
  at_least_once,  ///< They don't wait; what came behind a barrier may count twice.
};

/// Settings of a whole pipeline.
struct pipeline_options {
  std::uint32_t parallelism =
      1;  ///< Of stages that don't say; sources and sinks have one instance unless they say.
  std::uint32_t key_groups = default_key_groups;
  flow::batch_limits batches;
  flow::credit_settings credits;
  hot_key_options hot_keys;
  /// The run begins with events of this time: what sources have recorded before it is passed over.
  std::optional<timestamp> from{};
  /// ... and is read in these splits from behind these offsets on; in the others from the start.
  std::map<std::string, std::uint64_t, std::less<>> from_offsets{};
  processing_guarantee guarantee = processing_guarantee::exactly_once;
};

}  // namespace weir

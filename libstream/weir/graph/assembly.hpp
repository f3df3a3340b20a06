// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/flow/poison_list.hpp"
#include "weir/flow/stage_body.hpp"
#include "weir/flow/typed_output_port.hpp"
#include "weir/graph/settings.hpp"
#include "weir/journal/tape.hpp"
#include "weir/metrics/stage_metrics.hpp"
#include "weir/sink/sink.hpp"
#include "weir/source/event_time_options.hpp"
#include "weir/source/source.hpp"
#include "weir/state/cold_store.hpp"

#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::build {

struct operator_draft;

/// What an instance is made in: handed in by the runtime, or by a simulator.
struct surroundings {
  const clock* time = nullptr;
  std::shared_ptr<stage_metrics> metrics;
  std::function<void()>
      wake;  ///< Safe from any thread: a source or sink of the instance can go on.
  std::optional<sink_start> start{};            ///< How sinks begin; see `sink_instance`.
  std::shared_ptr<flow::poison_list> poison{};  ///< Shared by all attempts; may be null.
  /// Dead letters that the run brings back; may be null.
  std::shared_ptr<const std::vector<dead_letter>> replays{};
  std::optional<std::uint32_t> budget{};  ///< Events a step may take at most; tests make it small.
  std::optional<duration> checkpoint_interval{};  ///< See `sink_instance`.
  /// Records the instance, or what it is repeated from; then `time` is the same. May be null.
  std::shared_ptr<journal::tape> tape{};
  state_backend* backend = nullptr;  ///< Keeps what does not fit in memory; may be null.
  bool restores_later = false;       ///< Whoever makes the instance calls `stage::restore`.
  /// See `stage_parts`; tests make it small.
  std::optional<std::size_t> snapshot_piece{};
};

/// One stage instance while it is being put together. The factories of the graph read it.
class assembly {
public:
  std::uint32_t instance = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = default_key_groups;
  flow::attempt_id attempt = 0;
  flow::batch_limits limits;
  hot_key_options hot_keys;
  surroundings around;
  std::vector<split_position> splits;                      ///< Of a source instance.
  event_time_options event_time;                           ///< Of a source's stage.
  const std::vector<operator_draft>* operators = nullptr;  ///< Of the stage.
  std::vector<std::unique_ptr<flow::output_port>>* ports = nullptr;
  cold_store* cold = nullptr;  ///< Of the instance; null if all state is in memory.

  /// @pre port `i` was declared with events of `T`
  template <class T>
  [[nodiscard]] flow::typed_output_port<T>& port(std::size_t i) const {
    assert(dynamic_cast<flow::typed_output_port<T>*>((*ports)[i].get()) != nullptr);
    return static_cast<flow::typed_output_port<T>&>(*(*ports)[i]);
  }

  [[nodiscard]] flow::operator_environment environment(std::size_t op) const;
};

}  // namespace weir::build

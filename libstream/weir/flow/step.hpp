// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/flow/effects.hpp"
#include "weir/flow/event_errors.hpp"
#include "weir/flow/lanes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::flow {

/// Where a source's batch in hand came from.
class batch_origin {
public:
  virtual ~batch_origin() = default;

  [[nodiscard]] virtual std::string_view split() const = 0;
  /// The position of event `i` of the batch in its split.
  [[nodiscard]] virtual std::uint64_t position_of(std::size_t i) const = 0;
};

/// What the operators of a stage see of the step they are called in.
struct step {
  effects& out;
  event_errors& errors;
  timestamp wall;          ///< Wall-clock time at the step's beginning.
  std::size_t budget = 0;  ///< Events and timer firings left before others must have a turn.
  std::uint32_t lane = 0;  ///< The split, or the input channel, that the events in hand came from.
  lane_list* lanes = nullptr;            ///< How the lanes stand; null where the input isn't split.
  const batch_origin* origin = nullptr;  ///< Set while a source's own batch is worked on.
  steady_time earliest{};        ///< When the oldest event behind the input in hand was read.
  std::uint64_t completion = 0;  ///< The id of the answered request, in `on_completion`.
  std::span<const std::byte> completion_data;  ///< Its answer.
  steady_time unblocked{};  ///< A clock that stands still while the stage waits for its outputs.
  timestamp receivers = max_timestamp;  ///< The lowest watermark that a source's receivers told of.
  /// A barrier is next: timers that are still due when the budget is spent wait, and so do, at
  /// once, the firings of a watermark.
  bool cut = false;
  bool was_cut = false;  ///< Firings of the watermark in hand wait: it has to come once more.
  bool receivers_wait = false;  ///< They all have come to what they were told: they wait for us.

  /// Asks a service for something; the answer comes as a completion of the id that this returns.
  std::uint64_t ask(std::string_view target, bytes payload) {
    out.requests.push_back({out.next_request, std::string{target}, std::move(payload)});
    return out.next_request++;
  }

  /// ... of `via`, unless the shell has a service called `target`. The end doesn't wait for the
  /// answer: the operator's `outstanding()` says whether it does.
  std::uint64_t ask(std::string_view target, bytes payload, std::shared_ptr<const service> via) {
    out.requests.push_back(
        {out.next_request, std::string{target}, std::move(payload), std::move(via), false});
    return out.next_request++;
  }

  /// Asks to be called again at `at`, wall-clock time, though nothing arrives.
  void wake_at(timestamp at) { out.wake_at = std::min(out.wake_at, at); }
};

}  // namespace weir::flow

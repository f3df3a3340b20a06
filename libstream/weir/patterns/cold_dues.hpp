// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/patterns/match_buffer.hpp"
#include "weir/state/timer_queue.hpp"

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace weir::patterns {

/// What keys are due for whose partial matches may be in a cold store: a deadline each, and the
/// time of the first match that waits there. A deadline may come too soon; what is then still to
/// come is noted anew. Logarithmic time.
class cold_dues {
public:
  /// As it is saved: `deadline`, and the time of the match that waits.
  using saved = std::pair<timestamp, timestamp>;

  /// Lets the slot be due at `at`, unless it is before that.
  void note(std::uint32_t slot, timestamp at) {
    widen(slot);
    timestamp& deadline = slots_[slot].deadline;
    if (at >= deadline) return;
    if (deadline != max_timestamp) timers_.erase({deadline, slot});
    deadline = at;
    timers_.set({at, slot});
  }
  /// The slot has no deadline any more.
  void forget(std::uint32_t slot) {
    if (slot >= slots_.size() || slots_[slot].deadline == max_timestamp) return;
    timers_.erase({std::exchange(slots_[slot].deadline, max_timestamp), slot});
  }
  [[nodiscard]] timestamp next_deadline() { return timers_.earliest(); }
  /// Takes out a slot that is due at `now`; false if there is none.
  [[nodiscard]] bool take(timestamp now, std::uint32_t& slot) {
    timer_queue::entry first;
    if (!timers_.pop_due(now, first)) return false;
    slot = first.slot;
    slots_[slot].deadline = max_timestamp;
    return true;
  }

  /// The matches of a slot that wait leave memory; the first of them was complete at `at`.
  void wait_elsewhere(std::uint32_t slot, timestamp at) {
    widen(slot);
    come(slot);
    slots_[slot].waits_since = at;
    waiting_.emplace(at, slot);
  }
  /// ... and come back.
  void come(std::uint32_t slot) {
    if (slot >= slots_.size() || slots_[slot].waits_since == max_timestamp) return;
    waiting_.erase({std::exchange(slots_[slot].waits_since, max_timestamp), slot});
  }
  /// Time of the first of all slots' that wait elsewhere, `max_timestamp` if there is none.
  [[nodiscard]] timestamp earliest_waiting() const {
    return waiting_.empty() ? max_timestamp : waiting_.begin()->first;
  }
  /// A slot whose matches wait elsewhere, or `nowhere`.
  [[nodiscard]] std::uint32_t some_waiting() const {
    return waiting_.empty() ? nowhere : waiting_.begin()->second;
  }

  /// What a slot takes.
  static constexpr std::size_t slot_bytes = 96;
  /// Whether the slot is due for anything.
  [[nodiscard]] bool has(std::uint32_t slot) const {
    const saved s = of(slot);
    return s.first != max_timestamp || s.second != max_timestamp;
  }
  [[nodiscard]] saved of(std::uint32_t slot) const {
    if (slot >= slots_.size()) return {max_timestamp, max_timestamp};
    return {slots_[slot].deadline, slots_[slot].waits_since};
  }

private:
  struct noted {
    timestamp deadline = max_timestamp;
    timestamp waits_since = max_timestamp;
  };

  void widen(std::uint32_t slot) {
    if (slot >= slots_.size()) slots_.resize(slot + std::size_t{1});
  }

  timer_queue timers_;  ///< At most one a slot.
  std::set<std::pair<timestamp, std::uint32_t>> waiting_;
  std::vector<noted> slots_;
};

}  // namespace weir::patterns

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace weir::operators {

/// Which slot has something to do when, earliest first. A slot has one time; what a slot is due for
/// may move to later without telling, as long as it is looked at then. Logarithmic time.
class due_heap {
public:
  struct entry {
    timestamp at;
    std::uint32_t slot = 0;

    friend auto operator<=>(const entry&, const entry&) = default;
  };

  /// Lets a slot be due at `at` if it isn't due before that.
  void set(std::uint32_t slot, timestamp at) {
    if (slot >= due_.size()) due_.resize(slot + std::size_t{1}, max_timestamp);
    if (at >= due_[slot]) return;
    due_[slot] = at;
    heap_.push_back({at, slot});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
  }
  /// Lets a slot be due no more.
  void forget(std::uint32_t slot) {
    if (slot < due_.size()) due_[slot] = max_timestamp;
  }

  /// Removes the earliest that is due at `now` and gives it to `out`; false if there is none.
  bool pop(timestamp now, entry& out) {
    drop_stale();
    if (heap_.empty() || heap_.front().at > now) return false;
    out = heap_.front();
    due_[out.slot] = max_timestamp;
    drop_front();
    return true;
  }
  [[nodiscard]] timestamp earliest() {
    drop_stale();
    return heap_.empty() ? max_timestamp : heap_.front().at;
  }
  /// The slot that is due at `earliest()`. @pre there is one
  [[nodiscard]] std::uint32_t first() {
    drop_stale();
    return heap_.front().slot;
  }

  /// When a slot is due; `max_timestamp` if it isn't.
  [[nodiscard]] timestamp due(std::uint32_t slot) const {
    return slot < due_.size() ? due_[slot] : max_timestamp;
  }

private:
  void drop_stale() {
    while (!heap_.empty() && due_[heap_.front().slot] != heap_.front().at) drop_front();
  }
  void drop_front() {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    heap_.pop_back();
  }

  std::vector<entry> heap_;
  std::vector<timestamp> due_;  ///< Of each slot; entries with another time are stale.
};

}  // namespace weir::operators

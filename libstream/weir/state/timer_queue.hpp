// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace weir {

/// The timers of an operator's keys, by slot. A timer set twice for the same key and time fires
/// once. Logarithmic time to set and fire; a timer that was erased leaves its place in the heap
/// when its time comes.
class timer_queue {
public:
  struct entry {
    timestamp at;
    std::uint32_t slot = 0;

    friend auto operator<=>(const entry&, const entry&) = default;
  };

  void set(entry e) {
    if (!live_.insert(e).second) return;
    if (e.slot >= counts_.size()) counts_.resize(e.slot + 1);
    ++counts_[e.slot];
    if (heap_.size() > 2 * live_.size() + 64) {  // most are erased ones
      heap_.assign(live_.begin(), live_.end());
      std::make_heap(heap_.begin(), heap_.end(), std::greater<>{});
      return;
    }
    heap_.push_back(e);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
  }
  void erase(entry e) {
    if (live_.erase(e) != 0) --counts_[e.slot];
  }

  /// Removes the earliest timer that is due at `now` and gives it to `out`; false if there is none.
  bool pop_due(timestamp now, entry& out) {
    drop_erased();
    if (heap_.empty() || heap_.front().at > now) return false;
    out = heap_.front();
    pop();
    erase(out);
    return true;
  }

  [[nodiscard]] timestamp earliest() {
    drop_erased();
    return heap_.empty() ? max_timestamp : heap_.front().at;
  }
  [[nodiscard]] bool has(std::uint32_t slot) const noexcept {
    return slot < counts_.size() && counts_[slot] != 0;
  }
  [[nodiscard]] std::size_t size() const noexcept { return live_.size(); }

  template <class F>
  void each(F f) const {
    for (const entry& e : live_) f(e);
  }

private:
  struct hash {
    std::size_t operator()(const entry& e) const noexcept {
      return static_cast<std::size_t>(e.at.time_since_epoch().count()) * 0x9E3779B97F4A7C15ULL +
             e.slot;
    }
  };

  void pop() {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    heap_.pop_back();
  }
  void drop_erased() {
    while (!heap_.empty() && !live_.contains(heap_.front())) pop();
  }

  std::vector<entry> heap_;
  boost::unordered_flat_set<entry, hash> live_;
  std::vector<std::uint32_t> counts_;  ///< Timers of each slot.
};

}  // namespace weir

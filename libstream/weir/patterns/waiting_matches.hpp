// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/match_order.hpp"
#include "weir/patterns/run_table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace weir::patterns {

/// The matches that are complete and wait, because a partial match of their key began before them.
/// A heap for each key, by their beginnings: adding and taking one costs the logarithm of what the
/// key holds, and asking which is first, or when the earliest of all keys was complete, nothing.
class waiting_matches {
public:
  /// What one that waits is reckoned at beside its path: as much as a partial match, so that one
  /// that comes to wait takes no more than before.
  static constexpr std::uint64_t bytes_of_one = sizeof(run);

  void add(std::uint32_t slot, const complete& c) {
    if (slot >= keys_.size()) keys_.resize(std::max<std::size_t>(slot + 1, 2 * keys_.size()));
    auto& k = keys_[slot];
    if (k.heap.empty()) {
      k.place = static_cast<std::uint32_t>(slots_.size());
      slots_.push_back(slot);
    }
    k.heap.push_back(c);
    std::push_heap(k.heap.begin(), k.heap.end(), by_start{&compared_});
    ++times_[c.at];
    ++size_;
  }

  /// Takes out the one that began first. Of those that began alike any one comes first.
  complete take_first(std::uint32_t slot) {
    auto& k = keys_[slot];
    std::pop_heap(k.heap.begin(), k.heap.end(), by_start{&compared_});
    const complete c = k.heap.back();
    k.heap.pop_back();
    if (k.heap.empty()) {
      keys_[slots_.back()].place = k.place;
      slots_[k.place] = slots_.back();
      slots_.pop_back();
    }
    if (const auto at = times_.find(c.at); --at->second == 0) times_.erase(at);
    --size_;
    return c;
  }

  [[nodiscard]] bool has(std::uint32_t slot) const noexcept {
    return slot < keys_.size() && !keys_[slot].heap.empty();
  }
  /// @pre `has(slot)`
  [[nodiscard]] const complete& first(std::uint32_t slot) const { return keys_[slot].heap.front(); }
  [[nodiscard]] std::size_t size(std::uint32_t slot) const noexcept {
    return slot < keys_.size() ? keys_[slot].heap.size() : 0;
  }
  /// Time of the key's one that was complete first. Linear in the key's.
  [[nodiscard]] timestamp earliest(std::uint32_t slot) const {
    timestamp first = max_timestamp;
    each(slot, [&](const complete& c) { first = std::min(first, c.at); });
    return first;
  }
  /// Calls `f(match)` for a key's, in no order.
  template <class F>
  void each(std::uint32_t slot, F f) const {
    if (has(slot))
      for (const complete& c : keys_[slot].heap) f(c);
  }

  // Of all keys.

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return size_ * bytes_of_one; }
  /// Time of the one that was complete first; `max_timestamp` if there is none.
  [[nodiscard]] timestamp earliest() const {
    return times_.empty() ? max_timestamp : times_.begin()->first;
  }
  /// A key that holds some; `nowhere` if there is none.
  [[nodiscard]] std::uint32_t some_slot() const { return slots_.empty() ? nowhere : slots_.back(); }
  /// How often two were compared: the work done so far, for tests.
  [[nodiscard]] std::uint64_t compared() const noexcept { return compared_; }

private:
  struct key_heap {
    std::vector<complete> heap;
    std::uint32_t place = 0;  ///< In `slots_`.
  };
  struct by_start {
    std::uint64_t* compared;
    bool operator()(const complete& a, const complete& b) const {
      ++*compared;
      return a.start > b.start;
    }
  };

  std::vector<key_heap> keys_;
  std::vector<std::uint32_t> slots_;          ///< Of keys that hold some.
  std::map<timestamp, std::uint32_t> times_;  ///< How many were complete when.
  std::size_t size_ = 0;
  std::uint64_t compared_ = 0;
};

}  // namespace weir::patterns

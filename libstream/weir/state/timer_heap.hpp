// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir {

/// A timer of a key, which is a slot.
struct slot_timer {
  timestamp at;
  std::uint32_t slot = 0;

  friend auto operator<=>(const slot_timer&, const slot_timer&) = default;
};

/// Timers, of which the earliest comes first, and of those of one time the one with the lowest
/// slot. A heap whose nodes have four children (Johnson's d-heap, 1975): half as deep as one with
/// two, and siblings lie side by side. Logarithmic time.
class timer_heap {
public:
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  /// @pre not empty()
  [[nodiscard]] const slot_timer& front() const noexcept { return all_.front(); }

  void push(slot_timer t) {
    all_.push_back(t);
    rise(all_.size() - 1, t);
  }
  /// @pre not empty()
  void pop() noexcept {
    const slot_timer last = all_.back();
    all_.pop_back();
    if (!all_.empty()) rise(sink_hole(), last);
  }

  /// Removes those for which `f` holds, and those that are there twice. Takes as long as sorting.
  template <class F>
  void erase_if(F f) {
    std::erase_if(all_, f);
    std::sort(all_.begin(), all_.end());
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
  }

private:
  static constexpr std::size_t children = 4;

  /// Without a branch that nobody can predict.
  static bool is_before(const slot_timer& a, const slot_timer& b) noexcept {
    return static_cast<unsigned>(a.at < b.at) |
           (static_cast<unsigned>(a.at == b.at) & static_cast<unsigned>(a.slot < b.slot));
  }

  /// Lets the hole at the root sink to the bottom, and returns where it is then. What is put there
  /// comes from the bottom, and mostly stays (Wegener's bottom-up heapsort, 1993).
  std::size_t sink_hole() noexcept {
    const std::size_t n = all_.size();
    slot_timer* const t = all_.data();
    std::size_t hole = 0;
    std::size_t first = 1;
    for (; first + children <= n; first = children * hole + 1) {
      const std::size_t a = first + is_before(t[first + 1], t[first]);
      const std::size_t b = first + 2 + is_before(t[first + 3], t[first + 2]);
      const std::size_t least = is_before(t[b], t[a]) ? b : a;
      t[hole] = t[least];
      hole = least;
    }
    if (first >= n) return hole;
    std::size_t least = first;
    for (std::size_t i = first + 1; i < n; ++i)
      if (is_before(t[i], t[least])) least = i;
    t[hole] = t[least];
    return least;
  }
  void rise(std::size_t at, const slot_timer& value) noexcept {
    while (at != 0) {
      const std::size_t parent = (at - 1) / children;
      if (!is_before(value, all_[parent])) break;
      all_[at] = all_[parent];
      at = parent;
    }
    all_[at] = value;
  }

  std::vector<slot_timer> all_;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/joins/time_list.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::operators {

/// What the slots of a join are due for: something of a slot, at a time. Counted by slot if asked
/// for, so that it is known which slots are due. One whose key has left may still be.
class slot_dues {
public:
  struct due {
    timestamp at;
    std::uint32_t slot = 0;
  };

  /// To be called before the first is added.
  void count_by_slot() { counts_ = true; }

  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  // @pre !empty()
  [[nodiscard]] const due& front() const { return all_.front(); }
  /// The one `n` behind the first, or null: only those that lie together are told.
  [[nodiscard]] const due* ahead(std::size_t n) const { return all_.ahead(n); }

  void insert(due d) {
    count(d.slot, 1);
    all_.insert(d);
  }
  due take_front() {
    const due first = all_.take_front();
    count(first.slot, -1);
    return first;
  }
  /// Adds one whose place in the order does not matter before `sort`.
  void append_unsorted(due d) {
    count(d.slot, 1);
    all_.append_unsorted(d);
  }
  void sort() { all_.sort(); }

  /// Whether a slot is due. @pre `count_by_slot()` was called
  [[nodiscard]] bool has(std::uint32_t slot) const noexcept {
    return slot < by_slot_.size() && by_slot_[slot] != 0;
  }
  /// Calls `f(due)` for each.
  template <class F>
  void each(F f) {
    all_.each(f);
  }

private:
  void count(std::uint32_t slot, int change) {
    if (!counts_) return;
    if (slot >= by_slot_.size()) by_slot_.resize(slot + std::size_t{1});
    by_slot_[slot] += static_cast<std::uint32_t>(change);
  }

  time_list<due> all_;
  std::vector<std::uint32_t> by_slot_;
  bool counts_ = false;
};

}  // namespace weir::operators

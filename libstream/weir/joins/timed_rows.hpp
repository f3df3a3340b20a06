// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"
#include "weir/core/time.hpp"
#include "weir/joins/time_list.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::operators {

/// Many lists of rows, each in the order of their time, rows of one time in that of their arrival.
/// A list is two numbers; the rows of all lists share one pool, where those that come one after the
/// other lie side by side. Appending and taking the first take constant time, and don't allocate by
/// themselves. A list in which a search has gone far becomes a `time_list` until it is empty.
template <class V>
class timed_rows {
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t apart = none - 1;  ///< In place of the last row's number.
  static constexpr std::size_t far = 64;            ///< Rows that a search may pass over.

public:
  struct row {
    timestamp at;
    std::uint32_t next = none;
    bool matched = false;
    V value{};
  };
  struct list {
    std::uint32_t first = none;
    std::uint32_t last = none;

    [[nodiscard]] bool empty() const noexcept { return first == none; }
  };

  void insert(list& to, timestamp at, V value, bool matched) {
    row made{at, none, matched, std::move(value)};
    if (to.last == apart) {
      ++size_;
      return apart_[to.first].insert(std::move(made));
    }
    const std::uint32_t number = take(std::move(made));
    if (to.empty()) {
      to = {number, number};
    } else if (!(at < rows_[to.last].at)) {
      rows_[to.last].next = number;
      to.last = number;
    } else {
      insert_between(to, number);
    }
  }

  /// Removes the first row and returns it. @pre !of.empty()
  row take_front(list& of) {
    if (of.last == apart) return take_front_apart(of);
    const std::uint32_t number = of.first;
    row first = std::move(rows_[number]);
    of.first = first.next;
    if (of.first == none) of.last = none;
    give_back(number);
    return first;
  }

  /// Removes all rows.
  void clear(list& of) {
    while (!of.empty()) take_front(of);
  }

  /// Calls `f(row)` for those of a list in `[from, to]`, in order.
  template <class F>
  void each_in(list& of, timestamp from, timestamp to, F f) {
    if (of.last == apart) return apart_[of.first].each_in(from, to, f);
    std::uint32_t at = of.first;
    std::size_t passed = 0;
    for (; at != none && rows_[at].at < from; at = rows_[at].next) ++passed;
    for (; at != none && !(to < rows_[at].at); at = rows_[at].next) f(rows_[at]);
    if (passed > far) set_apart(of);
  }
  template <class F>
  void each(list& of, F f) {
    each_in(of, min_timestamp, max_timestamp, f);
  }
  [[nodiscard]] std::size_t size(const list& of) const {
    if (of.last == apart) return apart_[of.first].size();
    std::size_t n = 0;
    for (std::uint32_t at = of.first; at != none; at = rows_[at].next) ++n;
    return n;
  }

  /// The rows of all lists.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Calls for the list's ends ahead of their use; changes nothing.
  void fetch(const list& of) const {
    if (of.last >= apart) return;  // empty, or not in the pool
    prefetch_line(&rows_[of.first]);
    if (of.last != of.first) prefetch_line(&rows_[of.last]);
  }

private:
  void insert_between(list& to, std::uint32_t number) {
    const timestamp at = rows_[number].at;
    std::uint32_t before = none;
    std::size_t passed = 0;
    for (std::uint32_t i = to.first; !(at < rows_[i].at); i = rows_[i].next, ++passed) before = i;
    std::uint32_t& link = before == none ? to.first : rows_[before].next;
    rows_[number].next = std::exchange(link, number);
    if (passed > far) set_apart(to);
  }

  void set_apart(list& of) {
    time_list<row> all;
    for (std::uint32_t at = of.first; at != none;) {
      const std::uint32_t next = rows_[at].next;
      all.insert(std::move(rows_[at]));
      give_back(at);
      at = next;
      ++size_;
    }
    if (apart_free_.empty()) {
      apart_free_.push_back(static_cast<std::uint32_t>(apart_.size()));
      apart_.emplace_back();
    }
    of = {apart_free_.back(), apart};
    apart_free_.pop_back();
    apart_[of.first] = std::move(all);
  }
  row take_front_apart(list& of) {
    time_list<row>& all = apart_[of.first];
    row first = all.take_front();
    --size_;
    if (!all.empty()) return first;
    all = {};
    apart_free_.push_back(of.first);
    of = {};
    return first;
  }

  std::uint32_t take(row made) {
    ++size_;
    if (free_ == none) {
      rows_.push_back(std::move(made));
      return static_cast<std::uint32_t>(rows_.size() - 1);
    }
    const std::uint32_t number = free_;
    free_ = rows_[number].next;
    rows_[number] = std::move(made);
    return number;
  }
  void give_back(std::uint32_t number) {
    if (--size_ == 0 && rows_.size() > 1024) {
      rows_ = {};
      free_ = none;
      return;
    }
    if constexpr (!std::is_trivially_destructible_v<V>) rows_[number].value = V{};
    rows_[number].next = free_;
    free_ = number;
  }

  std::vector<row> rows_;
  std::uint32_t free_ = none;
  std::size_t size_ = 0;
  std::vector<time_list<row>> apart_;
  std::vector<std::uint32_t> apart_free_;
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"
#include "weir/joins/shared_rows.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::operators {

/// Many lists of values in the order of their arrival, in one pool. A list is two numbers.
/// Appending takes constant time, emptying a list time by its length; none of them allocates by
/// itself, and memory is used again. Places in a list hold until it is emptied; references until
/// the next `append`.
template <class T>
class row_chains {
public:
  struct list {
    std::uint32_t first = no_row;
    std::uint32_t last = no_row;

    [[nodiscard]] bool empty() const noexcept { return first == no_row; }
  };

  void append(list& to, T value) {
    const std::uint32_t made = take(std::move(value));
    if (to.empty())
      to.first = made;
    else
      rows_[to.last].next = made;
    to.last = made;
  }
  void clear(list& of) {
    for (std::uint32_t at = of.first; at != no_row;) at = give_back(at);
    of = {};
    if (size_ == 0 && rows_.size() > 1024) {
      rows_ = {};
      free_ = no_row;
    }
  }

  [[nodiscard]] const T& operator[](std::uint32_t place) const { return rows_[place].value; }
  /// The place behind one; `no_row` behind the last.
  [[nodiscard]] std::uint32_t after(std::uint32_t place) const { return rows_[place].next; }
  [[nodiscard]] std::size_t size(const list& of) const {
    std::size_t n = 0;
    for (std::uint32_t at = of.first; at != no_row; at = rows_[at].next) ++n;
    return n;
  }
  /// The rows of all lists.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Calls for the list's ends ahead of their use; changes nothing.
  void fetch(const list& of) const {
    if (of.empty()) return;
    prefetch_line(&rows_[of.first]);
    if (of.last != of.first) prefetch_line(&rows_[of.last]);
  }

private:
  struct row {
    T value;
    std::uint32_t next = no_row;
  };

  std::uint32_t take(T value) {
    ++size_;
    if (free_ == no_row) {
      rows_.push_back({std::move(value), no_row});
      return static_cast<std::uint32_t>(rows_.size() - 1);
    }
    const std::uint32_t at = free_;
    free_ = rows_[at].next;
    rows_[at] = {std::move(value), no_row};
    return at;
  }
  /// Answers the place that was behind it.
  std::uint32_t give_back(std::uint32_t at) {
    --size_;
    if constexpr (!std::is_trivially_destructible_v<T>) rows_[at].value = T{};
    return std::exchange(rows_[at].next, std::exchange(free_, at));
  }

  std::vector<row> rows_;
  std::uint32_t free_ = no_row;
  std::size_t size_ = 0;
};

}  // namespace weir::operators

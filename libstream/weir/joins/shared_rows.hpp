// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::operators {

/// Stands for no row, and for the end of a list.
inline constexpr std::uint32_t no_row = UINT32_MAX;

/// Values by number, each kept as long as some list holds it. Constant time; numbers and memory are
/// used again.
template <class T>
class shared_rows {
public:
  /// Keeps a value that nothing holds yet.
  std::uint32_t add(T value) {
    ++live_;
    if (free_ == no_row) {
      rows_.push_back({std::move(value), 0, no_row});
      return static_cast<std::uint32_t>(rows_.size() - 1);
    }
    const std::uint32_t at = free_;
    free_ = rows_[at].next_free;
    rows_[at] = {std::move(value), 0, no_row};
    return at;
  }
  void hold(std::uint32_t at) { ++rows_[at].holders; }
  void release(std::uint32_t at) {
    if (--rows_[at].holders != 0) return;
    if (--live_ == 0 && rows_.size() > 1024) {
      rows_ = {};
      free_ = no_row;
      return;
    }
    rows_[at] = {T{}, 0, free_};
    free_ = at;
  }
  [[nodiscard]] const T& operator[](std::uint32_t at) const { return rows_[at].value; }
  [[nodiscard]] std::size_t size() const noexcept { return live_; }

private:
  struct row {
    T value;
    std::uint32_t holders = 0;
    std::uint32_t next_free = no_row;
  };

  std::vector<row> rows_;
  std::uint32_t free_ = no_row;
  std::size_t live_ = 0;
};

/// Many lists of row numbers in one pool: appending and joining two lists take constant time, and
/// none of them allocates by itself.
class row_lists {
public:
  struct list {
    std::uint32_t first = no_row;
    std::uint32_t last = no_row;

    [[nodiscard]] bool empty() const noexcept { return first == no_row; }
  };

  void append(list& to, std::uint32_t row) {
    const std::uint32_t made = take(row);
    if (to.empty())
      to.first = made;
    else
      links_[to.last].next = made;
    to.last = made;
  }
  /// Puts `from` behind `to`, and leaves it empty.
  void join(list& to, list& from) {
    if (from.empty()) return;
    if (to.empty())
      to.first = from.first;
    else
      links_[to.last].next = from.first;
    to.last = from.last;
    from = {};
  }
  /// Calls `f(row)` for each row.
  template <class F>
  void each(const list& of, F f) const {
    for (std::uint32_t at = of.first; at != no_row; at = links_[at].next) f(links_[at].row);
  }
  /// Empties a list.
  void clear(list& of) {
    if (of.empty()) return;
    links_[of.last].next = free_;
    free_ = of.first;
    of = {};
  }

  /// Calls for a list's ends ahead of their use; changes nothing.
  void fetch(const list& of) const {
    if (of.empty()) return;
    prefetch_line(&links_[of.first]);
    if (of.last != of.first) prefetch_line(&links_[of.last]);
  }

  // A place in a list is that of a link.
  [[nodiscard]] std::uint32_t row_at(std::uint32_t place) const { return links_[place].row; }
  [[nodiscard]] std::uint32_t after(std::uint32_t place) const { return links_[place].next; }

private:
  struct link {
    std::uint32_t row;
    std::uint32_t next;
  };

  std::uint32_t take(std::uint32_t row) {
    if (free_ == no_row) {
      links_.push_back({row, no_row});
      return static_cast<std::uint32_t>(links_.size() - 1);
    }
    const std::uint32_t at = free_;
    free_ = links_[at].next;
    links_[at] = {row, no_row};
    return at;
  }

  std::vector<link> links_;
  std::uint32_t free_ = no_row;
};

}  // namespace weir::operators

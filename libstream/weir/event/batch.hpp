// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// `push_back` whose rare path doesn't see the value: one whose address is taken is built in memory
/// and copied, which costs more than all else that is done with a small event.
template <class Column, class V>
[[gnu::always_inline]] inline void append_value(Column& column, V&& value) {
  if (column.size() == column.capacity()) [[unlikely]]
    column.reserve(column.empty() ? 16 : 2 * column.size());
  if (column.size() == column.capacity()) __builtin_unreachable();
  column.push_back(std::forward<V>(value));
}

/// Events of one type with their timestamps, as two columns of equal length.
template <class T>
struct batch {
  static_assert(!std::is_same_v<T, bool>,
                "weir: a stream of bool cannot be batched; use an enum or a struct");
  static_assert(std::is_copy_constructible_v<T>,
                "weir: an event must be copyable, since a stream may have several consumers");

  std::vector<T> values;
  std::vector<timestamp> times;

  [[nodiscard]] std::size_t size() const noexcept { return values.size(); }
  [[nodiscard]] bool empty() const noexcept { return values.empty(); }

  /// Empties both columns and keeps their memory.
  void clear() noexcept {
    values.clear();
    times.clear();
  }

  void reserve(std::size_t n) {
    values.reserve(n);
    times.reserve(n);
  }

  template <class V>
  void push(V&& value, timestamp at) {
    append_value(values, std::forward<V>(value));
    append_value(times, at);
  }

  void pop() {
    values.pop_back();
    times.pop_back();
  }
};

}  // namespace weir

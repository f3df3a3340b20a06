// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

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
    values.push_back(std::forward<V>(value));
    times.push_back(at);
  }

  void pop() {
    values.pop_back();
    times.pop_back();
  }
};

}  // namespace weir

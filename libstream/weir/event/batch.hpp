// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// The allocator of a batch's columns. It makes room for plain values without writing zeros there
/// first, which would cost as much as the values themselves.
template <class T>
struct column_allocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = column_allocator<U>;
  };
  column_allocator() = default;
  template <class U>
  column_allocator(const column_allocator<U>&) noexcept {}

  template <class U>
  void construct([[maybe_unused]] U* at) noexcept(std::is_nothrow_default_constructible_v<U>) {
    if constexpr (!std::is_trivially_copyable_v<U>) ::new (static_cast<void*>(at)) U();
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

/// A column of a batch: a vector, but for what `resize(n)` and `emplace_back()` add, which of a
/// plain (trivially copyable) type has no value until one is assigned; `resize(n, T{})` and
/// `emplace_back(T{})` give one.
template <class T>
using column = std::vector<T, column_allocator<T>>;

template <class T>
[[nodiscard]] bool operator==(const column<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

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

  column<T> values;
  column<timestamp> times;

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

/// Appends plain events to a batch without looking at its size at each: room is made for a number
/// of them first, and what was not used is given back in the end. As a local variable it stays in
/// registers.
template <class T>
class batch_writer {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  /// Makes room for `n` events behind those that `to` has. `finish` has to follow.
  batch_writer(batch<T>& to, std::size_t n) {
    const std::size_t size = to.size();
    to.values.resize(size + n);
    to.times.resize(size + n);
    value_ = to.values.data() + size;
    time_ = to.times.data() + size;
  }

  /// At most as often as there is room for.
  template <class V>
  void push(V&& value, timestamp at) {
    std::construct_at(value_++, std::forward<V>(value));
    *time_++ = at;
  }

  /// Cuts `to` behind what was written.
  void finish(batch<T>& to) const {
    const auto size = static_cast<std::size_t>(time_ - to.times.data());
    to.values.resize(size);
    to.times.resize(size);
  }

private:
  T* value_;
  timestamp* time_;
};

}  // namespace weir

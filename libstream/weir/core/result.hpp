// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

namespace weir {

/// A value or the reason why there is none. The part of C++23's `std::expected` that this library
/// needs.
template <class T = void>
class [[nodiscard]] result {
public:
  using value_type = T;

  result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  result(weir::error why) : held_(std::in_place_index<1>, std::move(why)) {}

  [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// @pre `has_value()`
  T& operator*() & { return value_checked(); }
  const T& operator*() const& { return const_cast<result*>(this)->value_checked(); }
  T&& operator*() && { return std::move(value_checked()); }
  T* operator->() { return &value_checked(); }
  const T* operator->() const { return &const_cast<result*>(this)->value_checked(); }

  /// Returns the value; throws `weir::exception` if there is none.
  T& value() & {
    if (!has_value()) throw exception(std::get<1>(held_));
    return std::get<0>(held_);
  }
  T&& value() && { return std::move(value()); }

  /// @pre `!has_value()`
  [[nodiscard]] const weir::error& error() const {
    assert(!has_value());
    return std::get<1>(held_);
  }

private:
  T& value_checked() {
    assert(has_value());
    return *std::get_if<0>(&held_);
  }

  std::variant<T, weir::error> held_;
};

template <>
class [[nodiscard]] result<void> {
public:
  using value_type = void;

  result() = default;
  result(weir::error why) : why_(std::in_place_index<1>, std::move(why)) {}

  [[nodiscard]] bool has_value() const noexcept { return why_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Throws `weir::exception` if this is a failure.
  void value() const {
    if (!has_value()) throw exception(std::get<1>(why_));
  }

  /// @pre `!has_value()`
  [[nodiscard]] const weir::error& error() const {
    assert(!has_value());
    return std::get<1>(why_);
  }

private:
  std::variant<std::monostate, weir::error> why_;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

/// How aggregates take values from events.
namespace weir::detail {

template <class T>
struct unwrapped {
  using type = T;
};
template <class T>
struct unwrapped<std::optional<T>> {
  using type = T;
};

/// The value that a function takes from an event; an absent optional is left out of every
/// aggregate.
template <class F, class T>
using taken = typename unwrapped<std::decay_t<std::invoke_result_t<const F&, const T&>>>::type;

template <class F, class T, class Use>
void with_value(const F& f, const T& event, Use use) {
  auto&& value = std::invoke(f, event);
  if constexpr (requires { value.has_value(); }) {
    if (value.has_value()) use(*value);
  } else {
    use(value);
  }
}

template <class V>
[[nodiscard]] constexpr bool is_nan(const V& v) noexcept {
  if constexpr (std::floating_point<V>)
    return v != v;
  else
    return false;
}

/// As `with_value`, for aggregates that put values in an order: NaN has no place in one, and is
/// left out as an absent value is.
template <class F, class T, class Use>
void with_ordered_value(const F& f, const T& event, Use use) {
  with_value(f, event, [&](const auto& v) {
    if (!is_nan(v)) use(v);
  });
}

}  // namespace weir::detail

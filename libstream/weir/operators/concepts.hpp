// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <concepts>
#include <functional>
#include <ranges>
#include <type_traits>

namespace weir {

// Functions of a stateless operator are called as const: state that they hid would be lost in a
// restart.

/// A function, or a member pointer, that maps an event of type `T` to a value.
template <class F, class T>
concept mapper =
    std::invocable<const F&, const T&> && !std::is_void_v<std::invoke_result_t<const F&, const T&>>;

/// A function that says of an event of type `T` whether it stays.
template <class F, class T>
concept predicate_on = std::predicate<const F&, const T&>;

/// A function that maps an event of type `T` to a range of values.
template <class F, class T>
concept range_mapper =
    mapper<F, T> && std::ranges::input_range<std::invoke_result_t<const F&, const T&>>;

/// A function that takes an event of type `T` and a function to emit values of type `Out` with.
template <class F, class T, class Out>
concept flat_mapper = std::invocable<const F&, const T&, void (*)(Out)>;

/// A function, or a member pointer, that gives an event's timestamp, at any precision.
template <class F, class T>
concept timestamp_of =
    mapper<F, T> && std::convertible_to<std::invoke_result_t<const F&, const T&>, timestamp>;

/// What a mapper gives, as a value.
template <class F, class T>
using mapped = std::decay_t<std::invoke_result_t<const F&, const T&>>;

}  // namespace weir

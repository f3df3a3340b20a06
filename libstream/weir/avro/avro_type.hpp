// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/text_form.hpp"

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <ratio>
#include <string_view>
#include <variant>

namespace weir::avro {

/// What a type's description leaves open. To be specialised, with any of these:
///
///     template <>
///     struct weir::avro::traits<order> {
///       static constexpr std::string_view name = "com.shop.Order";  // else the type's own
///       static constexpr std::array defaults{std::string_view{"currency"}};
///       static constexpr std::array aliases{std::pair{std::string_view{"shop"},
///                                                     std::string_view{"store"}}};
///     };
///
/// Members in `defaults` may be missing in what is read, and then have the value that they have in
/// an `order{}`; optionals may be missing anyway. A member with an alias is read from a field of
/// that name where there is none of its own.
template <class T>
struct traits {};

/// What a whole number says about time (Avro's logical types).
enum class time_unit : std::uint8_t { none, days, millis, micros, nanos };

namespace detail {

using namespace weir::detail;

template <class T>
concept has_name = requires {
  { traits<T>::name } -> std::convertible_to<std::string_view>;
};
template <class T>
concept has_defaults = requires {
  traits<T>::defaults.size();
};
template <class T>
concept has_aliases = requires {
  traits<T>::aliases.size();
};

template <class T>
constexpr bool may_miss(std::string_view member) {
  if constexpr (has_defaults<T>)
    for (const std::string_view name : traits<T>::defaults)
      if (name == member) return true;
  return false;
}
template <class T>
constexpr std::string_view alias_of(std::string_view member) {
  if constexpr (has_aliases<T>)
    for (const auto& [name, other] : traits<T>::aliases)
      if (name == member) return other;
  return {};
}

template <class T>
consteval bool is_avro() {
  if constexpr (has_codec<T> || std::same_as<T, std::monostate>) {
    return true;
  } else if constexpr (tuple_type<T>) {
    return false;
  } else if constexpr (!composite<T>) {
    return true;
  } else if constexpr (optional_type<T>) {
    using held = typename T::value_type;
    return !optional_type<held> && !variant_type<held> && !std::same_as<held, std::monostate> &&
           is_avro<held>();
  } else if constexpr (map_type<T>) {
    return std::same_as<typename T::key_type, std::string> && is_avro<typename T::mapped_type>();
  } else if constexpr (variant_type<T>) {
    return !any_part<T>(
        []<class P> { return optional_type<P> || variant_type<P> || !is_avro<P>(); });
  } else {
    return !any_part<T>([]<class P> { return !is_avro<P>(); });
  }
}

/// An integer that Avro calls int; else it is a long.
template <integer T>
inline constexpr bool fits_int = sizeof(T) < 4 || (sizeof(T) == 4 && std::is_signed_v<T>);

/// The logical type that a time point is written as, and how many of its units one of ours is.
struct time_form {
  time_unit unit = time_unit::none;
  std::int64_t factor = 1;
};

template <class T>
consteval time_form time_form_of() {
  if constexpr (calendar_time<T>) {
    using period = typename T::period;
    using days = std::ratio_divide<period, std::chrono::days::period>;
    using millis = std::ratio_divide<period, std::milli>;
    using micros = std::ratio_divide<period, std::micro>;
    if constexpr (std::ratio_equal_v<period, std::nano>) return {time_unit::nanos, 1};
    if constexpr (days::den == 1) return {time_unit::days, days::num};
    if constexpr (millis::den == 1) return {time_unit::millis, millis::num};
    if constexpr (micros::den == 1) return {time_unit::micros, micros::num};
  }
  return {};
}

}  // namespace detail

/// A type with an Avro form: as `encodable`, but no pairs and tuples, no map whose keys aren't
/// std::string, and no optional or variant directly within another.
template <class T>
concept avro_type = encodable<T> && detail::is_avro<T>();

}  // namespace weir::avro

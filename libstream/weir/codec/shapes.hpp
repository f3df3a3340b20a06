// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/describe.hpp"
#include "weir/core/bytes.hpp"
#include "weir/event/text_ref.hpp"

#include <boost/mp11/list.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

/// The shapes of type that every codec tells apart.
namespace weir::detail {

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <template <class...> class Template, class... A>
inline constexpr bool is_a<Template<A...>, Template> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_time_point = false;
template <class Clock, class D>
inline constexpr bool is_time_point<std::chrono::time_point<Clock, D>> = true;

template <class T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !std::is_const_v<T> &&
                  !std::is_volatile_v<T> && sizeof(T) <= 8;
template <class T>
concept floating = std::same_as<T, float> || std::same_as<T, double>;
template <class T>
concept number = integer<T> || floating<T>;
template <class T>
concept enumeration = std::is_enum_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T>;
template <class T>
concept text = std::same_as<T, std::string> || std::same_as<T, text_ref>;
template <class T>
concept blob = std::same_as<T, bytes>;
template <class T>
concept span_of_time = is_duration<T> && number<typename T::rep>;
template <class T>
concept point_in_time = is_time_point<T> && number<typename T::rep>;

template <class T>
concept optional_type = is_a<T, std::optional>;
template <class T>
concept list_type = is_a<T, std::vector> && !blob<T>;  // whatever its allocator
template <class T>
concept array_type = is_std_array<T>;
template <class T>
concept tuple_type = is_a<T, std::pair> || is_a<T, std::tuple>;
template <class T>
concept unordered_type = is_a<T, std::unordered_map>;
template <class T>
concept map_type = is_a<T, std::map> || unordered_type<T>;
template <class T>
concept variant_type = is_a<T, std::variant> &&(std::variant_size_v<T> <= 255);

template <class T>
concept block = text<T> || blob<T>;
template <class T>
concept fixed_type = array_type<T> || tuple_type<T>;
template <class T>
concept holds_one_type = optional_type<T> || list_type<T> || array_type<T>;
template <class T>
concept holds_several_types = tuple_type<T> || variant_type<T>;

/// Types whose binary form is the bytes of one number.
template <class T>
concept scalar = number<T> || enumeration<T> || span_of_time<T> || point_in_time<T>;
template <class T>
concept leaf = std::same_as<T, bool> || scalar<T> || block<T> || std::same_as<T, std::monostate>;
template <class T>
concept composite = optional_type<T> || list_type<T> || array_type<T> || tuple_type<T> ||
    map_type<T> || variant_type<T> || described<T>;

template <class T>
struct parts {};
template <holds_one_type T>
struct parts<T> {
  using type = boost::mp11::mp_list<typename T::value_type>;
};
template <holds_several_types T>
struct parts<T> {
  using type = boost::mp11::mp_rename<T, boost::mp11::mp_list>;
};
template <map_type T>
struct parts<T> {
  using type = boost::mp11::mp_list<typename T::key_type, typename T::mapped_type>;
};
template <described T>
struct parts<T> {
  using type = boost::mp11::mp_transform<member_type, members_of<T>>;
};

/// The types a composite type is made of.
template <composite T>
using parts_of = typename parts<T>::type;

/// Calls `f.template operator()<P>()` for the parts of `T` until one answers true.
template <composite T, class F>
constexpr bool any_part(F f) {
  return [&]<template <class...> class List, class... P>(std::type_identity<List<P...>>) {
    return (f.template operator()<P>() || ...);
  }(std::type_identity<parts_of<T>>{});
}

/// The number that a scalar is written as.
template <scalar T>
constexpr auto number_of(T x) noexcept {
  if constexpr (enumeration<T>)
    return static_cast<std::underlying_type_t<T>>(x);
  else if constexpr (span_of_time<T>)
    return x.count();
  else if constexpr (point_in_time<T>)
    return x.time_since_epoch().count();
  else
    return x;
}

template <scalar T>
using number_type = decltype(number_of(std::declval<T>()));

/// The scalar that is written as `n`.
template <scalar T>
constexpr T scalar_of(number_type<T> n) noexcept {
  if constexpr (point_in_time<T>)
    return T{typename T::duration{n}};
  else if constexpr (span_of_time<T>)
    return T{n};
  else
    return static_cast<T>(n);
}

}  // namespace weir::detail

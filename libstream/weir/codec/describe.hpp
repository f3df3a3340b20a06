// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace weir {

namespace detail {

template <class T, unsigned Modifiers>
inline constexpr std::size_t count_members = boost::mp11::mp_size<
    boost::describe::describe_members<T, Modifiers | boost::describe::mod_inherited>>::value;

/// True if no described member of `T` or its bases is private, protected or hidden by another.
template <class T>
inline constexpr bool all_members_visible =
    count_members<T, boost::describe::mod_any_access | boost::describe::mod_hidden> ==
    count_members<T, boost::describe::mod_public>;

}  // namespace detail

/// A class with a BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_CLASS that lists public members only, and
/// so do those of its bases. (A described member that can't be named from outside would be lost on
/// the way, so such a class needs its own `codec`.)
template <class T>
concept described = std::is_class_v<T> && boost::describe::has_describe_members<T>::value &&
    detail::all_members_visible<T>;

/// An enumeration with a BOOST_DESCRIBE_ENUM.
template <class E>
concept described_enum = std::is_enum_v<E> && boost::describe::has_describe_enumerators<E>::value;

/// The descriptors of all public members of `T`, those of its described bases first. A descriptor
/// `D` has `D::name` and `D::pointer`.
template <described T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public |
                                                            boost::describe::mod_inherited>;

/// The number of `members_of<T>`.
template <described T>
inline constexpr std::size_t member_count = boost::mp11::mp_size<members_of<T>>::value;

namespace detail {

template <class Pointer>
struct member_type_of;
template <class M, class C>
struct member_type_of<M C::*> {
  using type = M;
};

}  // namespace detail

/// The declared type of the member that descriptor `D` names.
template <class D>
using member_type = typename detail::member_type_of<std::remove_cv_t<decltype(D::pointer)>>::type;

/// Calls `f(D{})` for each member descriptor of `T` in order, for as long as it answers true.
/// Returns whether all did.
template <described T, class F>
constexpr bool all_members(F&& f) {
  return [&]<template <class...> class List, class... D>(List<D...>) {
    return (f(D{}) && ...);
  }(members_of<T>{});
}

/// Calls `f(D{})` for each member descriptor of `T` in order.
template <described T, class F>
constexpr void for_each_member(F&& f) {
  [&]<template <class...> class List, class... D>(List<D...>) { (f(D{}), ...); }(members_of<T>{});
}

/// An enumerator and its name.
template <class E>
struct enum_name {
  E value;
  std::string_view name;
};

/// The enumerators of `E` in the order of their description.
template <described_enum E>
inline constexpr auto enum_names = []<template <class...> class List, class... D>(List<D...>) {
  return std::array<enum_name<E>, sizeof...(D)>{enum_name<E>{D::value, D::name}...};
}(boost::describe::describe_enumerators<E>{});

/// Returns the name of `value`, or an empty text if it has none. Linear in the enumerators.
template <described_enum E>
[[nodiscard]] constexpr std::string_view name_of(E value) noexcept {
  for (const auto& known : enum_names<E>)
    if (known.value == value) return known.name;
  return {};
}

/// Finds the enumerator called `name`; answers false and leaves `out` alone if there is none.
template <described_enum E>
[[nodiscard]] constexpr bool value_of(std::string_view name, E& out) noexcept {
  for (const auto& known : enum_names<E>) {
    if (known.name != name) continue;
    out = known.value;
    return true;
  }
  return false;
}

}  // namespace weir

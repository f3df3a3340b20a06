// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"

#include <cstddef>
#include <string>

namespace weir {

namespace detail {

template <class T>
consteval bool holds_heap() {
  if constexpr (std::same_as<T, text_ref>)
    return false;
  else if constexpr (has_codec<T> || text<T> || blob<T> || list_type<T> || map_type<T>)
    return true;
  else if constexpr (composite<T>)
    return any_part<T>([]<class P> { return holds_heap<P>(); });
  else
    return false;
}

/// What a node of libstdc++'s maps holds beside the pair.
template <map_type T>
inline constexpr std::size_t node_overhead = (unordered_type<T> ? 3 : 4) * sizeof(void*);

}  // namespace detail

/// False if values of `T` never hold memory beyond `sizeof(T)`, so that measuring can be skipped.
template <encodable T>
inline constexpr bool has_dynamic_size = detail::holds_heap<T>();

/// Returns the heap bytes that `x` holds beyond `sizeof(T)`: by contents, not by capacity, so that
/// equal values measure the same; 0 for a string that needs no allocation. Linear in the elements
/// that hold memory themselves; constant for a vector of plain ones.
template <encodable T>
[[nodiscard]] std::size_t dynamic_size(const T& x) {
  std::size_t sum = 0;
  if constexpr (!has_dynamic_size<T>) {
    return 0;
  } else if constexpr (has_codec<T>) {
    return codec<T>::dynamic_size(x);
  } else if constexpr (detail::text<T>) {
    constexpr std::size_t inside = 15;  // libstdc++ keeps this many characters in the object
    return x.size() > inside ? x.size() + 1 : 0;
  } else if constexpr (detail::blob<T>) {
    return x.size();
  } else if constexpr (detail::optional_type<T>) {
    return x ? dynamic_size(*x) : 0;
  } else if constexpr (detail::list_type<T>) {
    using element = typename T::value_type;
    sum = std::same_as<element, bool> ? (x.size() + 7) / 8 : x.size() * sizeof(element);
    if constexpr (has_dynamic_size<element>)
      for (const element& e : x) sum += dynamic_size(e);
  } else if constexpr (detail::array_type<T>) {
    for (const auto& e : x) sum += dynamic_size(e);
  } else if constexpr (detail::tuple_type<T>) {
    std::apply([&](const auto&... e) { ((sum += dynamic_size(e)), ...); }, x);
  } else if constexpr (detail::map_type<T>) {
    sum = x.size() * (sizeof(typename T::value_type) + detail::node_overhead<T>);
    if constexpr (has_dynamic_size<typename T::key_type> ||
                  has_dynamic_size<typename T::mapped_type>)
      for (const auto& [key, value] : x) sum += dynamic_size(key) + dynamic_size(value);
  } else if constexpr (detail::variant_type<T>) {
    if (!x.valueless_by_exception())
      sum = std::visit([](const auto& held) { return dynamic_size(held); }, x);
  } else {
    for_each_member<T>([&](auto d) { sum += dynamic_size(x.*d.pointer); });
  }
  return sum;
}

}  // namespace weir

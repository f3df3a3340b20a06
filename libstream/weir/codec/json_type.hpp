// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"

namespace weir {

namespace detail {

template <class T>
consteval bool is_json() {
  if constexpr (has_codec<T>) {
    return true;
  } else if constexpr (variant_type<T> || std::same_as<T, std::monostate>) {
    return false;
  } else if constexpr (!composite<T>) {
    return true;
  } else if constexpr (optional_type<T>) {
    return !optional_type<typename T::value_type> && is_json<typename T::value_type>();
  } else if constexpr (map_type<T>) {
    return std::same_as<typename T::key_type, std::string> && is_json<typename T::mapped_type>();
  } else {
    return !any_part<T>([]<class P> { return !is_json<P>(); });
  }
}

}  // namespace detail

/// An encodable type that JSON can say without guessing: no variants, no optional of an optional,
/// and maps have std::string keys.
template <class T>
concept json_type = encodable<T> && detail::is_json<T>();

}  // namespace weir

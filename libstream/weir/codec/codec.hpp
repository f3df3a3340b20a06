// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/schema_tree.hpp"
#include "weir/codec/shapes.hpp"
#include "weir/core/bytes.hpp"

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// Tells how a type that can't be described is written: a specialisation makes it encodable and
/// goes before every other rule. It must stand before the first use of the type with this library.
///
///     template <>
///     struct weir::codec<foreign> {
///       static void encode(const foreign& x, bytes& out);
///       static bool decode(byte_reader& in, foreign& x);
///       static std::size_t dynamic_size(const foreign& x);
///       static schema describe();
///       static void write_text(const foreign& x, std::string& out);
///       static bool read_text(std::string_view text, foreign& x);
///     };
///
/// - `encode` appends at least one byte; equal keys must give equal bytes;
/// - `decode` answers false if the bytes hold no such value; `x` may have been used before, and
///   nothing of that may stay;
/// - `dynamic_size` returns the heap bytes beyond `sizeof(foreign)`;
/// - `describe` returns kind custom and a name that changes with the format;
/// - `write_text`, which appends, and `read_text` may be left out: JSON and CSV then take the bytes
///   in base64.
template <class T>
struct codec;

/// A type for which `codec` is specialised completely.
template <class T>
concept has_codec = requires(const T& from, T& to, bytes& out, byte_reader& in) {
  codec<T>::encode(from, out);
  { codec<T>::decode(in, to) } -> std::convertible_to<bool>;
  { codec<T>::dynamic_size(from) } -> std::convertible_to<std::size_t>;
  { codec<T>::describe() } -> std::convertible_to<schema>;
};

/// A type whose `codec` offers a text form, too.
template <class T>
concept has_text_codec = has_codec<T> && requires(const T& from, T& to, std::string& out) {
  codec<T>::write_text(from, out);
  { codec<T>::read_text(std::string_view{}, to) } -> std::convertible_to<bool>;
};

namespace detail {

/// Returns the fewest bytes that a `T` is written as.
template <class T>
consteval std::size_t min_size() {
  if constexpr (has_codec<T> || std::same_as<T, bool> || optional_type<T> || variant_type<T>) {
    return 1;
  } else if constexpr (scalar<T>) {
    return sizeof(number_type<T>);
  } else if constexpr (block<T> || list_type<T> || map_type<T>) {
    return sizeof(std::uint32_t);
  } else if constexpr (array_type<T>) {
    return std::tuple_size_v<T> * min_size<typename T::value_type>();
  } else if constexpr (composite<T>) {
    std::size_t sum = 0;
    any_part<T>([&]<class P> {
      sum += min_size<P>();
      return false;
    });
    return sum;
  } else {
    return 0;
  }
}

template <class T, class... Open>
consteval bool is_encodable() {
  if constexpr (has_codec<T> || leaf<T>) {
    return true;
  } else if constexpr (!composite<T> || (std::same_as<T, Open> || ...)) {
    return false;  // unknown, or a type that holds itself
  } else if constexpr (any_part<T>([]<class P> { return !is_encodable<P, Open..., T>(); })) {
    return false;
  } else if constexpr (list_type<T>) {
    return min_size<typename T::value_type>() > 0;
  } else if constexpr (map_type<T>) {
    return min_size<typename T::key_type>() + min_size<typename T::mapped_type>() > 0;
  } else {
    return true;
  }
}

}  // namespace detail

/// A type that can be sent to another process and kept in a snapshot: bool, integers, float,
/// double, enumerations, std::string, `text_ref`, `bytes`, durations and time points,
/// std::optional, vector, array, pair, tuple, map, unordered_map, variant and monostate, described
/// classes, types with a `codec`, and any nesting of these. Not: views and pointers, long double, a
/// type that holds itself, a vector of elements without content, and what can't be
/// default-constructed and moved.
template <class T>
concept encodable = std::default_initializable<T> && std::movable<T> && detail::is_encodable<T>();

}  // namespace weir

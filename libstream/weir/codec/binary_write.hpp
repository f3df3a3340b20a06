// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"
#include "weir/core/error.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

/// The one walk over a value that encoding, measuring and hashing share; they differ in the sink.
namespace weir::detail {

static_assert(std::endian::native == std::endian::little,
              "the binary form copies numbers as they lie in memory, which must be little-endian");

/// True if each value of `T` is written as `min_size<T>()` bytes.
template <class T>
consteval bool is_fixed() {
  if constexpr (has_codec<T> || block<T> || optional_type<T> || list_type<T> || map_type<T> ||
                variant_type<T>)
    return false;
  else if constexpr (composite<T>)
    return !any_part<T>([]<class P> { return !is_fixed<P>(); });
  else
    return true;
}

/// True if a part of `T`, however deep, is written by a user's codec.
template <class T>
consteval bool holds_codec() {
  if constexpr (has_codec<T>)
    return true;
  else if constexpr (composite<T>)
    return any_part<T>([]<class P> { return holds_codec<P>(); });
  else
    return false;
}

/// Adds up the size.
struct size_sink {
  static constexpr bool canonical = false;
  std::size_t size = 0;

  void put(const void*, std::size_t n) noexcept { size += n; }
};

/// Writes to memory that is known to suffice.
template <bool Canonical>
struct memory_sink {
  static constexpr bool canonical = Canonical;
  std::byte* to;

  void put(const void* from, std::size_t n) noexcept {
    if (n != 0) std::memcpy(to, from, n);
    to += n;
  }
};

/// Appends; the only sink that a user's codec can write to.
template <bool Canonical>
struct append_sink {
  static constexpr bool canonical = Canonical;
  bytes& out;

  void put(const void* from, std::size_t n) { append(out, from, n); }
};

template <floating F>
F canonical_float(F x) {
  if (std::isnan(x))
    throw exception({errc::invalid_argument,
                     "a key holds NaN, which equals nothing, so it belongs to no key group"});
  return x == F{0} ? F{0} : x;
}

template <class Sink>
void write_length(std::size_t n, Sink& sink) {
  if (n > std::numeric_limits<std::uint32_t>::max())
    throw exception(
        {errc::invalid_argument, "a string or container of " + std::to_string(n) +
                                     " elements can't be encoded; the limit is 4294967295"});
  const auto length = static_cast<std::uint32_t>(n);
  sink.put(&length, sizeof length);
}

template <class T, class Sink>
void write(const T& x, Sink& sink);

template <list_type T, class Sink>
void write_list(const T& x, Sink& sink) {
  using element = typename T::value_type;
  constexpr bool plain = number<element> && !(floating<element> && Sink::canonical);
  write_length(x.size(), sink);
  if constexpr (std::same_as<Sink, size_sink> && is_fixed<element>()) {
    sink.put(nullptr, x.size() * min_size<element>());
  } else if constexpr (plain) {
    sink.put(x.data(), x.size() * sizeof(element));
  } else {
    for (const element& e : x) write(e, sink);
  }
}

template <variant_type T, class Sink>
void write_variant(const T& x, Sink& sink) {
  if (x.valueless_by_exception())
    throw exception({errc::invalid_argument, "a variant without a value can't be encoded"});
  const auto index = static_cast<std::uint8_t>(x.index());
  sink.put(&index, 1);
  std::visit([&](const auto& held) { write(held, sink); }, x);
}

template <class T, class Sink>
void write(const T& x, Sink& sink) {
  if constexpr (has_codec<T>) {
    codec<T>::encode(x, sink.out);
  } else if constexpr (std::same_as<T, bool>) {
    const auto b = static_cast<std::uint8_t>(x);
    sink.put(&b, 1);
  } else if constexpr (scalar<T>) {
    auto n = number_of(x);
    if constexpr (Sink::canonical && floating<decltype(n)>) n = canonical_float(n);
    sink.put(&n, sizeof n);
  } else if constexpr (block<T>) {
    write_length(x.size(), sink);
    sink.put(x.data(), x.size());
  } else if constexpr (optional_type<T>) {
    write(x.has_value(), sink);
    if (x) write(*x, sink);
  } else if constexpr (list_type<T>) {
    write_list(x, sink);
  } else if constexpr (array_type<T>) {
    for (const auto& e : x) write(e, sink);
  } else if constexpr (tuple_type<T>) {
    std::apply([&](const auto&... e) { (write(e, sink), ...); }, x);
  } else if constexpr (map_type<T>) {
    write_length(x.size(), sink);
    for (const auto& [key, value] : x) {
      write(key, sink);
      write(value, sink);
    }
  } else if constexpr (variant_type<T>) {
    write_variant(x, sink);
  } else if constexpr (described<T>) {
    for_each_member<T>([&](auto d) { write(x.*d.pointer, sink); });
  }
}

/// Returns the size that `x` is written as. Not for types that hold a user's codec.
template <class T>
std::size_t size_of(const T& x) {
  if constexpr (is_fixed<T>()) {
    return min_size<T>();
  } else {
    size_sink sink;
    write(x, sink);
    return sink.size;
  }
}

}  // namespace weir::detail

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary_write.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

/// The walk that decodes. Every function answers false where the bytes end early or hold a value
/// that encoding never writes; the target is then left valid but unspecified.
namespace weir::detail {

/// Reads with a check of each access.
struct checked_source {
  byte_reader& in;

  bool get(void* to, std::size_t n) noexcept { return in.read(to, n); }
};

/// Reads memory whose size was checked before.
struct memory_source {
  const std::byte* from;

  bool get(void* to, std::size_t n) noexcept {
    std::memcpy(to, from, n);
    from += n;
    return true;
  }
};

template <class T, class Source>
bool read(Source& source, T& x);

/// Reads a length and checks that `least` bytes for each element are there, so that no claim in
/// the input makes us allocate more than the input justifies.
inline bool read_length(checked_source& source, std::size_t least, std::size_t& n) {
  std::uint32_t length = 0;
  if (!source.get(&length, sizeof length) || length > source.in.remaining() / least) return false;
  n = length;
  return true;
}

template <block T>
bool read_block(checked_source& source, T& x) {
  std::size_t n = 0;
  std::span<const std::byte> data;
  if (!read_length(source, 1, n) || !source.in.view(n, data)) return false;
  if constexpr (std::same_as<T, text_ref>)
    return x.try_assign(as_text(data));
  else if constexpr (text<T>)
    x.assign(as_text(data));
  else
    x.assign(data.begin(), data.end());
  return true;
}

template <list_type T>
bool read_list(checked_source& source, T& x) {
  using element = typename T::value_type;
  std::size_t n = 0;
  if (!read_length(source, min_size<element>(), n)) return false;
  if constexpr (std::same_as<element, bool>) {
    x.clear();
    for (std::size_t i = 0; i < n; ++i) {
      bool b = false;
      if (!read(source, b)) return false;
      x.push_back(b);
    }
    return true;
  } else {
    if constexpr (std::is_trivially_copyable_v<element> && !number<element>)
      x.resize(n, element{});  // a batch's column would leave out what the codec leaves out
    else
      x.resize(n);
    if constexpr (number<element>) {
      return source.get(x.data(), n * sizeof(element));
    } else {
      for (element& e : x)
        if (!read(source, e)) return false;
      return true;
    }
  }
}

template <map_type T>
bool read_map(checked_source& source, T& x) {
  constexpr auto least = min_size<typename T::key_type>() + min_size<typename T::mapped_type>();
  std::size_t n = 0;
  x.clear();
  if (!read_length(source, least, n)) return false;
  if constexpr (unordered_type<T>) x.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    typename T::key_type key{};
    typename T::mapped_type value{};
    if (!read(source, key) || !read(source, value)) return false;
    if (!x.emplace(std::move(key), std::move(value)).second) return false;
  }
  return true;
}

template <variant_type T>
bool read_variant(checked_source& source, T& x) {
  std::uint8_t index = 0;
  if (!source.get(&index, 1)) return false;
  const auto read_at = [&]<std::size_t... I>(std::index_sequence<I...>) {
    return ((index == I && read(source, x.template emplace<I>())) || ...);
  };
  return read_at(std::make_index_sequence<std::variant_size_v<T>>{});
}

template <class Source>
bool read_bool(Source& source, bool& x) {
  std::uint8_t b = 0;
  if (!source.get(&b, 1) || b > 1) return false;
  x = b != 0;
  return true;
}

template <optional_type T>
bool read_optional(checked_source& source, T& x) {
  bool present = false;
  if (!read_bool(source, present)) return false;
  if (!present) {
    x.reset();
    return true;
  }
  return read(source, x ? *x : x.emplace());
}

/// Reads the parts of a type that has a fixed number of them.
template <class T, class Source>
bool read_parts(Source& source, T& x) {
  if constexpr (array_type<T>) {
    for (auto& e : x)
      if (!read(source, e)) return false;
    return true;
  } else if constexpr (tuple_type<T>) {
    return std::apply([&](auto&... e) { return (read(source, e) && ...); }, x);
  } else {
    return all_members<T>([&](auto d) { return read(source, x.*d.pointer); });
  }
}

template <class T, class Source>
bool read(Source& source, T& x) {
  if constexpr (has_codec<T>) {
    return codec<T>::decode(source.in, x);
  } else if constexpr (std::same_as<T, bool>) {
    return read_bool(source, x);
  } else if constexpr (scalar<T>) {
    number_type<T> n{};
    if (!source.get(&n, sizeof n)) return false;
    x = scalar_of<T>(n);
    return true;
  } else if constexpr (std::same_as<T, std::monostate>) {
    return true;
  } else if constexpr (block<T>) {
    return read_block(source, x);
  } else if constexpr (optional_type<T>) {
    return read_optional(source, x);
  } else if constexpr (list_type<T>) {
    return read_list(source, x);
  } else if constexpr (map_type<T>) {
    return read_map(source, x);
  } else if constexpr (variant_type<T>) {
    return read_variant(source, x);
  } else if constexpr (is_fixed<T>() && std::same_as<Source, checked_source>) {
    std::span<const std::byte> data;
    if (!source.in.view(min_size<T>(), data)) return false;
    memory_source inner{data.data()};
    return read_parts(inner, x);
  } else {
    return read_parts(source, x);
  }
}

}  // namespace weir::detail

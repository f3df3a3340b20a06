// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary_write.hpp"
#include "weir/codec/codec.hpp"

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

namespace detail {

template <class T>
consteval bool is_key() {
  if constexpr (!std::equality_comparable<T> || unordered_type<T>)
    return false;
  else if constexpr (has_codec<T> || !composite<T>)
    return true;
  else
    return !any_part<T>([]<class P> { return !is_key<P>(); });
}

/// Keys up to this many bytes are written on the stack.
inline constexpr std::size_t key_buffer_size = 256;

template <class K>
std::uint64_t hash_by_parts(const K& key) {
  if constexpr (holds_codec<K>()) {
    bytes buffer;
    append_sink<true> sink{buffer};
    write(key, sink);
    return XXH3_64bits(buffer.data(), buffer.size());
  } else {
    const std::size_t size = size_of(key);
    std::array<std::byte, key_buffer_size> small;
    bytes large;
    std::byte* to = small.data();
    if (size > small.size()) {
      large.resize(size);
      to = large.data();
    }
    memory_sink<true> sink{to};
    write(key, sink);
    return XXH3_64bits(to, size);
  }
}

}  // namespace detail

/// A type that can be grouped by: encodable, and it and all its parts can be compared for equality.
/// Unordered maps can't, since equal ones may differ in order.
template <class K>
concept key_type = encodable<K> && detail::is_key<K>();

/// Returns the XXH3-64 hash of the characters: that of a std::string key with the same ones.
[[nodiscard]] inline std::uint64_t key_hash(std::string_view key) noexcept {
  return XXH3_64bits(key.data(), key.size());
}

/// Returns the XXH3-64 hash of the key's canonical bytes: the characters of a single string, else
/// what `encode` writes, with -0.0 as 0.0. It decides which instance owns a key, so it is the same
/// on every machine and in every version. Allocates only for a key of more than 256 bytes or with a
/// `codec` of its own. Throws `exception` with errc::invalid_argument if the key holds NaN.
template <key_type K>
[[nodiscard]] std::uint64_t key_hash(const K& key) {
  if constexpr (has_codec<K>) {
    return detail::hash_by_parts(key);
  } else if constexpr (detail::text<K>) {
    return key_hash(std::string_view{key});
  } else if constexpr (detail::scalar<K>) {
    auto n = detail::number_of(key);
    if constexpr (detail::floating<decltype(n)>) n = detail::canonical_float(n);
    return XXH3_64bits(&n, sizeof n);
  } else {
    return detail::hash_by_parts(key);
  }
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/key_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace weir {

namespace detail {

/// True if a key is some plain integers, so that equal keys are written as the same bytes.
template <class K>
consteval bool is_plain_key() {
  if constexpr (!is_fixed<K>() || holds_codec<K>())
    return false;
  else if constexpr (composite<K>)
    return !any_part<K>([]<class P> { return !is_plain_key<P>(); });
  else if constexpr (scalar<K>)
    return !floating<number_type<K>>;
  else
    return std::is_same_v<K, bool>;
}

__extension__ using wide_product = unsigned __int128;

/// Multiplies what is written into one number, eight bytes at most at a time: twice as long
/// products, folded (as in Wang Yi's wyhash).
struct folding_sink {
  static constexpr bool canonical = false;
  std::uint64_t hash = 0;

  [[gnu::always_inline]] void put(const void* from, std::size_t n) noexcept {
    std::uint64_t x = 0;
    std::memcpy(&x, from, n);
    const auto product = static_cast<wide_product>(hash ^ x) * 0x9E3779B97F4A7C15ULL;
    hash = static_cast<std::uint64_t>(product >> 64U) ^ static_cast<std::uint64_t>(product);
  }
};

}  // namespace detail

/// Returns the hash by which tables in memory find a key. Nobody else needs to know it, so keys of
/// plain integers get a cheaper one than `key_hash`, by which keys are dealt to instances.
template <class K>
[[nodiscard]] std::uint64_t table_hash(const K& key) {
  if constexpr (detail::is_plain_key<K>()) {
    detail::folding_sink sink;
    detail::write(key, sink);
    return sink.hash;
  } else {
    return key_hash(key);
  }
}

/// The half of it by which `slot_cells` finds a key: the one that, if it is `key_hash`, doesn't say
/// which instance has the key.
template <class K>
[[nodiscard]] std::uint32_t slot_hash(const K& key) {
  return static_cast<std::uint32_t>(table_hash(key));
}

}  // namespace weir

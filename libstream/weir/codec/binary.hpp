// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary_read.hpp"
#include "weir/codec/binary_write.hpp"
#include "weir/codec/codec.hpp"
#include "weir/codec/dynamic_size.hpp"

namespace weir {

/// Appends the binary form of `x`, which is what channels and snapshots carry:
///
/// - bool: one byte, 0 or 1; numbers: their bytes, lowest first; enumerations: their underlying
///   number; durations and time points: their count;
/// - strings, `bytes`, vectors, maps: a 32-bit count, then the elements (key, value, key, …);
/// - optional: one byte, 0 or 1, then the value if 1; variant: its index in a byte, then the value;
/// - arrays, pairs, tuples, described classes: their parts in order and nothing else.
///
/// Equal values have equal bytes except unordered maps and signed zeros. At most one growth of
/// `out`. Throws `exception` if a container has more than 2^32 - 1 elements or a variant no value.
template <encodable T>
void encode(const T& x, bytes& out) {
  if constexpr (detail::holds_codec<T>()) {
    detail::append_sink<false> sink{out};
    detail::write(x, sink);
  } else {
    const std::size_t before = out.size();
    out.resize(before + detail::size_of(x));
    detail::memory_sink<false> sink{out.data() + before};
    detail::write(x, sink);
  }
}

/// Reads one value in the form that `encode` writes and leaves `in` behind it. Answers false if the
/// bytes end early, a bool or optional is neither 0 nor 1, a variant has no such alternative or a
/// map repeats a key; `x` is then valid but unspecified, and so is the position of `in`. Reuses the
/// memory that `x` holds. Never allocates more elements than the bytes left could hold.
template <encodable T>
[[nodiscard]] bool decode(byte_reader& in, T& x) {
  detail::checked_source source{in};
  return detail::read(source, x);
}

}  // namespace weir

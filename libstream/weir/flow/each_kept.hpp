// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::flow {

/// Calls `use(i)` for each `i` in `[at, to)` that `keep(i)` holds for, in order, until it answers
/// false. Asks for a block of numbers before the first of them is used, without a jump that depends
/// on the answer: a processor that guesses wrong at every tenth event loses as much time as the
/// rest takes. `at` follows, and stands at the number in hand when `keep` or `use` throws, and
/// behind it when `use` answers false; everything before it has been done. What `keep` was asked
/// may be asked again.
template <class Keep, class Use>
[[gnu::always_inline]] inline void each_kept(std::size_t& at, std::size_t to, Keep keep, Use use) {
  constexpr std::size_t block = 128;
  std::array<std::uint8_t, block> kept;  // numbers within the block
  std::size_t i = at;
  while (i < to) {
    std::size_t n = 0;
    std::size_t asked = 0;
    const std::size_t size = std::min(block, to - i);
    try {
      for (; asked < size; ++asked) {
        kept[n] = static_cast<std::uint8_t>(asked);
        n += keep(i + asked) ? 1 : 0;
      }
    } catch (...) {
      if (asked == 0) throw;  // else once more, when those before it are done
    }
    std::size_t k = 0;
    try {
      for (; k < n; ++k)
        if (!use(i + kept[k])) {
          at = i + kept[k] + 1;
          return;
        }
    } catch (...) {
      at = i + kept[k];
      throw;
    }
    i += asked;
    at = i;
  }
}

}  // namespace weir::flow

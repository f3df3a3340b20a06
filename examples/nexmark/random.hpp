// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace nexmark {

/// Random numbers from a seed, a few multiplications each: wyrand (Wang Yi, wyhash, public domain).
class random_numbers {
public:
  explicit random_numbers(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t operator()() noexcept {
    state_ += 0xa0761d6478bd642fULL;
    return fold(state_, state_ ^ 0xe7037ed1a0b428dbULL);
  }
  /// One of 0 … n − 1; their chances differ by less than n / 2^64.
  std::uint64_t below(std::uint64_t n) noexcept {
    return static_cast<std::uint64_t>((static_cast<wide>((*this)()) * n) >> 64);
  }
  /// In [0, 1).
  double unit() noexcept { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    const wide product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

private:
  __extension__ using wide = unsigned __int128;
  std::uint64_t state_;
};

}  // namespace nexmark

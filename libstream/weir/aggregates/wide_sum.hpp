// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"

#include <boost/describe/class.hpp>

#include <concepts>
#include <cstdint>
#include <limits>

namespace weir {

/// A sum of integers in 128 bits, in two halves. It holds any sum of fewer than 2^63 values of 64
/// bits, so that parts can be merged and values taken out in any order; whether the total fits an
/// `N` is only asked at the end.
template <std::integral N>
struct wide_sum {
  std::uint64_t low = 0;
  std::int64_t high = 0;

  wide_sum& operator+=(N n) noexcept { return set(bits() + static_cast<unsigned_wide>(n)); }
  wide_sum& operator-=(N n) noexcept { return set(bits() - static_cast<unsigned_wide>(n)); }
  wide_sum& operator+=(const wide_sum& other) noexcept { return set(bits() + other.bits()); }

  explicit operator double() const noexcept {
    return static_cast<double>(static_cast<signed_wide>(bits()));
  }
  /// Throws `weir::exception` if the total does not fit.
  [[nodiscard]] N total() const {
    const auto n = static_cast<signed_wide>(bits());
    if (n < static_cast<signed_wide>(std::numeric_limits<N>::min()) ||
        n > static_cast<signed_wide>(std::numeric_limits<N>::max()))
      throw exception({errc::invalid_argument,
                       "sum(): the total of a window does not fit a 64-bit integer; sum a double, "
                       "or use a smaller unit"});
    return static_cast<N>(n);
  }

  friend bool operator==(const wide_sum&, const wide_sum&) = default;
  BOOST_DESCRIBE_CLASS(wide_sum, (), (low, high), (), ())

private:
  __extension__ typedef __int128 signed_wide;
  __extension__ typedef unsigned __int128 unsigned_wide;

  [[nodiscard]] unsigned_wide bits() const noexcept {
    return static_cast<unsigned_wide>(static_cast<std::uint64_t>(high)) << 64U | low;
  }
  wide_sum& set(unsigned_wide n) noexcept {
    low = static_cast<std::uint64_t>(n);
    high = static_cast<std::int64_t>(static_cast<std::uint64_t>(n >> 64U));
    return *this;
  }
};

}  // namespace weir

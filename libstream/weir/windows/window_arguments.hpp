// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/core/time.hpp"

#include <chrono>
#include <string>

/// Checks of what the kinds of window are made from.
namespace weir::detail {

/// Converts to microseconds; throws `weir::exception` if that leaves nothing positive.
template <class Rep, class Period>
duration positive(std::chrono::duration<Rep, Period> d, const char* what) {
  const auto n = std::chrono::duration_cast<duration>(d);
  if (n <= duration{0})
    throw exception(
        {errc::invalid_argument, std::string{what} + " must be positive, and at least 1 us"});
  return n;
}

/// Throws `weir::exception` if an offset reaches from one window's start to another's.
inline void check_offset(duration offset, duration step, const char* what) {
  if (offset >= step || offset <= -step)
    throw exception({errc::invalid_argument,
                     std::string{what} + ": the offset must be less than the distance between "
                                         "windows, in either direction"});
}

/// Throws `weir::exception` unless `d` is whole days, or hours that divide a day.
inline void check_for_zone(duration d, const char* what) {
  using namespace std::chrono_literals;
  const bool fits = d % 24h == duration{0} || (d % 1h == duration{0} && 24h % d == duration{0});
  if (!fits)
    throw exception({errc::invalid_argument,
                     std::string{what} + ": in_zone() is for windows of whole days, or of hours "
                                         "that divide a day"});
}

}  // namespace weir::detail

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

namespace weir {

using duration = std::chrono::microseconds;

/// A point in event or wall-clock time: microseconds since 1970-01-01T00:00Z.
using timestamp = std::chrono::sys_time<duration>;

inline constexpr timestamp min_timestamp = timestamp::min();
inline constexpr timestamp max_timestamp = timestamp::max();

/// Returns `t + d`, kept within the range of `timestamp`, so that "for ever" can be added to.
[[nodiscard]] constexpr timestamp saturating_add(timestamp t, duration d) noexcept {
  duration::rep sum = 0;
  if (__builtin_add_overflow(t.time_since_epoch().count(), d.count(), &sum))
    return d.count() > 0 ? max_timestamp : min_timestamp;
  return timestamp{duration{sum}};
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <cstdint>

namespace weir {

/// How long a key's value is kept after it was last written.
struct time_to_live {
  enum class clock : std::uint8_t {
    event_time,  ///< From the timestamp of the event that wrote it, until the watermark is past.
    processing_time,  ///< By the wall clock.
  };
  duration after{};
  clock by = clock::event_time;
};

/// The times of a call, for states that forget.
struct call_times {
  timestamp at;  ///< Of the event or timer.
  timestamp watermark;
  timestamp wall;
};

}  // namespace weir

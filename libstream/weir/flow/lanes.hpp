// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::flow {

/// How a lane (a split of a source) stands with the watermark.
enum class lane_state : std::uint8_t {
  active,  ///< Waited for, from its first event on.
  idle,    ///< Has nothing for now; not waited for.
  ended,   ///< Will have nothing more.
};

struct lane {
  std::string id;  ///< The split's; stable over restarts.
  lane_state state = lane_state::active;
  /// It was there from the start and is waited for before its first event, so that no split's
  /// events are late because another was read first. One that is found later is waited for from its
  /// first event on, and so is an input channel, which may never have one.
  bool from_start = false;
  /// What event time has come to, as the operator that makes watermarks found it last, and whether
  /// it waits for this lane.
  timestamp watermark = min_timestamp;
  bool waited_for = false;
  std::uint16_t port = 0;  ///< The input port that a channel feeds.
};

using lane_list = std::vector<lane>;

}  // namespace weir::flow

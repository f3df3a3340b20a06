// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/core/time.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace weir::flow {

/// Tells which lanes of a source are idle: those whose end was reached and that had nothing for a
/// while after. The clock that is handed in stands still while the stage waits for its outputs, so
/// that pressure from behind makes no lane idle and no event late.
class idle_watch {
public:
  /// Without a time no lane becomes idle by waiting.
  explicit idle_watch(std::optional<duration> after) : after_(after) {}

  void on_events(std::size_t lane) {
    if (lane < lanes_.size()) lanes_[lane] = {};
  }
  /// Notes that the lane was idle before a restart: it is again, as soon as its end is reached.
  void was_idle(std::size_t lane) { at(lane).waited_before = true; }
  /// Forgets which lanes the last poll found at their end: what came since is not known.
  void begin_poll() {
    for (quiet& l : lanes_) l.at_end = false;
  }
  /// Notes that what the lane has for now has all been read.
  void on_caught_up(std::size_t lane, steady_time now) {
    quiet& l = at(lane);
    l.at_end = true;
    if (!l.since) l.since = l.waited_before && after_ ? now - *after_ : now;
  }

  /// When the lane will be idle if nothing comes; the far future if the last poll did not find it
  /// at its end.
  [[nodiscard]] steady_time becomes_idle(std::size_t lane) const {
    if (!after_ || lane >= lanes_.size() || !lanes_[lane].at_end) return steady_time::max();
    return *lanes_[lane].since + *after_;
  }
  [[nodiscard]] bool watches() const noexcept { return after_.has_value(); }

private:
  struct quiet {
    std::optional<steady_time> since;
    bool waited_before = false;
    bool at_end = false;
  };

  quiet& at(std::size_t lane) {
    if (lane >= lanes_.size()) lanes_.resize(lane + 1);
    return lanes_[lane];
  }

  std::optional<duration> after_;
  std::vector<quiet> lanes_;
};

}  // namespace weir::flow

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/idle_watch.hpp"
#include "weir/flow/lanes.hpp"
#include "weir/flow/split.hpp"
#include "weir/flow/step.hpp"
#include "weir/source/event_time_options.hpp"
#include "weir/source/source.hpp"

#include <algorithm>
#include <vector>

namespace weir::flow {

/// The splits of one source instance: which are read, which are idle, and which are held back
/// because they are ahead of the others.
class split_lanes {
public:
  explicit split_lanes(event_time_options rules)
      : max_drift_(rules.max_drift), watch_(rules.idle_after) {}

  void add(const split_position& at, bool from_start) {
    lanes_.push_back({at.id, at.ended ? lane_state::ended : lane_state::active, from_start});
    paused_.push_back(false);
    if (at.idle) watch_.was_idle(lanes_.size() - 1);
  }

  /// Notes what a poll brought.
  template <class T>
  void on_polled(const source_batch<T>& in, read_state state, steady_time now) {
    if (!watch_.watches()) return;
    watch_.begin_poll();
    if (!in.events.empty() || !in.rejected.empty()) watch_.on_events(in.lane);
    for (const std::size_t lane : in.at_end) watch_.on_caught_up(lane, now);
    if (state != read_state::caught_up) return;
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      if (!paused_[i]) watch_.on_caught_up(i, now);
  }
  template <class T>
  void on_batch(const source_batch<T>& in) {
    lanes_[in.lane].state = in.lane_ended  ? lane_state::ended
                            : in.lane_idle ? lane_state::idle
                                           : lane_state::active;
  }

  /// Makes lanes idle whose time has come, and asks to be called when that of the next one has.
  void note_idle(step& s) {
    if (!watch_.watches()) return;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (lanes_[i].state != lane_state::active) continue;
      const steady_time at = watch_.becomes_idle(i);
      if (at <= s.unblocked)
        lanes_[i].state = lane_state::idle;
      else if (at != steady_time::max())
        s.wake_at(saturating_add(s.wall, std::chrono::ceil<duration>(at - s.unblocked)));
    }
  }

  /// Pauses the splits that are too far ahead of what the receivers have come to, and lets the
  /// others go on.
  template <class T>
  void align(source_reader<T>& reader, const step& s) {
    if (!max_drift_) return;
    // The receivers can't go on before our lowest split does, whatever their distance.
    const timestamp from = s.receivers_wait ? std::max(s.receivers, lowest()) : s.receivers;
    const timestamp limit = saturating_add(from, *max_drift_);
    awaited_ = max_timestamp;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      const bool ahead = lanes_[i].state == lane_state::active && lanes_[i].watermark > limit;
      if (ahead) awaited_ = std::min(awaited_, saturating_add(lanes_[i].watermark, -*max_drift_));
      if (ahead == paused_[i]) continue;
      paused_[i] = ahead;
      ahead ? reader.pause(i) : reader.resume(i);
    }
  }

  [[nodiscard]] lane_list& list() noexcept { return lanes_; }
  [[nodiscard]] const lane_list& list() const noexcept { return lanes_; }
  [[nodiscard]] std::size_t size() const noexcept { return lanes_.size(); }
  [[nodiscard]] const lane& operator[](std::size_t i) const noexcept { return lanes_[i]; }
  [[nodiscard]] bool knows(const std::string& id) const {
    return std::any_of(lanes_.begin(), lanes_.end(), [&](const lane& l) { return l.id == id; });
  }
  [[nodiscard]] bool all_ended() const {
    return std::all_of(lanes_.begin(), lanes_.end(),
                       [](const lane& l) { return l.state == lane_state::ended; });
  }
  [[nodiscard]] bool none_active() const {
    return std::none_of(lanes_.begin(), lanes_.end(),
                        [](const lane& l) { return l.state == lane_state::active; });
  }
  /// The receivers' watermark that a paused split waits for.
  [[nodiscard]] timestamp awaited() const noexcept { return awaited_; }

private:
  [[nodiscard]] timestamp lowest() const {
    timestamp at = max_timestamp;
    for (const lane& l : lanes_)
      if (l.state == lane_state::active) at = std::min(at, l.watermark);
    return at;
  }

  std::optional<duration> max_drift_;
  idle_watch watch_;
  lane_list lanes_;
  std::vector<bool> paused_;
  timestamp awaited_ = max_timestamp;
};

}  // namespace weir::flow

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace weir::flow {

/// How much a receiver lets its senders have in flight.
struct credit_settings {
  std::uint32_t frames = 32;  ///< Frames a channel may have in flight, at most.
  /// ... and all channels of a receiver together, or 8 each where there are more: the more may be
  /// in flight, the more rarely the two ends wake each other.
  std::uint32_t together = 32;
  std::uint32_t max_events = 1024;  ///< Events a frame may have.
  duration hold =
      std::chrono::seconds{1};  ///< In-flight events should be worked off within this time.
};

/// Frames that each of so many channels of a receiver may have in flight.
[[nodiscard]] inline std::uint32_t frames_of_each(const credit_settings& s,
                                                  std::uint32_t channels) noexcept {
  constexpr std::uint32_t least = 8;
  return std::min(s.frames, std::max(least, s.together / std::max(channels, 1U)));
}

/// Sizes the frames of one receiver's channels so that what is in flight is held to a time and not
/// only to bytes: a receiver that takes 1 ms an event asks for smaller frames than one that takes
/// 10 ns.
class credit_window {
public:
  explicit credit_window(credit_settings settings, std::uint32_t channels) : settings_(settings) {
    set_channels(channels);
  }

  /// Says how many channels there are that have not ended.
  void set_channels(std::uint32_t n) noexcept {
    channels_ = std::max(n, 1U);
    frames_ = frames_of_each(settings_, channels_);
  }

  /// Notes that `events` took `spent`, waits for output included.
  void worked(std::size_t events, std::chrono::nanoseconds spent) {
    if (events == 0) return;
    const double sample = static_cast<double>(spent.count()) / static_cast<double>(events);
    nanos_per_event_ =
        nanos_per_event_ == 0 ? sample : nanos_per_event_ + (sample - nanos_per_event_) / 8;
  }

  [[nodiscard]] std::uint32_t frames() const noexcept { return frames_; }

  /// Events a frame may have now: between 1 and the setting.
  [[nodiscard]] std::uint32_t max_events() const noexcept {
    const double in_flight = nanos_per_event_ * frames_ * channels_;
    const double hold = static_cast<double>(std::chrono::nanoseconds{settings_.hold}.count());
    if (in_flight * settings_.max_events <= hold) return settings_.max_events;
    return std::max(1U, static_cast<std::uint32_t>(hold / in_flight));
  }

  /// How many processed frames are told at once: half a window, so that a sender never runs dry
  /// while we work.
  [[nodiscard]] std::uint32_t grant_step() const noexcept { return std::max(1U, frames_ / 2); }

private:
  credit_settings settings_;
  std::uint32_t channels_ = 1;
  std::uint32_t frames_ = 1;
  double nanos_per_event_ = 0;
};

}  // namespace weir::flow

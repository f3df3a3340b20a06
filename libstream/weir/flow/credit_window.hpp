// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace weir::flow {

/// How much a receiver lets its senders have in flight.
struct credit_settings {
  std::uint32_t frames = 8;         ///< Frames a channel may have in flight.
  std::uint32_t max_events = 1024;  ///< Events a frame may have.
  duration hold =
      std::chrono::seconds{1};  ///< In-flight events should be worked off within this time.
};

/// Sizes the frames of one receiver's channels so that what is in flight is held to a time and not
/// only to bytes: a receiver that takes 1 ms an event asks for smaller frames than one that takes
/// 10 ns.
class credit_window {
public:
  explicit credit_window(credit_settings settings, std::uint32_t channels)
      : settings_(settings), channels_(std::max(channels, 1U)) {}

  /// Notes that `events` took `spent`, waits for output included.
  void worked(std::size_t events, std::chrono::nanoseconds spent) {
    if (events == 0) return;
    const double sample = static_cast<double>(spent.count()) / static_cast<double>(events);
    nanos_per_event_ =
        nanos_per_event_ == 0 ? sample : nanos_per_event_ + (sample - nanos_per_event_) / 8;
  }

  [[nodiscard]] std::uint32_t frames() const noexcept { return settings_.frames; }

  /// Events a frame may have now: between 1 and the setting.
  [[nodiscard]] std::uint32_t max_events() const noexcept {
    const double in_flight = nanos_per_event_ * settings_.frames * channels_;
    const double hold = static_cast<double>(std::chrono::nanoseconds{settings_.hold}.count());
    if (in_flight * settings_.max_events <= hold) return settings_.max_events;
    return std::max(1U, static_cast<std::uint32_t>(hold / in_flight));
  }

  /// How many processed frames are told at once: half a window, so that a sender never runs dry
  /// while we work.
  [[nodiscard]] std::uint32_t grant_step() const noexcept {
    return std::max(1U, settings_.frames / 2);
  }

private:
  credit_settings settings_;
  std::uint32_t channels_;
  double nanos_per_event_ = 0;
};

}  // namespace weir::flow

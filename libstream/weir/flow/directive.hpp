// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <cstdint>

namespace weir {

/// What a stage does when an event's processing fails.
struct directive {
  enum class kind : std::uint8_t {
    dead_letter,  ///< Keep the event as a dead letter and go on. The default.
    skip,         ///< Count it and go on.
    retry,  ///< Try again after a back-off that doubles; a dead letter when the tries are used up.
    restart,  ///< Restart the connected region as a new attempt; a dead letter when the same event
              ///< has done so `tries` times.
    stop,     ///< Stop the pipeline with this cause.
  };

  kind what = kind::dead_letter;
  std::uint32_t tries = 0;  ///< Further tries, with `retry` and `restart`.
  duration backoff{};       ///< Before the first further try.

  static constexpr directive to_dead_letters() { return {}; }
  static constexpr directive skip() { return {kind::skip, 0, {}}; }
  static constexpr directive retry(std::uint32_t tries, duration backoff) {
    return {kind::retry, tries, backoff};
  }
  static constexpr directive restart(std::uint32_t tries = 3) { return {kind::restart, tries, {}}; }
  static constexpr directive stop() { return {kind::stop, 0, {}}; }
};

}  // namespace weir

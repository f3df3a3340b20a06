// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace weir {

/// What a match that is emitted discards: the partial matches of its key, and the complete ones
/// that wait, whose first event is not after the one named here.
struct after_match {
  enum class kind : std::uint8_t {
    no_skip,    ///< Nothing.
    to_next,    ///< Those with the same first event.
    past_last,  ///< Those that begin at or before the match's last event.
    to_first,   ///< Those that begin before the first event the match took for `step`.
    to_last,    ///< Those that begin before the last event the match took for `step`.
  };

  kind what = kind::no_skip;
  std::string step;
  bool fails_on_miss = false;  ///< A match without events for `step`, or that would skip to its own
                               ///< first event, is an error of the event that completed it.

  /// Makes it an error that a match took no event for the step to skip to.
  [[nodiscard]] after_match or_fail() && {
    fails_on_miss = true;
    return std::move(*this);
  }
};

[[nodiscard]] inline after_match no_skip() { return {}; }
[[nodiscard]] inline after_match skip_to_next() { return {after_match::kind::to_next, {}, false}; }
[[nodiscard]] inline after_match skip_past_last() {
  return {after_match::kind::past_last, {}, false};
}
[[nodiscard]] inline after_match skip_to_first(std::string step) {
  return {after_match::kind::to_first, std::move(step), false};
}
[[nodiscard]] inline after_match skip_to_last(std::string step) {
  return {after_match::kind::to_last, std::move(step), false};
}

}  // namespace weir

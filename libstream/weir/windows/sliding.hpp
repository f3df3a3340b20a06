// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/window.hpp"
#include "weir/windows/window_arguments.hpp"

#include <chrono>

namespace weir {

/// "Always the last minute": a window that moves with the events of its key. At instant t it holds
/// the events after `t - length`, up to and with t, so an event is in it for exactly `length`.
class sliding {
public:
  /// Throws `weir::exception` if `length` is not positive.
  template <class Rep, class Period>
  explicit sliding(std::chrono::duration<Rep, Period> length)
      : length_(detail::positive(length, "sliding(): the length")) {}

  /// Gives a result also when events leave the window, and not only when they enter it.
  [[nodiscard]] sliding with_exits() const {
    sliding made = *this;
    made.exits_ = true;
    return made;
  }

  /// Returns the window as it stands at `t`.
  [[nodiscard]] window at(timestamp t) const {
    const timestamp start = saturating_add(t, duration{1} - length_);
    return {start, saturating_add(t, duration{1})};
  }

  [[nodiscard]] duration length() const noexcept { return length_; }
  [[nodiscard]] bool exits() const noexcept { return exits_; }

private:
  duration length_;
  bool exits_ = false;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>

namespace weir {

/// A half-open stretch of time, `[start, end)`. One that ends at `max_timestamp` never ends.
struct window {
  timestamp start;
  timestamp end;

  /// The last instant that belongs to it; the window is complete when the watermark reaches this.
  [[nodiscard]] constexpr timestamp last() const noexcept {
    return end == max_timestamp ? end : end - duration{1};
  }

  friend constexpr auto operator<=>(const window&, const window&) = default;
};
BOOST_DESCRIBE_STRUCT(window, (), (start, end))

/// When a window's result came, measured by the watermark (or the clock, for windows of processing
/// time).
enum class pane_timing : std::uint8_t {
  early,    ///< Before the window was complete.
  on_time,  ///< When it became complete.
  late,     ///< After that, because of an event within the allowed lateness.
};
BOOST_DESCRIBE_ENUM(pane_timing, early, on_time, late)

/// Which of a window's results one is.
struct pane_info {
  std::uint32_t number = 0;  ///< From 0. One that isn't the first replaces the one before it, or
                             ///< adds to it if panes are discarded.
  pane_timing timing = pane_timing::on_time;

  friend constexpr bool operator==(const pane_info&, const pane_info&) = default;
};
BOOST_DESCRIBE_STRUCT(pane_info, (), (number, timing))

/// What a window of a key came to. Its timestamp in the stream is the window's last instant.
template <class K, class R>
struct window_result {
  K key{};
  weir::window window;
  R value{};
  pane_info pane{};

  friend bool operator==(const window_result&, const window_result&) = default;
  BOOST_DESCRIBE_CLASS(window_result, (), (key, window, value, pane), (), ())
};

}  // namespace weir

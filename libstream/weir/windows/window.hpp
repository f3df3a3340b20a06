// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <boost/describe/class.hpp>

namespace weir {

/// A half-open stretch of time, `[start, end)`.
struct window {
  timestamp start;
  timestamp end;

  /// The last instant that belongs to it; the window is complete when the watermark reaches this.
  [[nodiscard]] constexpr timestamp last() const noexcept { return end - duration{1}; }

  friend constexpr auto operator<=>(const window&, const window&) = default;
};
BOOST_DESCRIBE_STRUCT(window, (), (start, end))

/// What a window of a key came to. Its timestamp in the stream is the window's last instant.
template <class K, class R>
struct window_result {
  K key{};
  weir::window window;
  R value{};

  friend bool operator==(const window_result&, const window_result&) = default;
  BOOST_DESCRIBE_CLASS(window_result, (), (key, window, value), (), ())
};

}  // namespace weir

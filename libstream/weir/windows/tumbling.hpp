// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/time_grid.hpp"
#include "weir/windows/window.hpp"
#include "weir/windows/window_arguments.hpp"

#include <chrono>
#include <string_view>

namespace weir {

/// Windows of one size that neither overlap nor leave gaps, aligned to `offset` from
/// 1970-01-01T00:00Z.
class tumbling {
public:
  /// Throws `weir::exception` if `size` is not positive, or `offset` not less than it.
  template <class Rep, class Period>
  explicit tumbling(std::chrono::duration<Rep, Period> size, duration offset = {})
      : size_(detail::positive(size, "tumbling(): the window size")),
        offset_(offset),
        grid_(size_, offset) {
    detail::check_offset(offset, size_, "tumbling()");
  }

  /// Aligns to midnight on the clocks of a zone; a day there may have 23 or 25 hours. Throws
  /// `weir::exception` if there is no such zone, or the size is neither whole days nor hours that
  /// divide a day.
  [[nodiscard]] tumbling in_zone(std::string_view name) const {
    detail::check_for_zone(size_, "tumbling()");
    tumbling made = *this;
    made.grid_.set_zone(time_zone{name});
    return made;
  }

  /// Returns the window that holds `t`. Constant time.
  [[nodiscard]] window at(timestamp t) const { return nth(grid_.index(t)); }
  /// Returns the largest stretch round `t` that no window's start or end cuts.
  [[nodiscard]] window pane(timestamp t) const { return at(t); }
  /// Returns window `k`; window 0 is the one that starts at the offset.
  [[nodiscard]] window nth(std::int64_t k) const { return {grid_.edge(k), grid_.edge(k + 1)}; }

  template <class T, class Emit>
  void assign(const T&, timestamp t, Emit emit) const {
    emit(at(t));
  }

  [[nodiscard]] duration size() const noexcept { return size_; }
  [[nodiscard]] duration offset() const noexcept { return offset_; }

private:
  duration size_;
  duration offset_;
  time_grid grid_;
};

}  // namespace weir

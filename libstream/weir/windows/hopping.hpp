// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/time_grid.hpp"
#include "weir/windows/window.hpp"
#include "weir/windows/window_arguments.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace weir {

/// Windows of one size, one every so often: they overlap if `every` is less than `size`, and leave
/// gaps if it is more. Aligned to `offset` from 1970-01-01T00:00Z.
class hopping {
public:
  /// Throws `weir::exception` if `size` or `every` is not positive, or `offset` not less than
  /// `every`.
  template <class Rep, class Period, class Rep2, class Period2>
  hopping(std::chrono::duration<Rep, Period> size, std::chrono::duration<Rep2, Period2> every,
          duration offset = {})
      : size_(detail::positive(size, "hopping(): the window size")),
        every_(detail::positive(every, "hopping(): the distance between windows")),
        starts_(every_, offset),
        ends_(every_, offset + size_) {
    detail::check_offset(offset, every_, "hopping()");
  }

  /// As `tumbling::in_zone`, for both size and distance.
  [[nodiscard]] hopping in_zone(std::string_view name) const {
    detail::check_for_zone(size_, "hopping()");
    detail::check_for_zone(every_, "hopping()");
    hopping made = *this;
    made.starts_.set_zone(time_zone{name});
    made.ends_.set_zone(time_zone{name});
    return made;
  }

  // Windows are numbered in the order of their starts, which is that of their ends. An instant in
  // a gap has a first that is after its last. All take constant time.

  [[nodiscard]] window nth(std::int64_t k) const { return {starts_.edge(k), ends_.edge(k)}; }
  /// The number of the first window that ends after `t`.
  [[nodiscard]] std::int64_t first(timestamp t) const { return ends_.index(t) + 1; }
  /// The number of the last window that doesn't start after `t`.
  [[nodiscard]] std::int64_t last(timestamp t) const { return starts_.index(t); }
  /// The number of the last window that a watermark completes.
  [[nodiscard]] std::int64_t complete(timestamp watermark) const {
    if (watermark == max_timestamp) return INT64_MAX - 1;
    return ends_.index(watermark + duration{1});
  }

  /// Returns the largest stretch round `t` that no window's start or end cuts. At most two of them
  /// begin in the time between two windows.
  [[nodiscard]] window pane(timestamp t) const {
    const std::int64_t s = starts_.index(t);
    const std::int64_t e = ends_.index(t);
    return {std::max(starts_.edge(s), ends_.edge(e)),
            std::min(starts_.edge(s + 1), ends_.edge(e + 1))};
  }

  template <class T, class Emit>
  void assign(const T&, timestamp t, Emit emit) const {
    for (std::int64_t k = first(t), n = last(t); k <= n; ++k) emit(nth(k));
  }

  [[nodiscard]] duration size() const noexcept { return size_; }
  [[nodiscard]] duration every() const noexcept { return every_; }

private:
  duration size_;
  duration every_;
  time_grid starts_;
  time_grid ends_;
};

}  // namespace weir

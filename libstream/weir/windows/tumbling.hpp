// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/windows/window.hpp"

#include <chrono>

namespace weir {

/// Windows of one size that neither overlap nor leave gaps, aligned to `offset` from
/// 1970-01-01T00:00Z.
class tumbling {
public:
  /// Throws `weir::exception` if `size` is not positive.
  template <class Rep, class Period>
  explicit tumbling(std::chrono::duration<Rep, Period> size, duration offset = {})
      : size_(std::chrono::duration_cast<duration>(size)) {
    if (size_ <= duration{0})
      throw exception({errc::invalid_argument,
                       "tumbling(): the window size must be positive, and at least 1 us"});
    offset_ = ((offset % size_) + size_) % size_;
  }

  /// Returns the window that holds `t`. Constant time.
  [[nodiscard]] window at(timestamp t) const noexcept {
    duration into = (t.time_since_epoch() - offset_) % size_;
    if (into < duration{0}) into += size_;
    return {t - into, t - into + size_};
  }

  [[nodiscard]] duration size() const noexcept { return size_; }

private:
  duration size_;
  duration offset_{};
};

}  // namespace weir

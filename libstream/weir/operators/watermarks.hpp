// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <algorithm>
#include <concepts>
#include <utility>

namespace weir {

/// Makes watermarks from the timestamps of one split. `on_event` is called for each event, and
/// after a restart with the highest timestamp seen before; `watermark` now and then.
template <class G>
concept watermark_generator = std::copy_constructible<G> && requires(G g, const G c, timestamp t) {
  g.on_event(t);
  { c.watermark() } -> std::same_as<timestamp>;
};

/// Timestamps never fall within a split: the watermark is just behind the newest.
class monotonous_timestamps {
public:
  void on_event(timestamp at) noexcept { newest_ = std::max(newest_, at); }
  [[nodiscard]] timestamp watermark() const noexcept {
    return newest_ == min_timestamp ? newest_ : newest_ - duration{1};
  }

private:
  timestamp newest_ = min_timestamp;
};

/// An event comes at most `bound` behind the newest one of its split: the watermark is newest −
/// bound − 1 µs.
class bounded_out_of_orderness {
public:
  template <class Rep, class Period>
  explicit bounded_out_of_orderness(std::chrono::duration<Rep, Period> bound)
      : bound_(std::chrono::ceil<duration>(bound)) {}

  void on_event(timestamp at) noexcept { newest_ = std::max(newest_, at); }
  [[nodiscard]] timestamp watermark() const noexcept {
    return newest_ == min_timestamp ? newest_ : saturating_add(newest_, -bound_ - duration{1});
  }

private:
  duration bound_;
  timestamp newest_ = min_timestamp;
};

}  // namespace weir

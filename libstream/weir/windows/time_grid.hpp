// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/windows/time_zone.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace weir {

/// Edges at equal steps: edge k is at `k * step + offset` after 1970-01-01T00:00, in UTC or by the
/// clocks of a zone. Edges beyond what a timestamp can hold lie at its limits.
class time_grid {
public:
  /// @pre step > 0
  time_grid(duration step, duration offset) : step_(step.count()), offset_(offset.count()) {}

  void set_zone(time_zone zone) { zone_ = std::move(zone); }

  /// Returns the number of the last edge that is not after `t`. Constant time.
  [[nodiscard]] std::int64_t index(timestamp t) const {
    if (!zone_) [[likely]]
      return floor_index(t.time_since_epoch().count());
    std::int64_t k = floor_index(zone_->local(t).count());
    while (edge(k + 1) <= t) ++k;  // where clocks are set back over an edge
    while (edge(k) > t) --k;
    return k;
  }
  [[nodiscard]] timestamp edge(std::int64_t k) const {
    std::int64_t at = 0;
    if (__builtin_mul_overflow(k, step_, &at) || __builtin_add_overflow(at, offset_, &at))
        [[unlikely]]
      return timestamp{duration{clamped(wide{k} * step_ + offset_)}};
    return zone_ ? zone_->instant(duration{at}) : timestamp{duration{at}};
  }

private:
  [[nodiscard]] std::int64_t floor_index(std::int64_t t) const {
    std::int64_t from = 0;
    if (__builtin_sub_overflow(t, offset_, &from)) [[unlikely]]
      return floor_far(wide{t} - offset_);
    const std::int64_t k = from / step_;
    return k - static_cast<std::int64_t>(from % step_ < 0);
  }

  // Near the ends of time.

  __extension__ using wide = __int128;

  [[nodiscard]] std::int64_t floor_far(wide from) const {
    return clamped(from / step_ - static_cast<wide>(from % step_ < 0));
  }
  [[nodiscard]] static std::int64_t clamped(wide x) {
    return static_cast<std::int64_t>(std::clamp<wide>(x, std::numeric_limits<std::int64_t>::min(),
                                                      std::numeric_limits<std::int64_t>::max()));
  }

  std::int64_t step_;
  std::int64_t offset_;
  std::optional<time_zone> zone_;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace weir::operators {

/// The events of a key in the order of time, those of one instant in that of their arrival. A
/// window sees its events as a span of them. An event costs a move for each one after it.
template <class T, class Fold>
class event_store {
public:
  [[nodiscard]] bool empty() const noexcept { return head_ == times_.size(); }
  [[nodiscard]] timestamp first() const { return times_[head_]; }
  [[nodiscard]] timestamp last() const { return times_.back(); }
  [[nodiscard]] timestamp first_from(timestamp t) const {
    const std::size_t at = find(t);
    return at == times_.size() ? max_timestamp : times_[at];
  }

  /// Puts an event at a place in the order; places are times, or numbers in their stead.
  void add(const Fold&, timestamp, timestamp place_in_order, const T& event, timestamp) {
    const auto place = std::upper_bound(times_.begin() + static_cast<std::ptrdiff_t>(head_),
                                        times_.end(), place_in_order) -
                       times_.begin();
    events_.insert(events_.begin() + place, event);
    times_.insert(times_.begin() + place, place_in_order);
  }

  void drop_before(const Fold&, timestamp t) {
    head_ = find(t);
    if (head_ < 16 || head_ * 2 < times_.size()) return;
    const auto n = static_cast<std::ptrdiff_t>(std::exchange(head_, 0));
    events_.erase(events_.begin(), events_.begin() + n);
    times_.erase(times_.begin(), times_.begin() + n);
  }

  /// Calls `f(span)` with the events in `[from, to)`; false if there are none.
  template <class F>
  bool fire(const Fold&, timestamp from, timestamp to, F f) {
    const std::size_t a = find(from);
    const std::size_t b = find(to);
    if (a >= b) return false;
    f(std::span<const T>{events_}.subspan(a, b - a));
    return true;
  }

  /// What `save` writes.
  using saved = std::vector<std::pair<timestamp, T>>;
  void save(bytes& to) const {
    encode(static_cast<std::uint32_t>(times_.size() - head_), to);
    for (std::size_t i = head_; i < times_.size(); ++i) {
      encode(times_[i], to);
      encode(events_[i], to);
    }
  }
  bool load(byte_reader& from) {
    std::uint32_t n = 0;
    if (!decode(from, n)) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      times_.emplace_back();
      events_.emplace_back();
      if (!decode(from, times_.back()) || !decode(from, events_.back())) return false;
    }
    return true;
  }

private:
  [[nodiscard]] std::size_t find(timestamp t) const {
    return static_cast<std::size_t>(
        std::lower_bound(times_.begin() + static_cast<std::ptrdiff_t>(head_), times_.end(), t) -
        times_.begin());
  }

  std::vector<T> events_;
  std::vector<timestamp> times_;
  std::size_t head_ = 0;
};

}  // namespace weir::operators

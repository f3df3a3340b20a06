// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/windows/window.hpp"
#include "weir/windows/window_arguments.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace weir {

/// A window's events as an evictor sees them, in the order of their arrival.
template <class T>
class evict_view {
public:
  [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
  [[nodiscard]] const T& event(std::size_t i) const { return *events_[i].first; }
  /// Its timestamp; `min_timestamp` if it has none.
  [[nodiscard]] timestamp at(std::size_t i) const { return events_[i].second; }
  /// Takes an event out of the window for good.
  void drop(std::size_t i) { dropped_[i] = true; }

  // For the engine.

  void clear() {
    events_.clear();
    dropped_.clear();
  }
  void push(const T& event, timestamp at) {
    events_.emplace_back(&event, at);
    dropped_.push_back(false);
  }
  [[nodiscard]] bool dropped(std::size_t i) const { return dropped_[i]; }

private:
  std::vector<std::pair<const T*, timestamp>> events_;
  std::vector<bool> dropped_;
};

/// Takes events out of a window when it fires: `evict(evict_view<T>&, const window&)`. `after` says
/// whether it does so after the window's function ran, and not before.
template <class E, class T>
concept evictor_of = std::copy_constructible<E> &&
    requires(const E& e, evict_view<T>& view, const window& w) {
  e.evict(view, w);
  { e.after } -> std::convertible_to<bool>;
};

/// Keeps the last `n` events.
struct keep_last {
  std::uint64_t n;
  bool after = false;

  /// Throws `weir::exception` if `count` is 0.
  explicit keep_last(std::uint64_t count) : n(count) {
    if (n == 0) throw exception({errc::invalid_argument, "keep_last(): keep at least one event"});
  }
  [[nodiscard]] keep_last after_firing() const {
    keep_last made = *this;
    made.after = true;
    return made;
  }

  template <class T>
  void evict(evict_view<T>& view, const window&) const {
    for (std::size_t i = 0; i + n < view.size(); ++i) view.drop(i);
  }
};

/// Keeps the events that are less than `d` older than the newest.
struct keep_newest {
  duration length;
  bool after = false;

  template <class Rep, class Period>
  explicit keep_newest(std::chrono::duration<Rep, Period> d)
      : length(detail::positive(d, "keep_newest(): the time")) {}
  [[nodiscard]] keep_newest after_firing() const {
    keep_newest made = *this;
    made.after = true;
    return made;
  }

  template <class T>
  void evict(evict_view<T>& view, const window&) const {
    if (view.size() == 0 || view.at(0) == min_timestamp) return;
    timestamp newest = view.at(0);
    for (std::size_t i = 1; i < view.size(); ++i) newest = std::max(newest, view.at(i));
    const timestamp limit = saturating_add(newest, -length);
    for (std::size_t i = 0; i < view.size(); ++i)
      if (view.at(i) <= limit) view.drop(i);
  }
};

/// Keeps the events for which `delta(event, last event)` is less than a threshold.
template <class Delta>
struct keep_near {
  Delta delta;
  double threshold;
  bool after = false;

  keep_near(Delta d, double t) : delta(std::move(d)), threshold(t) {}
  [[nodiscard]] keep_near after_firing() const {
    keep_near made = *this;
    made.after = true;
    return made;
  }

  template <class T>
  void evict(evict_view<T>& view, const window&) const {
    if (view.size() == 0) return;
    const T& last = view.event(view.size() - 1);
    for (std::size_t i = 0; i < view.size(); ++i)
      if (std::invoke(delta, view.event(i), last) >= threshold) view.drop(i);
  }
};

}  // namespace weir

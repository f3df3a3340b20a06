// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/window.hpp"
#include "weir/windows/window_arguments.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <utility>

namespace weir {

/// What becomes of two sessions of which one ends where the other starts.
enum class touching : std::uint8_t { merge, separate };

/// Whether two windows overlap, or touch if that counts. Windows without an instant only touch.
[[nodiscard]] constexpr bool intersect(const window& a, const window& b, touching rule) noexcept {
  return rule == touching::merge ? a.start <= b.end && b.start <= a.end
                                 : a.start < b.end && b.start < a.end;
}

/// Whether two sessions are one.
[[nodiscard]] constexpr bool belong_together(const window& a, const window& b,
                                             touching rule) noexcept {
  return a == b || intersect(a, b, rule);
}

/// Of windows that are kept in order and of which no two belong together, returns the range of
/// those that belong together with `w`; an empty one stands where `w` would be put. `at(element)`
/// gives an element's window. Logarithmic in the windows, and linear in those found.
template <class Iterator, class At>
std::pair<Iterator, Iterator> sessions_met(Iterator begin, Iterator end, const window& w,
                                           touching rule, At at) {
  const auto meets = [&](const auto& x) { return belong_together(at(x), w, rule); };
  const Iterator place =
      std::lower_bound(begin, end, w, [&](const auto& x, const window& y) { return at(x) < y; });
  Iterator from = place;
  while (from != begin && meets(*std::prev(from))) --from;
  if (from == place) {
    while (from != end && at(*from).start <= w.end && !meets(*from)) ++from;
    if (from == end || !meets(*from)) return {place, place};
  }
  Iterator to = from;
  while (to != end && (to < place || meets(*to))) ++to;
  return {from, to};
}

/// A gap that is the same after every event.
struct fixed_gap {
  duration length;

  template <class T>
  [[nodiscard]] constexpr duration operator()(const T&) const noexcept {
    return length;
  }
};

/// Windows of activity: an event's window lasts from its timestamp for a gap; windows of a key that
/// overlap, or touch, are merged into one.
template <class Gap>
class session {
public:
  static constexpr bool merging = true;

  /// Throws `weir::exception` if `gap` is not positive.
  template <class Rep, class Period>
  requires std::same_as<Gap, fixed_gap>
  explicit session(std::chrono::duration<Rep, Period> gap)
      : gap_{detail::positive(gap, "session(): the gap")} {}
  /// The gap is what `gap(event)` gives: a duration, at least 0. An event with a negative one
  /// fails.
  explicit session(Gap gap) : gap_(std::move(gap)) {}

  [[nodiscard]] session touching(weir::touching rule) const {
    session made = *this;
    made.rule_ = rule;
    return made;
  }

  /// Returns the window of an event by itself.
  template <class T>
  [[nodiscard]] window at(const T& event, timestamp t) const {
    const auto gap = std::chrono::duration_cast<duration>(std::invoke(gap_, event));
    if (gap < duration{0})
      throw exception({errc::invalid_argument, "session(): an event's gap is negative"});
    return {t, saturating_add(t, gap)};
  }
  template <class T, class Emit>
  void assign(const T& event, timestamp t, Emit emit) const {
    emit(at(event, t));
  }

  [[nodiscard]] weir::touching rule() const noexcept { return rule_; }

private:
  Gap gap_;
  weir::touching rule_ = weir::touching::merge;
};
template <class Rep, class Period>
session(std::chrono::duration<Rep, Period>) -> session<fixed_gap>;
template <class Gap>
session(Gap) -> session<Gap>;

}  // namespace weir

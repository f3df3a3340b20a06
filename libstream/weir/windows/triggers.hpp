// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"
#include "weir/windows/window.hpp"
#include "weir/windows/window_arguments.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <utility>
#include <variant>

namespace weir {

/// What a trigger wants done with a window. Purging drops what the window has gathered, and keeps
/// the window.
enum class trigger_action : std::uint8_t { go_on, fire, purge, fire_and_purge };

/// What a trigger sees of a window.
struct trigger_view {
  weir::window window;
  timestamp watermark;
  timestamp now;          ///< Wall-clock time.
  bool complete = false;  ///< The watermark, or the clock, has reached the window's last instant.
  bool by_clock = false;  ///< The window is one of processing time.
};

/// Decides when a window gives a result. A trigger is a plan; what it remembers of a window is its
/// `state`, which needs a codec. Engines ask for the next time after each call, so there are no
/// timers to set and erase:
///
/// - `on_event(state&, event, at, view)` → `trigger_action`, after the event was added;
/// - `next_event_time(state, view)` → when to call `on_event_time(state&, time, view)`, measured by
///   the watermark; `max_timestamp` for never. A time that has passed already counts at the next
///   watermark. The answer must have moved on after the call. It is asked for anew when a window
///   comes back from a checkpoint or a cold store: let it depend on state, window and
///   `view.complete` alone;
/// - `next_processing_time`, `on_processing_time`: the same for the wall clock;
/// - `merge(state&, other)`: what it is when two windows become one. Sessions need it.
///
/// All but `on_event` may be left out.
template <class G, class T>
concept trigger_of = std::copy_constructible<G> && encodable<typename G::state> &&
    requires(const G& g, typename G::state& s, const T& event, const trigger_view& v) {
  { g.on_event(s, event, timestamp{}, v) } -> std::same_as<trigger_action>;
};

/// A trigger that can be used with windows that merge.
template <class G>
concept merging_trigger = requires(const G& g, typename G::state& into,
                                   const typename G::state& from) {
  g.merge(into, from);
};

/// The default: fires when the window is complete, and again for each event that still comes in
/// after that.
struct at_window_end {
  using state = std::monostate;

  template <class T>
  trigger_action on_event(state&, const T&, timestamp, const trigger_view& v) const {
    return v.complete ? trigger_action::fire : trigger_action::go_on;
  }
  [[nodiscard]] timestamp next_event_time(const state&, const trigger_view& v) const {
    return v.complete || v.by_clock ? max_timestamp : v.window.last();
  }
  trigger_action on_event_time(state&, timestamp, const trigger_view&) const {
    return trigger_action::fire;
  }
  [[nodiscard]] timestamp next_processing_time(const state&, const trigger_view& v) const {
    return v.complete || !v.by_clock ? max_timestamp : v.window.last();
  }
  trigger_action on_processing_time(state&, timestamp, const trigger_view&) const {
    return trigger_action::fire;
  }
  void merge(state&, const state&) const {}
};

/// Fires at every `n`th event of a window, and at no other time: what came after the last firing
/// has no result.
class on_count {
public:
  using state = std::uint64_t;

  /// Throws `weir::exception` if `n` is 0.
  explicit on_count(std::uint64_t n) : n_(n) {
    if (n == 0)
      throw exception(
          {errc::invalid_argument, "on_count(): the number of events must be positive"});
  }

  template <class T>
  trigger_action on_event(state& count, const T&, timestamp, const trigger_view&) const {
    if (++count < n_) return trigger_action::go_on;
    count = 0;
    return trigger_action::fire;
  }
  void merge(state& into, const state& from) const { into += from; }

private:
  std::uint64_t n_;
};

namespace detail {

/// Rounds up to the next multiple of `step` that is after `t`.
[[nodiscard]] inline timestamp next_multiple(timestamp t, duration step) {
  duration into = t.time_since_epoch() % step;
  if (into < duration{0}) into += step;
  return saturating_add(t, step - into);
}

}  // namespace detail

/// For `early()`: a result at every multiple of `d` in event time, the first after the window's
/// first event.
struct every_event_time {
  using state = timestamp;  ///< When the next one is due; `min_timestamp` if none is.
  duration step;

  template <class Rep, class Period>
  explicit every_event_time(std::chrono::duration<Rep, Period> d)
      : step(detail::positive(d, "every_event_time(): the interval")) {}

  [[nodiscard]] state fresh() const { return min_timestamp; }
  trigger_action on_event(state& due, timestamp at, const trigger_view&) const {
    if (due == min_timestamp) due = detail::next_multiple(at, step);
    return trigger_action::go_on;
  }
  [[nodiscard]] timestamp next_event_time(const state& due) const {
    return due == min_timestamp ? max_timestamp : due;
  }
  [[nodiscard]] timestamp next_processing_time(const state&) const { return max_timestamp; }
  void fired(state& due, timestamp t) const {
    if (due != min_timestamp && due <= t) due = saturating_add(due, step);
  }
  void merge(state& into, const state& from) const {
    if (into == min_timestamp || (from != min_timestamp && from < into)) into = from;
  }
};

/// For `early()`: a result at every multiple of `d` by the wall clock, the first after the window's
/// first event was worked on.
struct every_processing_time {
  using state = timestamp;
  duration step;

  template <class Rep, class Period>
  explicit every_processing_time(std::chrono::duration<Rep, Period> d)
      : step(detail::positive(d, "every_processing_time(): the interval")) {}

  [[nodiscard]] state fresh() const { return min_timestamp; }
  trigger_action on_event(state& due, timestamp, const trigger_view& v) const {
    if (due == min_timestamp) due = detail::next_multiple(v.now, step);
    return trigger_action::go_on;
  }
  [[nodiscard]] timestamp next_event_time(const state&) const { return max_timestamp; }
  [[nodiscard]] timestamp next_processing_time(const state& due) const {
    return due == min_timestamp ? max_timestamp : due;
  }
  /// `now` may be past several multiples: those that were slept through are not made up for.
  void fired(state& due, timestamp now) const {
    if (due != min_timestamp && due <= now) due = detail::next_multiple(now, step);
  }
  void merge(state& into, const state& from) const {
    if (into == min_timestamp || (from != min_timestamp && from < into)) into = from;
  }
};

/// For `early()`: a result at every `n` events of a window.
struct every_events {
  using state = std::uint64_t;
  std::uint64_t n;

  explicit every_events(std::uint64_t events) : n(events) {
    if (n == 0)
      throw exception(
          {errc::invalid_argument, "every_events(): the number of events must be positive"});
  }

  [[nodiscard]] state fresh() const { return 0; }
  trigger_action on_event(state& count, timestamp, const trigger_view&) const {
    if (++count < n) return trigger_action::go_on;
    count = 0;
    return trigger_action::fire;
  }
  [[nodiscard]] timestamp next_event_time(const state&) const { return max_timestamp; }
  [[nodiscard]] timestamp next_processing_time(const state&) const { return max_timestamp; }
  void merge(state& into, const state& from) const { into += from; }
};

/// Whether `E` says how often early results come.
template <class E>
concept early_rhythm = std::same_as<E, every_event_time> ||
    std::same_as<E, every_processing_time> || std::same_as<E, every_events>;

/// `at_window_end` with results before it. What `early()` makes.
template <early_rhythm Every>
class with_early {
public:
  struct state {
    typename Every::state every{};
    bool begun = false;
    BOOST_DESCRIBE_CLASS(state, (), (every, begun), (), ())
  };

  explicit with_early(Every every) : every_(every) {}

  template <class T>
  trigger_action on_event(state& s, const T&, timestamp at, const trigger_view& v) const {
    if (v.complete) return trigger_action::fire;
    begin(s);
    return every_.on_event(s.every, at, v);
  }
  [[nodiscard]] timestamp next_event_time(const state& s, const trigger_view& v) const {
    if (v.complete) return max_timestamp;
    const timestamp early = s.begun ? every_.next_event_time(s.every) : max_timestamp;
    return v.by_clock ? early : std::min(early, v.window.last());
  }
  trigger_action on_event_time(state& s, timestamp t, const trigger_view&) const {
    if constexpr (std::same_as<Every, every_event_time>) every_.fired(s.every, t);
    return trigger_action::fire;
  }
  [[nodiscard]] timestamp next_processing_time(const state& s, const trigger_view& v) const {
    if (v.complete) return max_timestamp;
    const timestamp early = s.begun ? every_.next_processing_time(s.every) : max_timestamp;
    return v.by_clock ? std::min(early, v.window.last()) : early;
  }
  trigger_action on_processing_time(state& s, timestamp, const trigger_view& v) const {
    if constexpr (std::same_as<Every, every_processing_time>) every_.fired(s.every, v.now);
    return trigger_action::fire;
  }
  void merge(state& into, const state& from) const {
    if (!from.begun) return;
    begin(into);
    every_.merge(into.every, from.every);
  }

private:
  void begin(state& s) const {
    if (!std::exchange(s.begun, true)) s.every = every_.fresh();
  }

  Every every_;
};

/// Makes every firing of another trigger drop what the window has gathered.
template <class G>
class purging {
public:
  using state = typename G::state;

  explicit purging(G inner) : inner_(std::move(inner)) {}

  template <class T>
  trigger_action on_event(state& s, const T& event, timestamp at, const trigger_view& v) const {
    return purged(inner_.on_event(s, event, at, v));
  }
  [[nodiscard]] timestamp next_event_time(const state& s, const trigger_view& v) const {
    if constexpr (requires { inner_.next_event_time(s, v); })
      return inner_.next_event_time(s, v);
    else
      return max_timestamp;
  }
  trigger_action on_event_time(state& s, timestamp t, const trigger_view& v) const {
    if constexpr (requires { inner_.on_event_time(s, t, v); })
      return purged(inner_.on_event_time(s, t, v));
    else
      return trigger_action::go_on;
  }
  [[nodiscard]] timestamp next_processing_time(const state& s, const trigger_view& v) const {
    if constexpr (requires { inner_.next_processing_time(s, v); })
      return inner_.next_processing_time(s, v);
    else
      return max_timestamp;
  }
  trigger_action on_processing_time(state& s, timestamp t, const trigger_view& v) const {
    if constexpr (requires { inner_.on_processing_time(s, t, v); })
      return purged(inner_.on_processing_time(s, t, v));
    else
      return trigger_action::go_on;
  }
  template <std::same_as<state> S>
  requires merging_trigger<G>
  void merge(S& into, const S& from) const { inner_.merge(into, from); }

private:
  static trigger_action purged(trigger_action a) {
    return a == trigger_action::fire ? trigger_action::fire_and_purge : a;
  }

  G inner_;
};

}  // namespace weir

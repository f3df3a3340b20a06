// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/joining.hpp"
#include "weir/joins/interval_join_operator.hpp"
#include "weir/joins/join_kind.hpp"
#include "weir/joins/window_joins.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

/// A join of events by the distance of their times.
struct within_interval {
  static constexpr const char* kind = "interval_join";

  operators::join_interval bounds;
  bool lower_open = false;
  bool upper_open = false;

  template <join_kind Kind, class A, class KeyA, class B, class KeyB, class F>
  auto make(build::graph_draft& draft, KeyA key_a, KeyB key_b, F f,
            operators::join_sides sides) const {
    // Nothing is further apart than half of all time.
    constexpr duration far{std::numeric_limits<std::int64_t>::max() / 2};
    operators::join_interval closed{std::clamp(bounds.lower, -far, far),
                                    std::clamp(bounds.upper, -far, far)};
    closed.lower += duration{lower_open ? 1 : 0};
    closed.upper -= duration{upper_open ? 1 : 0};
    if (closed.lower > closed.upper)
      draft.mistake(
          "join(): within(lower, upper) holds no time at all; the lower bound must be "
          "less than the upper one, or the same with both inclusive");
    return operators::interval_join<mapped<KeyA, A>, A, B, KeyA, KeyB, F, Kind>{
        closed, std::move(key_a), std::move(key_b), std::move(f), std::move(sides)};
  }
};

/// A join of the events that share a window.
template <class Windows>
struct in_windows {
  static constexpr const char* kind = "window_join";

  Windows windows;

  template <join_kind Kind, class A, class KeyA, class B, class KeyB, class F>
  auto make(build::graph_draft&, KeyA key_a, KeyB key_b, F f, operators::join_sides sides) const {
    return operators::window_join_of<mapped<KeyA, A>, A, B, KeyA, KeyB, F, Kind, Windows>{
        windows, std::move(key_a), std::move(key_b), std::move(f), std::move(sides)};
  }
};

}  // namespace detail

/// How two keyed streams are joined, and what is made of it. `How` says which events belong
/// together. Settings return a new object.
template <class A, class KeyA, class B, class KeyB, class How, join_kind Kind = join_kind::inner>
class join_of {
public:
  join_of(keyed_stream<A, KeyA> a, keyed_stream<B, KeyB> b, How how,
          operators::join_sides sides = {})
      : a_(std::move(a)), b_(std::move(b)), how_(std::move(how)), sides_(std::move(sides)) {}

  /// Only pairs come out. The default.
  auto inner() const { return with<join_kind::inner>(); }
  /// Left events without a partner come out, too.
  auto left() const { return with<join_kind::left>(); }
  /// Right events without a partner come out, too.
  auto right() const { return with<join_kind::right>(); }
  /// All events without a partner come out, too.
  auto full() const { return with<join_kind::full>(); }

  /// A partner must be later than the lower bound.
  auto lower_exclusive() const {
    static_assert(std::is_same_v<How, detail::within_interval>,
                  "weir: lower_exclusive() is about the bounds of join().within(lower, upper)");
    auto made = *this;
    made.how_.lower_open = true;
    return made;
  }
  /// A partner must be earlier than the upper bound.
  auto upper_exclusive() const {
    static_assert(std::is_same_v<How, detail::within_interval>,
                  "weir: upper_exclusive() is about the bounds of join().within(lower, upper)");
    auto made = *this;
    made.how_.upper_open = true;
    return made;
  }

  /// Sends left events that come too late to this side output; they are counted in any case.
  auto late_left_to(const side_output<A>& output) const {
    return sent(&operators::join_sides::late_left, output.name);
  }
  auto late_right_to(const side_output<B>& output) const {
    return sent(&operators::join_sides::late_right, output.name);
  }
  /// Sends left events that found no partner, and don't come out of the join, to this side output;
  /// they are counted in any case.
  auto unmatched_left_to(const side_output<A>& output) const {
    static_assert(!detail::keeps_left(Kind),
                  "weir: unmatched_left_to() is not for left() and full() joins: there unmatched "
                  "left events come out of the join");
    return sent(&operators::join_sides::unmatched_left, output.name);
  }
  auto unmatched_right_to(const side_output<B>& output) const {
    static_assert(!detail::keeps_right(Kind),
                  "weir: unmatched_right_to() is not for right() and full() joins: there unmatched "
                  "right events come out of the join");
    return sent(&operators::join_sides::unmatched_right, output.name);
  }

  /// Emits what `f` makes of each pair; an event that may be missing comes as a pointer. `f` is
  /// called as const.
  template <join_function<A, B, Kind> F>
  auto apply(F f) const {
    using out = decltype(operators::join_events<Kind>(f, static_cast<const A*>(nullptr),
                                                      static_cast<const B*>(nullptr)));
    build::graph_draft& draft = build::joining::draft_of(a_);
    auto op = how_.template make<Kind, A, KeyA, B, KeyB>(
        draft, build::joining::key_of(a_), build::joining::key_of(b_), std::move(f), sides_);
    return build::joining::add<out>(build::joining::by_key(a_, b_, How::kind), std::move(op),
                                    How::kind);
  }
  template <class F>
  auto apply(F) const {
    static_assert(
        join_function<F, A, B, Kind>,
        "weir: apply() wants a function of a left and a right event, called as const, that gives a "
        "value; an event that may be missing comes as a pointer: the right one behind left(), the "
        "left one behind right(), both behind full()");
    return build::joining::begin(a_);
  }

private:
  template <class, class, class, class, class, join_kind>
  friend class join_of;

  template <join_kind Other>
  join_of<A, KeyA, B, KeyB, How, Other> with() const {
    return {a_, b_, how_, sides_};
  }
  join_of sent(std::string operators::join_sides::*which, const std::string& to) const {
    join_of made = *this;
    made.sides_.*which = to;
    return made;
  }

  keyed_stream<A, KeyA> a_;
  keyed_stream<B, KeyB> b_;
  How how_;
  operators::join_sides sides_;
};

/// Two streams keyed by the same type: which of their events belong together is to be said.
template <class A, class KeyA, class B, class KeyB>
class joined_streams {
public:
  joined_streams(keyed_stream<A, KeyA> a, keyed_stream<B, KeyB> b)
      : a_(std::move(a)), b_(std::move(b)) {
    static_assert(std::is_same_v<mapped<KeyA, A>, mapped<KeyB, B>>,
                  "weir: join() wants both streams keyed by the same type; let both key_by() give "
                  "it");
    static_assert(
        encodable<A> && encodable<B>,
        "weir: join() keeps events in state, which needs a codec: describe the types with "
        "BOOST_DESCRIBE_STRUCT");
  }

  /// Joins the events that share a window, each left one with each right one, when the window is
  /// complete: `tumbling`, `hopping`, `session` (of both sides' events together), `global_window`,
  /// or an assigner of one's own for both types.
  template <class W>
  auto window(W windows) const {
    static_assert(
        !detail::is_by_clock<W>,
        "weir: join().window() wants windows of event time; which events share one of "
        "processing time is up to how they happen to arrive: use connect().process() with "
        "timers");
    static_assert(!detail::is_count_window<W> && !std::is_same_v<W, sliding>,
                  "weir: join().window() wants windows that an event belongs to by its time: not "
                  "counts, which the two sides reach apart, nor sliding{}, for which there is "
                  "join().within(-d, d)");
    constexpr bool assigns = window_assigner<W, A> && window_assigner<W, B>;
    static_assert(assigns || detail::is_by_clock<W> || detail::is_count_window<W> ||
                      std::is_same_v<W, sliding>,
                  "weir: join().window() wants a kind of window, like tumbling{1min} or "
                  "session{10min}; one of your own needs `assign(event, timestamp, emit)` for the "
                  "events of both streams");
    if constexpr (!std::is_same_v<W, global_window>)
      require_event_time("join().window()", "what belongs to a window");
    return join_of<A, KeyA, B, KeyB, detail::in_windows<W>>{a_, b_, {std::move(windows)}};
  }

  /// Joins events of which the right one is at least `lower` and at most `upper` later than the
  /// left one; negative is earlier. State is kept as long as the bounds and the watermark ask for.
  auto within(duration lower, duration upper) const {
    require_event_time("join().within()", "which events are partners");
    return join_of<A, KeyA, B, KeyB, detail::within_interval>{a_, b_, {{lower, upper}}};
  }

private:
  void require_event_time(const std::string& what, const std::string& why) const {
    if (build::joining::has_event_time(a_) && build::joining::has_event_time(b_)) return;
    build::joining::draft_of(a_).mistake(
        what + ": a stream has no event time, which tells " + why +
        "; call .event_time(&event::at, bounded_out_of_orderness{5s}) on both before key_by()");
  }

  keyed_stream<A, KeyA> a_;
  keyed_stream<B, KeyB> b_;
};

}  // namespace weir

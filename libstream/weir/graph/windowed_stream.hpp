// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/chain.hpp"
#include "weir/graph/pre_aggregation.hpp"
#include "weir/graph/window_engines.hpp"
#include "weir/windows/folds.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace weir {

/// A stream in windows: how they behave, and what is made of each. Settings return a new object.
template <class T, class KeyOf, class Settings, class From = keyed_stream<T, KeyOf>>
class windowed_stream {
  using key = mapped<KeyOf, T>;
  using traits = detail::window_traits<Settings>;
  using windows_type = typename Settings::windows_type;

public:
  windowed_stream(From from, Settings settings)
      : from_(std::move(from)), settings_(std::move(settings)) {}

  /// Keeps a window for so long after the watermark has completed it; an event that still comes in
  /// leads to another result of the window at once.
  auto allowed_lateness(duration d) const {
    static_assert(!traits::sliding,
                  "weir: allowed_lateness() is not for sliding windows, which are evaluated in the "
                  "order of time: send late events to a side output with late_to()");
    static_assert(!traits::counted && !detail::is_by_clock<windows_type>,
                  "weir: allowed_lateness() is for windows of event time; in windows of counts or "
                  "of processing time nothing is late");
    if (d < duration{0}) draft().mistake("window(): the allowed lateness is negative");
    auto made = settings_.template with_flags<true, Settings::discards, Settings::on_change>();
    made.lateness = d;
    return with(std::move(made));
  }

  /// Sends events that come too late for all their windows to this side output; they are counted
  /// in any case.
  auto late_to(const side_output<T>& output) const {
    auto made = settings_;
    made.late_output = output.name;
    return with(std::move(made));
  }

  /// ... or makes dead letters of them, as of events that fail.
  auto late_to(as_dead_letters_t) const {
    return late_to(side_output<T>{std::string{operators::late_dead_letters}});
  }

  /// Gives results before a window is complete, too: `every_processing_time{d}`,
  /// `every_event_time{d}` or `every_events{n}`.
  template <early_rhythm E>
  auto early(E every) const {
    static_assert(std::is_same_v<typename Settings::trigger_type, at_window_end>,
                  "weir: early() goes with the default trigger; one given with trigger() says by "
                  "itself when to fire");
    static_assert(!(detail::is_by_clock<windows_type> && std::is_same_v<E, every_event_time>),
                  "weir: early(every_event_time) is for windows of event time; use "
                  "every_processing_time");
    return with(settings_.with_trigger(with_early<E>{every}));
  }
  template <class E>
  auto early(E) const {
    static_assert(early_rhythm<E>,
                  "weir: early() wants every_processing_time{d}, every_event_time{d} or "
                  "every_events{n}; anything else is a trigger()");
    return *this;
  }

  /// Lets a trigger decide when windows fire, in place of the watermark alone.
  template <class G>
  requires trigger_of<G, T>
  auto trigger(G g) const {
    static_assert(
        !detail::is_merging<windows_type> || merging_trigger<G>,
        "weir: a trigger of windows that merge, like sessions, needs `merge(state&, const "
        "state&)`");
    return with(settings_.with_trigger(std::move(g)));
  }
  template <class G>
  auto trigger(G) const {
    static_assert(trigger_of<G, T>,
                  "weir: trigger() wants an object with `state`, which has a codec, and "
                  "`on_event(state&, const T&, timestamp, const trigger_view&)`, called as const, "
                  "that gives a trigger_action");
    return *this;
  }

  /// Each result of a window is of the events since the one before.
  auto discarding() const {
    return with(settings_.template with_flags<Settings::late, true, Settings::on_change>());
  }
  /// Each result of a window is of all its events so far. The default.
  auto accumulating() const {
    return with(settings_.template with_flags<Settings::late, false, Settings::on_change>());
  }

  /// Takes events out of a window when it fires: `keep_last{n}`, `keep_newest{d}`,
  /// `keep_near{delta, threshold}` or one's own. Events are then kept one by one.
  template <class E>
  requires evictor_of<E, T>
  auto evict(E e) const { return with(settings_.with_evictor(std::move(e))); }
  template <class E>
  auto evict(E) const {
    static_assert(
        evictor_of<E, T>,
        "weir: evict() wants keep_last{n}, keep_newest{d}, keep_near{delta, threshold}, or "
        "an object with `after` and `evict(evict_view<T>&, const window&)`");
    return *this;
  }

  /// Leaves out a result that has the value that was emitted last: of the same window, if it fires
  /// several times; of the key's window before, if windows overlap.
  auto emit_on_change() const {
    return with(settings_.template with_flags<Settings::late, Settings::discards, true>());
  }

  /// Emits a `window_result<Key, R>` for each key and window; with several aggregates R is a tuple
  /// of their results.
  template <class A, class... More>
  requires(aggregate_of<A, T>&&...&& aggregate_of<More, T>) auto aggregate(A first,
                                                                           More... more) const {
    return aggregated<false>(same{}, std::move(first), std::move(more)...);
  }
  /// As above, with an `R` that is made of the aggregates' results in order.
  template <class R, class... A>
  requires(std::is_class_v<R> && sizeof...(A) != 0 && !aggregate_of<R, T> &&
           (... && aggregate_of<A, T>)) auto aggregate(A... parts) const {
    return aggregated<false>(into<R>{}, std::move(parts)...);
  }
  template <class A, class... More>
  auto aggregate(A, More...) const {
    static_assert(aggregate_of<A, T> && (... && aggregate_of<More, T>),
                  "weir: aggregate() wants aggregates over the stream's event type, like count{} "
                  "or mean{&event::delay}; "
                  "one of your own needs an accumulator with a codec, add(), merge() and result()");
    return from_.begin();
  }

  /// As `aggregate`, and emits `change`s to the table of results: where a window gives several
  /// results, or sessions merge, each says what it takes the place of.
  template <class A, class... More>
  requires(aggregate_of<A, T>&&...&& aggregate_of<More, T>) auto aggregate_changes(
      A first, More... more) const {
    return aggregated<true>(same{}, std::move(first), std::move(more)...);
  }
  template <class R, class... A>
  requires(std::is_class_v<R> && sizeof...(A) != 0 && !aggregate_of<R, T> &&
           (... && aggregate_of<A, T>)) auto aggregate_changes(A... parts) const {
    return aggregated<true>(into<R>{}, std::move(parts)...);
  }
  template <class A, class... More>
  auto aggregate_changes(A, More...) const {
    static_assert(aggregate_of<A, T> && (... && aggregate_of<More, T>),
                  "weir: aggregate_changes() wants aggregates over the stream's event type, like "
                  "count{} or mean{&event::delay}");
    return from_.begin();
  }

  /// Calls `f(key, window, events, emit)`, or `f(key, window, pane, events, emit)`, when a window
  /// fires, with all its events.
  template <class Out, class F>
  requires(std::invocable<const F&, const key&, const weir::window&, std::span<const T>,
                          void (*)(Out)> ||
           std::invocable<const F&, const key&, const weir::window&, const pane_info&,
                          std::span<const T>, void (*)(Out)>) auto process(F f) const {
    return gather<Out>(operators::process_fold<key, T, Out, F>{std::move(f)});
  }

  /// Emits what a fold makes of each window; see windows/folds.hpp.
  template <class Out, class Fold>
  auto gather(Fold fold) const {
    if constexpr (fits<Fold, false>()) {
      return made<Out, false>(std::move(fold));
    } else {
      return from_.begin();
    }
  }

private:
  struct same {
    template <class R>
    R operator()(R r) const {
      return r;
    }
  };
  template <class R>
  struct into {
    template <class... Results>
    R operator()(std::tuple<Results...> results) const {
      return std::apply([](auto&&... r) { return R{std::forward<decltype(r)>(r)...}; },
                        std::move(results));
    }
  };

  template <class, class, class, class>
  friend class windowed_stream;

  [[nodiscard]] build::graph_draft& draft() const { return *from_.state_.draft; }
  template <class S>
  windowed_stream<T, KeyOf, S, From> with(S settings) const {
    return {from_, std::move(settings)};
  }

  template <bool Changes, class Finish, class... A>
  auto aggregated(Finish finish, A... parts) const {
    if constexpr (sizeof...(A) == 1 && std::is_same_v<Finish, same>)
      return folded<Changes>(
          operators::aggregate_fold<key, T, A..., Finish>{std::move(parts)..., std::move(finish)});
    else
      return folded<Changes>(operators::aggregate_fold<key, T, aggregate_tuple<A...>, Finish>{
          aggregate_tuple{std::move(parts)...}, std::move(finish)});
  }
  template <bool Changes, class Fold>
  auto folded(Fold fold) const {
    using result = typename Fold::result;
    if constexpr (!fits<Fold, Changes>())
      return from_.begin();
    else if constexpr (build::gathers_before<KeyOf, traits>)
      return gathered_before<Changes>(std::move(fold));
    else if constexpr (Changes)
      return made<change<result>, true>(std::move(fold));
    else
      return made<result, false>(std::move(fold));
  }

  /// In two phases: partials of panes, or of sessions, are gathered before the exchange and merged
  /// behind it.
  template <bool Changes, class Fold>
  auto gathered_before(Fold fold) const {
    using phases = build::in_two_phases<windows_type>;
    using gather = typename phases::template gather<key, T, KeyOf, Fold>;
    auto settings = settings_.with_windows(typename phases::windows{settings_.windows});
    using merging =
        windowed_stream<typename gather::output, operators::partial_key, decltype(settings)>;
    gather op{settings_.windows, from_.key_of_, fold, build::options_of(from_.key_of_),
              !settings_.late_output.empty()};
    return merging{from_.template exchanged<operators::partial_key>(std::move(op)),
                   std::move(settings)}
        .template folded<Changes>(operators::partial_fold<Fold, T>{std::move(fold)});
  }

  /// Whether the settings go together; what doesn't is said in one line.
  template <class Fold, bool Changes>
  static constexpr bool fits() {
    constexpr bool special = !traits::special || (traits::plain && !Settings::discards);
    static_assert(special,
                  "weir: sliding and count windows have no triggers, early results, evictors or "
                  "discarding panes; use hopping windows, or a global window with a trigger");
    constexpr bool comparable = !Settings::on_change || requires(typename Fold::value_type v) {
      { v == v } -> std::convertible_to<bool>;
    };
    static_assert(comparable,
                  "weir: emit_on_change() goes with aggregates whose result can be compared");
    constexpr bool changing = !Settings::on_change || traits::hopping || traits::sliding ||
                              (traits::may_fire_again && !traits::counted);
    static_assert(changing,
                  "weir: emit_on_change() is for windows that overlap or fire several times; these "
                  "give one result each");
    constexpr bool changes = !Changes || (!traits::special && !Settings::discards);
    static_assert(changes,
                  "weir: aggregate_changes() is for accumulating windows of time; a result of "
                  "sliding, count or discarding windows takes the place of no other");
    constexpr bool one_rule = !(Changes && Settings::on_change && traits::hopping);
    static_assert(one_rule,
                  "weir: aggregate_changes() and emit_on_change() together are not for hopping "
                  "windows: a window that was left out would be missing from the table");
    return special && comparable && changing && changes && one_rule;
  }

  template <class Out, bool Changes, class Fold>
  auto made(Fold fold) const {
    const detail::window_engines<T, KeyOf, Settings> engines{settings_, from_.key_of_};
    if (engines.template costs_overlap<Changes>())
      draft().warning(
          "window(): triggers, early results, evictors and discarded panes on windows that overlap "
          "keep something for each window that an event is in, so they cost the overlap; without "
          "them the cost is the same for any overlap");
    return from_.begin().template then<Out>(engines.template make<Changes>(std::move(fold)),
                                            "window", true);
  }

  From from_;
  Settings settings_;
};

}  // namespace weir

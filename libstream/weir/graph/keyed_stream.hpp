// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/chain.hpp"
#include "weir/graph/connected_streams.hpp"
#include "weir/graph/joined_streams.hpp"
#include "weir/graph/table.hpp"
#include "weir/graph/windowed_stream.hpp"
#include "weir/operators/aggregate_changes.hpp"
#include "weir/operators/distinct.hpp"
#include "weir/operators/reduce.hpp"
#include "weir/operators/sort_by_time.hpp"
#include "weir/operators/throttle.hpp"
#include "weir/patterns/detect_rules_operator.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

namespace detail {

template <class S>
inline constexpr bool is_keyed_stream = false;
template <class T, class KeyOf>
inline constexpr bool is_keyed_stream<keyed_stream<T, KeyOf>> = true;

}  // namespace detail

/// A function that combines two events of `T` into one.
template <class F, class T>
concept reducer = std::invocable<const F&, const T&, const T&> &&
    std::convertible_to<std::invoke_result_t<const F&, const T&, const T&>, T>;

/// A stream whose events are dealt to stage instances by key; what follows has state of its own for
/// each key.
template <class T, class KeyOf>
class keyed_stream {
public:
  using event_type = T;
  using key = mapped<KeyOf, T>;

  keyed_stream(std::shared_ptr<build::exchange<T>> through, build::chain_state state, KeyOf key_of)
      : through_(std::move(through)), state_(std::move(state)), key_of_(std::move(key_of)) {}

  /// Combines the events of a key, one after the other, and emits the value so far at each event.
  template <reducer<T> F>
  auto reduce(F f) const {
    return begin().template then<T>(operators::reduce<key, T, KeyOf, F>{key_of_, std::move(f)},
                                    "reduce", true);
  }
  template <class F>
  auto reduce(F) const {
    static_assert(reducer<F, T>,
                  "weir: reduce() wants a function of two events, the value so far and the next, "
                  "that gives one");
    return *this;
  }

  /// Groups each key's events into windows: `tumbling`, `hopping`, `sliding`, `session`,
  /// `tumbling_count`, `sliding_count`, `global_window`, one of these in `processing_time()`, or an
  /// assigner of one's own.
  template <class W>
  requires detail::is_window_kind<W, T>
  auto window(W windows) const { return windowed(*this, std::move(windows)); }
  template <class W>
  auto window(W) const {
    static_assert(
        detail::is_window_kind<W, T>,
        "weir: window() wants a kind of window, like tumbling{1min} or session{10min}; one "
        "of your own needs `assign(const T&, timestamp, emit)`, called as const");
    return begin();
  }

  /// On a stream of changes: aggregates the rows that each key has at the time, and emits a change
  /// to the table of results at each change that comes in. Rows that change their key must come as
  /// a removal and an insertion, which is what `split_updates` makes of updates. Every aggregate
  /// must be able to `retract`.
  template <class... A>
  requires(sizeof...(A) != 0 && change_event<T> &&
           (... && operators::retracts_rows<A, T>)) auto aggregate_changes(A... parts) const {
    if constexpr (sizeof...(A) == 1)
      return running_changes(std::move(parts)...);
    else
      return running_changes(aggregate_tuple{std::move(parts)...});
  }
  template <class... A>
  auto aggregate_changes(A...) const {
    static_assert(change_event<T>,
                  "weir: aggregate_changes() on a keyed stream wants a stream of weir::change; on "
                  "plain events use a window, or reduce()");
    static_assert((... && operators::retracts_rows<A, T>),
                  "weir: aggregate_changes() wants aggregates over the rows of the stream that can "
                  "take an event back: with `retract(acc, row)` beside add()");
    return begin();
  }

  /// Gathers the events of each key and pane, or session, in the stages that they come from, and
  /// sends partial aggregates through the exchange in place of events: for keys with many events,
  /// of which one instance would have to take all. Goes before `.window(…).aggregate(…)` of
  /// tumbling, hopping or session windows; the results are the same.
  keyed_stream<T, build::gathering_key<KeyOf>> local_pre_aggregate(
      pre_aggregation options = {}) const {
    return {through_, state_, {key_of_, options}};
  }

  /// Runs a free-form operator with state and timers for each key.
  template <processor<key, T> P>
  auto process(P processor) const {
    return begin().template then<typename P::output>(
        operators::process<key, T, KeyOf, P>{key_of_, std::move(processor)}, "process", true,
        is_atomic<P>);
  }
  template <class P>
  auto process(P) const {
    static_assert(processor<P, key, T>,
                  "weir: process() wants an object with `using output = …` and `on_event(const T&, "
                  "process_context<Key, "
                  "output>&)`, where Key is the type that key_by() gives");
    return *this;
  }

  /// Passes an event on unless one of its key passed less than `ttl` of event time before it; an
  /// older event of the key is a repeat, too. Repeats are counted (`<name>: repeats`). An event
  /// behind the watermark whose key is not remembered any more may be a repeat, and is late:
  /// counted, and sent to the side output. Remembers a time a key, for `ttl`. Throws
  /// `weir::exception` if `ttl` is not positive.
  auto distinct(duration ttl, const side_output<T>& late = {}) const {
    build::require_event_time(*state_.draft, state_.has_event_time, "distinct()");
    return begin().template then<T>(
        operators::distinct<key, T, KeyOf>{
            key_of_, build::positive_time(ttl, "distinct(): the time to remember a key"),
            late.name},
        "distinct", true);
  }

  /// Passes at most `most` events of each key on in a period of `length`, which begins with the
  /// first event at or after the end of the one before. The rest goes to the side output, and is
  /// counted (`<name>: throttled`); so is an event whose period the watermark has passed, as late.
  /// Throws `weir::exception` if `most` is 0 or `length` not positive.
  auto throttle(std::uint64_t most, duration length, const side_output<T>& rest = {}) const {
    build::require_event_time(*state_.draft, state_.has_event_time, "throttle()");
    if (most == 0)
      throw exception({errc::invalid_argument, "throttle(): at most 0 events would pass"});
    return begin().template then<T>(
        operators::throttle<key, T, KeyOf>{
            key_of_, most, build::positive_time(length, "throttle(): the period"), rest.name},
        "throttle", true);
  }

  /// As `chain::sort_by_time`, for the events of each keyed instance.
  auto sort_by_time(const side_output<T>& late = {}) const {
    static_assert(encodable<T>,
                  "weir: sort_by_time() keeps events in state, which needs a codec: describe the "
                  "type with BOOST_DESCRIBE_STRUCT");
    build::require_event_time(*state_.draft, state_.has_event_time, "sort_by_time()");
    return begin().template then<T>(operators::sort_by_time<key, T, KeyOf>{key_of_, late.name},
                                    "sort_by_time", true);
  }

  /// Looks a fact up for each event, somewhere outside the stream, and emits the two; see
  /// docs/guide/enrichment.md. `enrich_order::by_key` is by the stream's key. Throws
  /// `weir::exception` if a setting makes no sense.
  template <class LookUpKey, class Client>
  auto enrich(look_up_by<LookUpKey, Client> of,
              enrich_options<build::fact_type<T, LookUpKey, Client>> options = {}) const {
    return build::enriching::add<chain<T, T>, T>(begin(), key_of_, std::move(of),
                                                 std::move(options));
  }

  /// Finds the events of each key that fit a pattern, in the order of their time: emits a
  /// `match<T>` for each. See docs/guide/patterns.md.
  auto detect(const pattern<T>& p, detect_options<T> options = {}) const {
    return build::detect<key>(begin(), key_of_, p, std::move(options));
  }
  template <class P>
  auto detect(const P&) const {
    static_assert(std::is_same_v<P, pattern<T>>,
                  "weir: detect() wants a pattern over the stream's event type, weir::pattern<…>");
    return begin();
  }

  /// Finds the events of each key that fit patterns which come as rules on another stream, while
  /// the pipeline runs. The rules go to every instance; their stream needs no event time, and
  /// nothing waits for it. `initial` rules are in force from the first event. See
  /// docs/guide/patterns.md.
  template <class Rules>
  auto detect_dynamic(Rules&& rules, detect_options<T> options = {},
                      std::vector<pattern_rule> initial = {}) const {
    static_assert(std::is_same_v<typename std::decay_t<Rules>::event_type, pattern_rule>,
                  "weir: detect_dynamic() wants a stream of weir::pattern_rule");
    build::require_event_time(*state_.draft, state_.has_event_time, options, "detect_dynamic()");
    for (const pattern_rule& r : initial)
      if (auto p = read_pattern<T>(r); !p)
        state_.draft->mistake("detect_dynamic(): " + p.error().message);
      else if (auto compiled = p->compile(); !compiled)
        state_.draft->mistake("detect_dynamic(): " + compiled.error().message);
    auto first = build::begin_two_input_stage<T, pattern_rule>(*state_.draft, "detect_dynamic");
    auto& made = state_.draft->stages[first->stage()];
    made.keyed = true;
    made.parallelism = through_->instances().n;
    through_->share_instances(first->stage());
    made.untimed_input = 1;
    made.instance_of.emplace_back(build::instance_of_key<T>(key_of_));
    through_->deal(first->stage(), 0);
    auto broadcast = [to = first->stage()](auto&& from) {
      from.connect(
          to, partition::broadcast,
          [](const build::assembly&, std::size_t) { return flow::single_router{}; }, 1);
    };
    if constexpr (std::is_lvalue_reference_v<Rules>)
      broadcast(rules.rooted());
    else
      broadcast(rules);
    using event = flow::either<T, pattern_rule>;
    return chain<event, event>{std::move(first), {}, {state_.draft, true, {}}}
        .template then<match<T>>(
            operators::detect_rules<key, T, KeyOf>{key_of_, std::move(options), std::move(initial)},
            "detect_dynamic", true);
  }

  /// Joins this stream, the left one, with another that is keyed by the same type: say how with
  /// `.within(lower, upper)` or `.window(…)`, then what is made of a pair with `.apply(f)`. See
  /// docs/guide/joins.md.
  template <class U, class OtherKeyOf>
  auto join(const keyed_stream<U, OtherKeyOf>& right) const {
    return joined_streams<T, KeyOf, U, OtherKeyOf>{*this, right};
  }
  /// Joins each event with its key's row of a table: say which version with `.as_of()` or
  /// `.once_loaded()`, then what is made of both with `.apply(f)`.
  template <class V, class TableKeyOf>
  auto join(const table<V, TableKeyOf>& with) const {
    return joined_table<T, KeyOf, V, TableKeyOf>{*this, with};
  }
  template <class Other>
  auto join(const Other&) const {
    static_assert(
        detail::is_keyed_stream<Other>,
        "weir: join() wants another keyed stream, or a table made of one with to_table(): "
        "call key_by() first");
    return begin();
  }

  /// Brings this stream and others that are keyed by the same type to one processor, with states
  /// and timers of the key that they share: `.process(p)`.
  template <class... Others>
  requires(sizeof...(Others) != 0 &&
           (... && detail::is_keyed_stream<Others>)) auto connect(const Others&... others) const {
    return connected_streams<keyed_stream, Others...>{*this, others...};
  }
  /// ... with one that every instance sees.
  template <class U>
  auto connect(const broadcast_stream<U>& with) const {
    return connected_broadcast<T, KeyOf, U>{*this, with};
  }
  template <class... Others>
  auto connect(const Others&...) const {
    constexpr bool keyed = sizeof...(Others) != 0 && (... && detail::is_keyed_stream<Others>);
    static_assert(keyed,
                  "weir: connect() wants other keyed streams, or one for all instances: call "
                  "key_by() or broadcast() first");
    return begin();
  }

  /// The table of each key's latest event; of a stream of changes, the rows that they lead to.
  auto to_table() const { return table<T, KeyOf>{*this}; }

  /// Sets how many instances the keys are dealt to.
  keyed_stream& parallelism(std::uint32_t n) {
    through_->parallelism(n);
    return *this;
  }

private:
  friend struct build::joining;
  template <class, class, class, class>
  friend class windowed_stream;
  template <class>
  friend class build::undealt;

  template <class A>
  auto running_changes(A aggregate) const {
    using op = operators::aggregate_changes<key, T, KeyOf, A>;
    return begin().template then<typename op::output>(op{key_of_, std::move(aggregate)},
                                                      "aggregate_changes", true);
  }

  template <class, class>
  friend class keyed_stream;

  [[nodiscard]] chain<T, T> begin() const {
    static_assert(!build::is_gathering<KeyOf>,
                  "weir: local_pre_aggregate() goes before .window(tumbling, hopping or session)"
                  ".aggregate(…), without triggers, early results, evictors and discarding()");
    return {through_->events(), {}, {state_.draft, state_.has_event_time, {}}};
  }

  template <class From, class W>
  static auto windowed(From from, W windows) {
    constexpr bool needs_time =
        !detail::is_count_window<W> && !detail::is_by_clock<W> && !std::is_same_v<W, global_window>;
    if (needs_time && !from.state_.has_event_time)
      from.state_.draft->mistake(
          "window(): the stream has no event time, which tells what belongs to a window; call "
          ".event_time(&event::at, bounded_out_of_orderness{5s}) before key_by()");
    using settings = detail::window_settings<W>;
    return windowed_stream<T, KeyOf, settings, From>{std::move(from), settings{std::move(windows)}};
  }

  /// The stream of what `op` makes of the events before they are dealt, by another key. When it is
  /// connected, `as_well(chain, end)` is told.
  template <class By, class Op, class AsWell = build::nothing_more>
  keyed_stream<typename Op::output, By> exchanged(Op op, AsWell as_well = {}) const {
    using out = typename Op::output;
    const build::chain_state state{state_.draft, state_.has_event_time, {}};
    chain<T, T> before{through_->before(), {}, state};
    auto gathering = std::move(before).template then<out>(std::move(op), "pre_aggregate", true);
    const std::uint32_t here = gathering.from_->stage();
    const std::size_t number = gathering.state_.operators.back();
    const auto dealt =
        gathering.template exchange_by<By>(By{}, through_->instances(), std::move(as_well));
    state_.draft->stages[here].operators[number].gathers_for = dealt->events()->stage();
    through_->share_instances(dealt->events()->stage());
    return {dealt, state, By{}};
  }

  std::shared_ptr<build::exchange<T>> through_;
  build::chain_state state_;
  KeyOf key_of_;
};

/// ... so that what gathers its events before they are dealt can run in its loop.
template <class Chain>
class build::undealt : public keyed_stream<typename Chain::event_type, without_key> {
  using event = typename Chain::event_type;
  using base = keyed_stream<event, without_key>;

public:
  explicit undealt(std::shared_ptr<Chain> of)
      : base(Chain::exchange_to_one(of), {of->state_.draft, of->state_.has_event_time, {}}, {}),
        chain_(std::move(of)) {}

  template <class W>
  auto window(W windows) const {
    if constexpr (detail::is_window_kind<W, event>)
      return base::windowed(*this, std::move(windows));
    else
      return base::window(std::move(windows));
  }

private:
  template <class, class, class, class>
  friend class weir::windowed_stream;

  struct in_its_loop {
    std::shared_ptr<Chain> chain_before;

    template <class U, class... Ops, class MakeEnd>
    void operator()(const chain<event, U, Ops...>& gathering, const MakeEnd& end) const {
      chain_before->run_through(gathering, end);
    }
    template <class Other, class MakeEnd>
    void operator()(const Other&, const MakeEnd&) const {}  // it has a name, and is closed
  };

  template <class By, class Op>
  auto exchanged(Op op) const {
    return base::template exchanged<By>(std::move(op), in_its_loop{chain_});
  }

  std::shared_ptr<Chain> chain_;
};

template <class S, class T, class... Ops>
template <class W>
auto chain<S, T, Ops...>::window(W windows) && {
  return build::undealt<chain>{std::make_shared<chain>(std::move(*this))}.window(
      std::move(windows));
}

template <class S, class T, class... Ops>
broadcast_stream<T> chain<S, T, Ops...>::broadcast() {
  return {rooted()};
}

template <class S, class T, class... Ops>
template <class U>
auto chain<S, T, Ops...>::connect(const broadcast_stream<U>& with) {
  return connected_unkeyed<T, U>{rooted(), with};
}

}  // namespace weir

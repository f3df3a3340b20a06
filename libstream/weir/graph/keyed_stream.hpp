// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/chain.hpp"
#include "weir/graph/windowed_stream.hpp"
#include "weir/operators/aggregate_changes.hpp"
#include "weir/operators/reduce.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir {

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

  keyed_stream(std::shared_ptr<build::node<T>> at, build::chain_state state, KeyOf key_of)
      : at_(std::move(at)), state_(std::move(state)), key_of_(std::move(key_of)) {}

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
  auto window(W windows) const {
    constexpr bool needs_time =
        !detail::is_count_window<W> && !detail::is_by_clock<W> && !std::is_same_v<W, global_window>;
    if (needs_time && !state_.has_event_time)
      state_.draft->mistake(
          "window(): the stream has no event time, which tells what belongs to a window; call "
          ".event_time(&event::at, bounded_out_of_orderness{5s}) before key_by()");
    using settings = detail::window_settings<W>;
    return windowed_stream<T, KeyOf, settings>{*this, settings{std::move(windows)}};
  }
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

  /// Runs a free-form operator with state and timers for each key.
  template <processor<key, T> P>
  auto process(P processor) const {
    return begin().template then<typename P::output>(
        operators::process<key, T, KeyOf, P>{key_of_, std::move(processor)}, "process", true);
  }
  template <class P>
  auto process(P) const {
    static_assert(processor<P, key, T>,
                  "weir: process() wants an object with `using output = …` and `on_event(const T&, "
                  "process_context<Key, "
                  "output>&)`, where Key is the type that key_by() gives");
    return *this;
  }

  /// Sets how many instances the keys are dealt to.
  keyed_stream& parallelism(std::uint32_t n) {
    state_.draft->stages[at_->stage()].parallelism = n;
    return *this;
  }

private:
  template <class, class, class>
  friend class windowed_stream;

  template <class A>
  auto running_changes(A aggregate) const {
    using op = operators::aggregate_changes<key, T, KeyOf, A>;
    return begin().template then<typename op::output>(op{key_of_, std::move(aggregate)},
                                                      "aggregate_changes", true);
  }

  [[nodiscard]] chain<T, T> begin() const {
    return {at_, {}, {state_.draft, state_.has_event_time, {}}};
  }

  std::shared_ptr<build::node<T>> at_;
  build::chain_state state_;
  KeyOf key_of_;
};

template <class S, class T, class... Ops>
template <class W>
auto chain<S, T, Ops...>::window(W windows) && {
  auto first = build::begin_stage<T>(*state_.draft, "operators", "window");
  auto& made = state_.draft->stages[first->stage()];
  made.parallelism = 1;
  made.single_state = true;
  const bool has_time = state_.has_event_time;
  auto draft = state_.draft;
  std::move(*this).join(first->stage());
  return keyed_stream<T, detail::to_no_key>{std::move(first), {std::move(draft), has_time, {}}, {}}
      .window(std::move(windows));
}

}  // namespace weir

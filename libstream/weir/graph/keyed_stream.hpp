// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/chain.hpp"
#include "weir/operators/distinct.hpp"
#include "weir/operators/reduce.hpp"
#include "weir/operators/sort_by_time.hpp"
#include "weir/operators/throttle.hpp"
#include "weir/windows/folds.hpp"
#include "weir/windows/tumbling_operator.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir {

template <class T, class KeyOf, class Windows>
class windowed_stream;

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

  /// Groups each key's events into windows of event time.
  windowed_stream<T, KeyOf, tumbling> window(tumbling windows) const {
    if (!state_.has_event_time)
      state_.draft->mistake(
          "window(): the stream has no event time, which tells what belongs to a window; call "
          ".event_time(&event::at, bounded_out_of_orderness{5s}) before key_by()");
    return {*this, windows};
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

  /// Sets how many instances the keys are dealt to.
  keyed_stream& parallelism(std::uint32_t n) {
    through_->parallelism(n);
    return *this;
  }

private:
  template <class, class, class>
  friend class windowed_stream;

  [[nodiscard]] chain<T, T> begin() const {
    return {through_->events(), {}, {state_.draft, state_.has_event_time, {}}};
  }

  std::shared_ptr<build::exchange<T>> through_;
  build::chain_state state_;
  KeyOf key_of_;
};

/// A keyed stream in windows: says what is made of each window.
template <class T, class KeyOf, class Windows>
class windowed_stream {
  using key = mapped<KeyOf, T>;

public:
  windowed_stream(keyed_stream<T, KeyOf> from, Windows windows)
      : from_(std::move(from)), windows_(windows) {}

  /// Sends events that come after their window was emitted to this side output; they are counted in
  /// any case.
  windowed_stream& late_to(const side_output<T>& output) {
    late_output_ = output.name;
    return *this;
  }

  /// Emits a `window_result<Key, R>` for each key and window; with several aggregates R is a tuple
  /// of their results.
  template <class A, class... More>
  requires(aggregate_of<A, T>&&...&& aggregate_of<More, T>) auto aggregate(A first,
                                                                           More... more) const {
    const auto same = [](auto r) { return r; };
    if constexpr (sizeof...(More) == 0)
      return folded<aggregate_fold_of<A, decltype(same)>>({std::move(first), same});
    else
      return folded<aggregate_fold_of<aggregate_tuple<A, More...>, decltype(same)>>(
          {aggregate_tuple{std::move(first), std::move(more)...}, same});
  }
  /// As above, with an `R` that is made of the aggregates' results in order.
  template <class R, class... A>
  requires(std::is_class_v<R> && sizeof...(A) != 0 && !aggregate_of<R, T> &&
           (... && aggregate_of<A, T>)) auto aggregate(A... parts) const {
    const auto into = [](auto results) {
      return std::apply([](auto&&... r) { return R{std::forward<decltype(r)>(r)...}; },
                        std::move(results));
    };
    return folded<aggregate_fold_of<aggregate_tuple<A...>, decltype(into)>>(
        {aggregate_tuple{std::move(parts)...}, into});
  }
  template <class A, class... More>
  auto aggregate(A, More...) const {
    static_assert(aggregate_of<A, T> && (... && aggregate_of<More, T>),
                  "weir: aggregate() wants aggregates over the stream's event type, like count{} "
                  "or mean{&event::delay}; "
                  "one of your own needs an accumulator with a codec, add(), merge() and result()");
    return from_.begin();
  }

  /// Calls `f(key, window, events, emit)` when a window is complete, with all its events.
  template <class Out, class F>
  requires std::invocable < const F&, const key&, const weir::window&, std::span<const T>,
  void (*)(Out) > auto process(F f) const {
    return folded<operators::process_fold<key, T, Out, F>, Out>(
        operators::process_fold<key, T, Out, F>{std::move(f)});
  }

private:
  template <class A, class Finish>
  using aggregate_fold_of = operators::aggregate_fold<key, T, A, Finish>;

  template <class Fold>
  auto folded(Fold fold) const {
    return folded<Fold, typename Fold::result>(std::move(fold));
  }
  template <class Fold, class Out>
  auto folded(Fold fold) const {
    return from_.begin().template then<Out>(
        operators::tumbling_operator<key, T, KeyOf, Fold>{windows_, from_.key_of_, std::move(fold),
                                                          late_output_},
        "window", true);
  }

  keyed_stream<T, KeyOf> from_;
  Windows windows_;
  std::string late_output_;
};

}  // namespace weir

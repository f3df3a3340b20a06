// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/chain.hpp"
#include "weir/operators/reduce.hpp"
#include "weir/patterns/detect_rules_operator.hpp"
#include "weir/windows/folds.hpp"
#include "weir/windows/tumbling_operator.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

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
    made.parallelism = state_.draft->stages[at_->stage()].parallelism;
    made.untimed_input = 1;
    begin().connect(first->stage(), partition::hash,
                    [key_of = key_of_](const build::assembly& a, std::size_t lanes) {
                      return flow::hash_router<KeyOf>{key_of, a.key_groups, lanes};
                    });
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

  /// Sets how many instances the keys are dealt to.
  keyed_stream& parallelism(std::uint32_t n) {
    state_.draft->stages[at_->stage()].parallelism = n;
    return *this;
  }

private:
  template <class, class, class>
  friend class windowed_stream;

  [[nodiscard]] chain<T, T> begin() const {
    return {at_, {}, {state_.draft, state_.has_event_time, {}}};
  }

  std::shared_ptr<build::node<T>> at_;
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

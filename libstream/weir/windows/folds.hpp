// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/windows/window.hpp"

#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace weir::operators {

// A fold says what engines gather of a window's events and what they emit of it:
// `accumulator`, `init()`, `add(acc, event, at)`, `merge(acc, other)`, where `other` holds what
// came after what `acc` holds, and `emit(key, window, pane, acc, next)`. One with a single result
// has `value(acc)` and `result`, too.

/// Gathers an aggregate's accumulator and emits a `window_result` of what `finish` makes of its
/// result.
template <class K, class T, class Aggregate, class Finish>
class aggregate_fold {
public:
  using accumulator = accumulator_of<Aggregate, T>;
  using value_type =
      std::decay_t<std::invoke_result_t<const Finish&, aggregate_result<Aggregate, T>>>;
  using result = window_result<K, value_type>;

  aggregate_fold(Aggregate a, Finish finish)
      : aggregate_(std::move(a)), finish_(std::move(finish)) {}

  [[nodiscard]] accumulator init() const { return initial_accumulator<Aggregate, T>(aggregate_); }
  void add(accumulator& acc, const T& event, timestamp at) const {
    add_event(aggregate_, acc, event, at);
  }
  void merge(accumulator& acc, const accumulator& other) const { aggregate_.merge(acc, other); }
  [[nodiscard]] value_type value(const accumulator& acc) const {
    return finish_(aggregate_.result(acc));
  }
  template <class Next>
  void emit(const K& key, const window& w, const pane_info& pane, const accumulator& acc,
            Next& next) const {
    next(result{key, w, value(acc), pane}, w.last());
  }

private:
  [[no_unique_address]] Aggregate aggregate_;
  [[no_unique_address]] Finish finish_;
};

/// Gathers the events themselves, and hands them to a function when the window fires.
template <class K, class T, class Out, class F>
class process_fold {
public:
  using accumulator = std::vector<T>;
  static constexpr bool takes_events = true;  ///< `emit` takes a span of events as well.

  explicit process_fold(F f) : f_(std::move(f)) {}

  [[nodiscard]] accumulator init() const { return {}; }
  template <class E>
  void add(accumulator& acc, E&& event, timestamp) const {
    acc.push_back(std::forward<E>(event));
  }
  void merge(accumulator& acc, const accumulator& other) const {
    acc.insert(acc.end(), other.begin(), other.end());
  }
  template <class Next>
  void emit(const K& key, const window& w, const pane_info& pane, std::span<const T> events,
            Next& next) const {
    const auto emit_one = [&](Out value) { next(std::move(value), w.last()); };
    if constexpr (std::invocable<const F&, const K&, const window&, const pane_info&,
                                 std::span<const T>, decltype(emit_one)>)
      std::invoke(f_, key, w, pane, events, emit_one);
    else
      std::invoke(f_, key, w, events, emit_one);
  }

private:
  [[no_unique_address]] F f_;
};

/// A fold whose windows are gathered event by event.
template <class Fold>
concept folds_events = requires {
  requires Fold::takes_events;
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/windows/window.hpp"

#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace weir::operators {

/// Gathers an aggregate's accumulator and emits a `window_result` of what `finish` makes of its
/// result.
template <class K, class T, class Aggregate, class Finish>
class aggregate_fold {
public:
  using accumulator = accumulator_of<Aggregate, T>;
  using result = window_result<
      K, std::decay_t<std::invoke_result_t<const Finish&, aggregate_result<Aggregate, T>>>>;

  aggregate_fold(Aggregate a, Finish finish)
      : aggregate_(std::move(a)), finish_(std::move(finish)) {}

  [[nodiscard]] accumulator init() const { return initial_accumulator<Aggregate, T>(aggregate_); }
  void add(accumulator& acc, const T& event, timestamp at) const {
    add_event(aggregate_, acc, event, at);
  }
  template <class Next>
  void emit(const K& key, const window& w, const accumulator& acc, Next& next) const {
    next(result{key, w, finish_(aggregate_.result(acc))}, w.last());
  }

private:
  [[no_unique_address]] Aggregate aggregate_;
  [[no_unique_address]] Finish finish_;
};

/// Gathers the events themselves, and hands them to a function when the window is complete.
template <class K, class T, class Out, class F>
class process_fold {
public:
  using accumulator = std::vector<T>;

  explicit process_fold(F f) : f_(std::move(f)) {}

  [[nodiscard]] accumulator init() const { return {}; }
  template <class E>
  void add(accumulator& acc, E&& event, timestamp) const {
    acc.push_back(std::forward<E>(event));
  }
  template <class Next>
  void emit(const K& key, const window& w, const accumulator& events, Next& next) const {
    std::invoke(f_, key, w, std::span<const T>{events},
                [&](Out value) { next(std::move(value), w.last()); });
  }

private:
  [[no_unique_address]] F f_;
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/flow/operator_concepts.hpp"

#include <functional>
#include <utility>

namespace weir::operators {

template <class F>
class map {
public:
  static constexpr bool emits_at_most_one = true;

  explicit map(F f) : f_(std::move(f)) {}

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) const {
    next(std::invoke(f_, std::as_const(event)), at);
  }

private:
  [[no_unique_address]] F f_;
};

template <class F>
class filter {
public:
  static constexpr bool emits_at_most_one = true;

  explicit filter(F f) : f_(std::move(f)) {}

  template <class E>
  [[nodiscard]] bool keeps(const E& event) const {
    return std::invoke(f_, event);
  }
  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) const {
    if (keeps(event)) next(std::forward<E>(event), at);
  }

private:
  [[no_unique_address]] F f_;
};

/// Emits each element of the range that the function gives.
template <class F>
class flat_map_range {
public:
  static constexpr bool emits_many = true;

  explicit flat_map_range(F f) : f_(std::move(f)) {}

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) const {
    for (auto&& value : std::invoke(f_, std::as_const(event)))
      next(std::forward<decltype(value)>(value), at);
  }

private:
  [[no_unique_address]] F f_;
};

/// Emits what the function hands to its second argument.
template <class Out, class F>
class flat_map_emit {
public:
  static constexpr bool emits_many = true;

  explicit flat_map_emit(F f) : f_(std::move(f)) {}

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) const {
    std::invoke(f_, std::as_const(event), [&](Out value) { next(std::move(value), at); });
  }

private:
  [[no_unique_address]] F f_;
};

}  // namespace weir::operators

template <class F>
inline constexpr bool weir::flow::is_filter<weir::operators::filter<F>> = true;

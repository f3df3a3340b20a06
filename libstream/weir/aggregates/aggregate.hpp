// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"
#include "weir/core/time.hpp"

#include <concepts>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

template <class A, class T>
struct accumulator_type;
template <class A, class T>
requires requires { typename A::accumulator; }
struct accumulator_type<A, T> {
  using type = typename A::accumulator;
};
template <class A, class T>
requires requires { typename A::template accumulator_for<T>; }
struct accumulator_type<A, T> {
  using type = typename A::template accumulator_for<T>;
};

}  // namespace detail

/// What aggregate `A` remembers of events of `T`: `A::accumulator`, or `A::accumulator_for<T>`
/// where it depends on `T`.
template <class A, class T>
using accumulator_of = typename detail::accumulator_type<A, T>::type;

/// An aggregate whose `add` wants to know when the event was.
template <class A, class T>
concept timed_aggregate_of = requires(const A a, accumulator_of<A, T> acc, const T& event,
                                      timestamp at) {
  a.add(acc, event, at);
};

/// Folds events of `T` into a value. An accumulator starts value-initialised, or from `init()` if
/// there is one; it needs a codec, since it is state. `add(acc, event)`, or
/// `add(acc, event, timestamp)`, takes an event in. `merge(acc, other)` joins what two instances or
/// two windows have gathered: it must be associative, and what `init()` gives must change nothing.
template <class A, class T>
concept aggregate_of = std::copy_constructible<A> &&
    requires(const A a, accumulator_of<A, T> acc, const T& event) {
  requires encodable<accumulator_of<A, T>>;
  requires timed_aggregate_of<A, T> || requires { a.add(acc, event); };
  a.merge(acc, std::as_const(acc));
  a.result(std::as_const(acc));
};

/// An aggregate that can take an event out again, so that the accumulator is the one that it would
/// be had the event never come: `retract(acc, event)`. Only what is exact can: a floating-point
/// sum from which a value was taken is not the sum without it.
template <class A, class T>
concept retractable_aggregate_of = aggregate_of<A, T> &&
    requires(const A a, accumulator_of<A, T> acc, const T& event) {
  a.retract(acc, event);
};

template <class A, class T>
using aggregate_result = std::decay_t<decltype(std::declval<const A&>().result(
    std::declval<const accumulator_of<A, T>&>()))>;

template <class A, class T>
[[nodiscard]] accumulator_of<A, T> initial_accumulator(const A& a) {
  if constexpr (requires { a.template init_for<T>(); })
    return a.template init_for<T>();
  else if constexpr (requires { a.init(); })
    return a.init();
  else
    return {};
}

/// Adds an event in the form that the aggregate wants.
template <class A, class Acc, class T>
void add_event(const A& a, Acc& acc, const T& event, timestamp at) {
  if constexpr (requires { a.add(acc, event, at); })
    a.add(acc, event, at);
  else
    a.add(acc, event);
}

namespace detail {

template <class T, class... A>
concept retractable_by = (... && retractable_aggregate_of<A, T>);
template <class T, class... A>
concept untimed_by = !(... || timed_aggregate_of<A, T>);

}  // namespace detail

/// Several aggregates over the same events; the result is a tuple of theirs.
template <class... A>
class aggregate_tuple {
public:
  template <class T>
  using accumulator_for = std::tuple<accumulator_of<A, T>...>;

  explicit aggregate_tuple(A... parts) : parts_(std::move(parts)...) {}

  template <class T>
  [[nodiscard]] accumulator_for<T> init_for() const {
    return std::apply(
        [](const auto&... a) {
          return accumulator_for<T>{initial_accumulator<std::decay_t<decltype(a)>, T>(a)...};
        },
        parts_);
  }

  template <class Acc, class T>
  void add(Acc& acc, const T& event, timestamp at) const {
    each([&](const auto& a, auto& part) { add_event(a, part, event, at); }, acc);
  }
  template <class Acc, detail::untimed_by<A...> T>
  void add(Acc& acc, const T& event) const {
    each([&](const auto& a, auto& part) { a.add(part, event); }, acc);
  }
  template <class Acc, detail::retractable_by<A...> T>
  void retract(Acc& acc, const T& event) const {
    each([&](const auto& a, auto& part) { a.retract(part, event); }, acc);
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (std::get<I>(parts_).merge(std::get<I>(acc), std::get<I>(other)), ...);
    }
    (std::index_sequence_for<A...>{});
  }
  template <class Acc>
  auto result(const Acc& acc) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::make_tuple(std::get<I>(parts_).result(std::get<I>(acc))...);
    }
    (std::index_sequence_for<A...>{});
  }

private:
  template <class F, class Acc>
  void each(F f, Acc& acc) const {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (f(std::get<I>(parts_), std::get<I>(acc)), ...);
    }
    (std::index_sequence_for<A...>{});
  }

  std::tuple<A...> parts_;
};

}  // namespace weir

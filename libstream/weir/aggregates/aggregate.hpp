// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"

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

/// Folds events of `T` into a value. An accumulator starts value-initialised, or from `init()` if
/// there is one; it needs a codec, since it is state. `merge` joins what two instances or two
/// windows have gathered.
template <class A, class T>
concept aggregate_of = std::copy_constructible<A> &&
    requires(const A a, accumulator_of<A, T> acc, const T& event) {
  requires encodable<accumulator_of<A, T>>;
  a.add(acc, event);
  a.merge(acc, std::as_const(acc));
  a.result(std::as_const(acc));
};

template <class A, class T>
using aggregate_result = std::decay_t<decltype(std::declval<const A&>().result(
    std::declval<const accumulator_of<A, T>&>()))>;

template <class A, class T>
[[nodiscard]] accumulator_of<A, T> initial_accumulator(const A& a) {
  if constexpr (requires { a.init(); })
    return a.init();
  else
    return {};
}

/// Several aggregates over the same events; the result is a tuple of theirs.
template <class... A>
class aggregate_tuple {
public:
  template <class T>
  using accumulator_for = std::tuple<accumulator_of<A, T>...>;

  explicit aggregate_tuple(A... parts) : parts_(std::move(parts)...) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event) const {
    each([&](const auto& a, auto& part) { a.add(part, event); }, acc);
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
      return std::tuple{std::get<I>(parts_).result(std::get<I>(acc))...};
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

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/aggregates/values.hpp"

#include <boost/describe/class.hpp>

#include <functional>
#include <optional>
#include <utility>

namespace weir {

/// A value and when its event was.
template <class V>
struct timed_value {
  timestamp at;
  V value{};

  friend bool operator==(const timed_value&, const timed_value&) = default;
  BOOST_DESCRIBE_CLASS(timed_value, (), (at, value), (), ())
};

namespace detail {

/// Keeps the value of the event that `Earlier` puts before all others.
template <class F, class Before>
class edge {
public:
  template <class T>
  using accumulator_for = std::optional<timed_value<taken<F, T>>>;

  explicit edge(F f) : f_(std::move(f)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event, timestamp at) const {
    if (acc && !Before{}(at, acc->at)) return;
    with_value(f_, event, [&](const auto& v) {
      if (!acc) acc.emplace();
      acc->at = at;
      acc->value = v;
    });
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const {
    if (other && (!acc || Before{}(other->at, acc->at))) acc = other;
  }
  template <class V>
  [[nodiscard]] std::optional<V> result(const std::optional<timed_value<V>>& acc) const {
    if (!acc) return std::nullopt;
    return acc->value;
  }

private:
  F f_;
};

}  // namespace detail

/// What `f` takes from the earliest event by event time; absent over none. Of several at the same
/// time, the one that came first. `first{}` keeps the event itself.
template <class F = std::identity>
class first : public detail::edge<F, std::less<>> {
public:
  explicit first(F f = {}) : detail::edge<F, std::less<>>(std::move(f)) {}
};
template <class F>
first(F) -> first<F>;
first()->first<std::identity>;

/// What `f` takes from the latest event by event time; absent over none. Of several at the same
/// time, the one that came last. `last{}` keeps the event itself.
template <class F = std::identity>
class last : public detail::edge<F, std::greater_equal<>> {
public:
  explicit last(F f = {}) : detail::edge<F, std::greater_equal<>>(std::move(f)) {}
};
template <class F>
last(F) -> last<F>;
last()->last<std::identity>;

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/aggregates/values.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace weir {

/// A list of what `f` takes from each event, in the order of arrival; parts follow each other in
/// the order in which they are merged. `collect{}` keeps the events. Memory grows with the events.
template <class F = std::identity>
class collect {
public:
  template <class T>
  using accumulator_for = std::vector<detail::taken<F, T>>;

  explicit collect(F f = {}) : f_(std::move(f)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event) const {
    detail::with_value(f_, event, [&](const auto& v) { acc.push_back(v); });
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const {
    acc.insert(acc.end(), other.begin(), other.end());
  }
  template <class Acc>
  [[nodiscard]] Acc result(const Acc& acc) const {
    return acc;
  }

private:
  F f_;
};
template <class F>
collect(F) -> collect<F>;
collect()->collect<std::identity>;

/// The first values of a window, and how many more there were.
template <class V>
struct bounded_list {
  std::vector<V> values;
  std::uint64_t left_out = 0;

  friend bool operator==(const bounded_list&, const bounded_list&) = default;
  BOOST_DESCRIBE_CLASS(bounded_list, (), (values, left_out), (), ())
};

/// As `collect`, but keeps only the first `bound` values to arrive and counts the others: a
/// `bounded_list`.
template <class F = std::identity>
class collect_at_most {
public:
  template <class T>
  using accumulator_for = bounded_list<detail::taken<F, T>>;

  explicit collect_at_most(std::size_t bound, F f = {}) : bound_(bound), f_(std::move(f)) {}

  template <class V, class T>
  void add(bounded_list<V>& acc, const T& event) const {
    detail::with_value(f_, event, [&](const auto& v) { enter(acc, v); });
  }
  template <class V>
  void merge(bounded_list<V>& acc, const bounded_list<V>& other) const {
    for (const V& v : other.values) enter(acc, v);
    acc.left_out += other.left_out;
  }
  template <class V>
  [[nodiscard]] bounded_list<V> result(const bounded_list<V>& acc) const {
    return acc;
  }

private:
  template <class V>
  void enter(bounded_list<V>& acc, const V& v) const {
    if (acc.values.size() < bound_)
      acc.values.push_back(v);
    else
      ++acc.left_out;
  }

  std::size_t bound_;
  F f_;
};
template <class F>
collect_at_most(std::size_t, F) -> collect_at_most<F>;
collect_at_most(std::size_t)->collect_at_most<std::identity>;

/// Combines the events with `f`, which takes two and gives one; absent over none. `f` must be
/// associative: parts are combined in the order in which they are merged.
template <class F>
class reduce {
public:
  template <class T>
  using accumulator_for = std::optional<T>;

  explicit reduce(F f) : f_(std::move(f)) {}

  template <class T>
  void add(std::optional<T>& acc, const T& event) const {
    if (acc)
      acc = std::invoke(f_, std::as_const(*acc), event);
    else
      acc = event;
  }
  template <class T>
  void merge(std::optional<T>& acc, const std::optional<T>& other) const {
    if (other) add(acc, *other);
  }
  template <class T>
  [[nodiscard]] std::optional<T> result(const std::optional<T>& acc) const {
    return acc;
  }

private:
  F f_;
};

}  // namespace weir

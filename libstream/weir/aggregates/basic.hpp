// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

template <class T>
struct unwrapped {
  using type = T;
};
template <class T>
struct unwrapped<std::optional<T>> {
  using type = T;
};

/// The value that a function takes from an event; an absent optional is left out of every
/// aggregate.
template <class F, class T>
using taken = typename unwrapped<std::decay_t<std::invoke_result_t<const F&, const T&>>>::type;

template <class F, class T, class Use>
void with_value(const F& f, const T& event, Use use) {
  auto&& value = std::invoke(f, event);
  if constexpr (requires { value.has_value(); }) {
    if (value.has_value()) use(*value);
  } else {
    use(value);
  }
}

/// Sums of integers are integers of 64 bits, others doubles.
template <class N>
using sum_type =
    std::conditional_t<std::is_floating_point_v<N>, double,
                       std::conditional_t<std::is_signed_v<N>, std::int64_t, std::uint64_t>>;

}  // namespace detail

/// Counts events.
class count {
public:
  using accumulator = std::uint64_t;

  template <class T>
  void add(accumulator& acc, const T&) const noexcept {
    ++acc;
  }
  void merge(accumulator& acc, accumulator other) const noexcept { acc += other; }
  [[nodiscard]] std::uint64_t result(accumulator acc) const noexcept { return acc; }
};

/// Counts the events that a predicate holds for.
template <class F>
class count_if {
public:
  using accumulator = std::uint64_t;

  explicit count_if(F f) : f_(std::move(f)) {}

  template <class T>
  void add(accumulator& acc, const T& event) const {
    acc += static_cast<bool>(std::invoke(f_, event)) ? 1U : 0U;
  }
  void merge(accumulator& acc, accumulator other) const noexcept { acc += other; }
  [[nodiscard]] std::uint64_t result(accumulator acc) const noexcept { return acc; }

private:
  F f_;
};

/// Sums what `f` takes from each event; 0 over none.
template <class F>
class sum {
public:
  template <class T>
  using accumulator_for = detail::sum_type<detail::taken<F, T>>;

  explicit sum(F f) : f_(std::move(f)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event) const {
    detail::with_value(f_, event, [&](const auto& v) { acc += static_cast<Acc>(v); });
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const noexcept {
    acc += other;
  }
  template <class Acc>
  [[nodiscard]] Acc result(const Acc& acc) const noexcept {
    return acc;
  }

private:
  F f_;
};

/// A sum and how many values it is of.
template <class N>
struct mean_accumulator {
  N sum{};
  std::uint64_t count = 0;

  BOOST_DESCRIBE_CLASS(mean_accumulator, (), (sum, count), (), ())
};

/// The arithmetic mean of what `f` takes from each event; absent over none. Integers are summed
/// exactly.
template <class F>
class mean {
public:
  template <class T>
  using accumulator_for = mean_accumulator<detail::sum_type<detail::taken<F, T>>>;

  explicit mean(F f) : f_(std::move(f)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event) const {
    detail::with_value(f_, event, [&](const auto& v) {
      acc.sum += static_cast<decltype(acc.sum)>(v);
      ++acc.count;
    });
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const noexcept {
    acc.sum += other.sum;
    acc.count += other.count;
  }
  template <class Acc>
  [[nodiscard]] std::optional<double> result(const Acc& acc) const noexcept {
    if (acc.count == 0) return std::nullopt;
    return static_cast<double>(acc.sum) / static_cast<double>(acc.count);
  }

private:
  F f_;
};

namespace detail {

/// Keeps the value that beats all others; absent over none.
template <class F, class Better>
class extreme {
public:
  template <class T>
  using accumulator_for = std::optional<taken<F, T>>;

  explicit extreme(F f) : f_(std::move(f)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event) const {
    with_value(f_, event, [&](const auto& v) {
      if (!acc || Better{}(v, *acc)) acc = v;
    });
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const {
    if (other && (!acc || Better{}(*other, *acc))) acc = other;
  }
  template <class Acc>
  [[nodiscard]] Acc result(const Acc& acc) const {
    return acc;
  }

private:
  F f_;
};

}  // namespace detail

/// The smallest of what `f` takes from each event; absent over none.
template <class F>
class min : public detail::extreme<F, std::less<>> {
public:
  explicit min(F f) : detail::extreme<F, std::less<>>(std::move(f)) {}
};

/// The largest of what `f` takes from each event; absent over none.
template <class F>
class max : public detail::extreme<F, std::greater<>> {
public:
  explicit max(F f) : detail::extreme<F, std::greater<>>(std::move(f)) {}
};

}  // namespace weir

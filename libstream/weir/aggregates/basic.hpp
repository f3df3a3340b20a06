// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/aggregates/values.hpp"
#include "weir/aggregates/wide_sum.hpp"

#include <boost/describe/class.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

/// What values of `N` are summed in: doubles; 128 bits for integers of 64; 64 bits for shorter
/// ones, of which it takes at least 2^32 to leave them.
template <class N>
struct sum_of_values {
  using integer = std::conditional_t<std::is_signed_v<N>, std::int64_t, std::uint64_t>;
  using type = std::conditional_t<sizeof(N) == 8, wide_sum<integer>, integer>;
};
template <std::floating_point N>
struct sum_of_values<N> {
  using type = double;
};

template <class N>
using sum_of = typename sum_of_values<N>::type;

/// The type that values are added to such a sum as.
template <class Sum>
struct addend_of_sum {
  using type = Sum;
};
template <class N>
struct addend_of_sum<wide_sum<N>> {
  using type = N;
};
template <class Sum>
using addend = typename addend_of_sum<Sum>::type;

/// A sum that a value can be taken out of without a trace.
template <class Sum>
concept exact_sum = !std::floating_point<Sum>;

}  // namespace detail

/// Counts events.
class count {
public:
  using accumulator = std::uint64_t;

  template <class T>
  void add(accumulator& acc, const T&) const noexcept {
    ++acc;
  }
  template <class T>
  void retract(accumulator& acc, const T&) const noexcept {
    --acc;
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
  template <class T>
  void retract(accumulator& acc, const T& event) const {
    acc -= static_cast<bool>(std::invoke(f_, event)) ? 1U : 0U;
  }
  void merge(accumulator& acc, accumulator other) const noexcept { acc += other; }
  [[nodiscard]] std::uint64_t result(accumulator acc) const noexcept { return acc; }

private:
  F f_;
};

/// Sums what `f` takes from each event; 0 over none. A sum of integers is exact; a total that does
/// not fit 64 bits is an error of the window's result. Doubles are added up as they come: the error
/// is at most n * 2^-53 times the sum of their magnitudes, and NaN makes the sum NaN.
template <class F>
class sum {
public:
  template <class T>
  using accumulator_for = detail::sum_of<detail::taken<F, T>>;

  explicit sum(F f) : f_(std::move(f)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event) const {
    detail::with_value(f_, event,
                       [&](const auto& v) { acc += static_cast<detail::addend<Acc>>(v); });
  }
  template <detail::exact_sum Acc, class T>
  void retract(Acc& acc, const T& event) const {
    detail::with_value(f_, event,
                       [&](const auto& v) { acc -= static_cast<detail::addend<Acc>>(v); });
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const noexcept {
    acc += other;
  }
  template <class Acc>
  [[nodiscard]] detail::addend<Acc> result(const Acc& acc) const {
    if constexpr (requires { acc.total(); })
      return acc.total();
    else
      return acc;
  }

private:
  F f_;
};

/// A sum and how many values it is of.
template <class Sum>
struct mean_accumulator {
  Sum sum{};
  std::uint64_t count = 0;

  friend bool operator==(const mean_accumulator&, const mean_accumulator&) = default;
  BOOST_DESCRIBE_CLASS(mean_accumulator, (), (sum, count), (), ())
};

/// The arithmetic mean of what `f` takes from each event; absent over none. Integers are summed
/// exactly, doubles as `sum` does.
template <class F>
class mean {
public:
  template <class T>
  using accumulator_for = mean_accumulator<detail::sum_of<detail::taken<F, T>>>;

  explicit mean(F f) : f_(std::move(f)) {}

  template <class Sum, class T>
  void add(mean_accumulator<Sum>& acc, const T& event) const {
    detail::with_value(f_, event, [&](const auto& v) {
      acc.sum += static_cast<detail::addend<Sum>>(v);
      ++acc.count;
    });
  }
  template <detail::exact_sum Sum, class T>
  void retract(mean_accumulator<Sum>& acc, const T& event) const {
    detail::with_value(f_, event, [&](const auto& v) {
      acc.sum -= static_cast<detail::addend<Sum>>(v);
      --acc.count;
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

/// Keeps the value that beats all others; absent over none. NaN is left out.
template <class F, class Better>
class extreme {
public:
  template <class T>
  using accumulator_for = std::optional<taken<F, T>>;

  explicit extreme(F f) : f_(std::move(f)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event) const {
    with_ordered_value(f_, event, [&](const auto& v) {
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

/// The smallest of what `f` takes from each event; absent over none. NaN is left out.
template <class F>
class min : public detail::extreme<F, std::less<>> {
public:
  explicit min(F f) : detail::extreme<F, std::less<>>(std::move(f)) {}
};

/// The largest of what `f` takes from each event; absent over none. NaN is left out.
template <class F>
class max : public detail::extreme<F, std::greater<>> {
public:
  explicit max(F f) : detail::extreme<F, std::greater<>>(std::move(f)) {}
};

}  // namespace weir

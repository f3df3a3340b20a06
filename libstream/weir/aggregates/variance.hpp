// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/aggregates/values.hpp"

#include <boost/describe/class.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

namespace weir {

/// How many values there were, their mean, and the sum of the squares of their distances from it.
/// One value is added as by Welford (Note on a method for calculating corrected sums of squares and
/// products, Technometrics 1962), two parts are joined as by Chan, Golub and LeVeque (Updating
/// formulae and a pairwise algorithm for computing sample variances, 1979): no large sums of
/// squares are subtracted from each other, so that nothing cancels out.
struct moments {
  std::uint64_t count = 0;
  double mean = 0;
  double squares = 0;

  void add(double value) noexcept {
    ++count;
    const double distance = value - mean;
    mean += distance / static_cast<double>(count);
    squares += distance * (value - mean);
  }
  void merge(const moments& other) noexcept {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const auto n = static_cast<double>(count);
    const auto m = static_cast<double>(other.count);
    const double distance = other.mean - mean;
    mean += distance * (m / (n + m));
    squares += other.squares + distance * distance * (n * m / (n + m));
    count += other.count;
  }

  friend bool operator==(const moments&, const moments&) = default;
};
BOOST_DESCRIBE_STRUCT(moments, (), (count, mean, squares))

namespace detail {

/// The variance of what `f` takes from each event, divided by n - `Less`.
template <class F, unsigned Less, bool Root>
class spread {
public:
  using accumulator = moments;

  explicit spread(F f) : f_(std::move(f)) {}

  template <class T>
  void add(moments& acc, const T& event) const {
    with_value(f_, event, [&](const auto& v) { acc.add(static_cast<double>(v)); });
  }
  void merge(moments& acc, const moments& other) const noexcept { acc.merge(other); }
  [[nodiscard]] std::optional<double> result(const moments& acc) const noexcept {
    if (acc.count <= Less) return std::nullopt;
    const double variance = acc.squares / static_cast<double>(acc.count - Less);
    return Root ? std::sqrt(variance) : variance;
  }

private:
  F f_;
};

}  // namespace detail

/// The variance of what `f` takes from each event, as of a whole population (divided by n); absent
/// over none. NaN makes it NaN, and so does an infinity.
template <class F>
class variance : public detail::spread<F, 0, false> {
public:
  explicit variance(F f) : detail::spread<F, 0, false>(std::move(f)) {}
};

/// The variance estimated from a sample (divided by n - 1); absent over fewer than two.
template <class F>
class sample_variance : public detail::spread<F, 1, false> {
public:
  explicit sample_variance(F f) : detail::spread<F, 1, false>(std::move(f)) {}
};

/// The standard deviation: the root of `variance`.
template <class F>
class stddev : public detail::spread<F, 0, true> {
public:
  explicit stddev(F f) : detail::spread<F, 0, true>(std::move(f)) {}
};

/// The root of `sample_variance`.
template <class F>
class sample_stddev : public detail::spread<F, 1, true> {
public:
  explicit sample_stddev(F f) : detail::spread<F, 1, true>(std::move(f)) {}
};

}  // namespace weir

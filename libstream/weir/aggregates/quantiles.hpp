// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/aggregates/quantile_sketch.hpp"
#include "weir/aggregates/values.hpp"
#include "weir/core/error.hpp"

#include <array>
#include <concepts>
#include <optional>
#include <utility>

namespace weir {

/// Quantiles of what `f` takes from each event, as many as are asked for out of one sketch:
/// `quantiles{&request::millis, {0.5, 0.9, 0.99}}`. The result is an array of them, absent over
/// none. Each is within a relative error of 1 %, or what the options say, of the value of its rank;
/// see `quantile_sketch`. NaN is left out.
template <class F, std::size_t N>
class quantiles {
public:
  using accumulator = quantile_sketch;

  /// Throws `weir::exception` if a share is not between 0 and 1, or an option is out of range.
  quantiles(F f, const double (&shares)[N], sketch_options options = {})
      : f_(std::move(f)), empty_(options) {
    for (std::size_t i = 0; i < N; ++i) {
      if (!(shares[i] >= 0 && shares[i] <= 1))
        throw exception({errc::invalid_argument,
                         "quantiles(): a quantile is a share between 0 and 1, like 0.99"});
      shares_[i] = shares[i];
    }
  }

  [[nodiscard]] quantile_sketch init() const { return empty_; }
  template <class T>
  void add(quantile_sketch& acc, const T& event) const {
    detail::with_ordered_value(f_, event, [&](const auto& v) { acc.add(static_cast<double>(v)); });
  }
  void merge(quantile_sketch& acc, const quantile_sketch& other) const { acc.merge(other); }
  [[nodiscard]] std::optional<std::array<double, N>> result(const quantile_sketch& acc) const {
    if (acc.count() == 0) return std::nullopt;
    std::array<double, N> values;
    for (std::size_t i = 0; i < N; ++i) values[i] = acc.quantile(shares_[i]);
    return values;
  }

private:
  F f_;
  std::array<double, N> shares_{};
  quantile_sketch empty_;
};

/// One quantile: as `quantiles`, and the result is the number.
template <class F>
class quantile {
public:
  using accumulator = quantile_sketch;

  /// Throws `weir::exception` if the share is not between 0 and 1, or an option is out of range.
  quantile(F f, double share, sketch_options options = {}) : all_(std::move(f), {share}, options) {}

  [[nodiscard]] quantile_sketch init() const { return all_.init(); }
  template <class T>
  void add(quantile_sketch& acc, const T& event) const {
    all_.add(acc, event);
  }
  void merge(quantile_sketch& acc, const quantile_sketch& other) const { acc.merge(other); }
  [[nodiscard]] std::optional<double> result(const quantile_sketch& acc) const {
    const auto values = all_.result(acc);
    if (!values) return std::nullopt;
    return values->front();
  }

private:
  quantiles<F, 1> all_;
};

}  // namespace weir

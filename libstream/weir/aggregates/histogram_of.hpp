// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/aggregates/values.hpp"
#include "weir/core/error.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <utility>
#include <vector>

namespace weir {

/// Counts what `f` takes from each event by range: with bounds b0 < b1 < … < bn the n + 2 ranges
/// are (-∞, b0), [b0, b1), …, [bn, ∞). The result is the vector of the counts. NaN is left out.
/// Logarithmic time in the number of bounds.
template <class F, class B>
class histogram_of {
public:
  using accumulator = std::vector<std::uint64_t>;

  /// Throws `weir::exception` if there are no bounds, or they do not rise.
  histogram_of(F f, std::vector<B> bounds) : f_(std::move(f)), bounds_(std::move(bounds)) {
    const auto falls = [](const B& a, const B& b) { return !(a < b); };
    if (bounds_.empty() ||
        std::adjacent_find(bounds_.begin(), bounds_.end(), falls) != bounds_.end() ||
        std::any_of(bounds_.begin(), bounds_.end(), detail::is_nan<B>))
      throw exception({errc::invalid_argument,
                       "histogram_of(): wants at least one bound, and each above the one before"});
  }
  histogram_of(F f, std::initializer_list<B> bounds)
      : histogram_of(std::move(f), std::vector<B>(bounds)) {}

  [[nodiscard]] accumulator init() const { return accumulator(bounds_.size() + 1); }

  template <class T>
  void add(accumulator& acc, const T& event) const {
    detail::with_ordered_value(f_, event, [&](const auto& v) { ++acc[range_of(v)]; });
  }
  template <class T>
  void retract(accumulator& acc, const T& event) const {
    detail::with_ordered_value(f_, event, [&](const auto& v) { --acc[range_of(v)]; });
  }
  /// Throws `weir::exception` if `other` was counted by another number of bounds.
  void merge(accumulator& acc, const accumulator& other) const {
    if (acc.size() != other.size())
      throw exception({errc::incompatible,
                       "histogram_of(): a saved histogram has other bounds; give the operator a "
                       "new name, or the bounds that it had"});
    std::transform(acc.begin(), acc.end(), other.begin(), acc.begin(), std::plus<>{});
  }
  [[nodiscard]] accumulator result(const accumulator& acc) const { return acc; }

private:
  template <class V>
  [[nodiscard]] std::size_t range_of(const V& v) const {
    const auto above = std::upper_bound(bounds_.begin(), bounds_.end(), v, less<V>);
    return static_cast<std::size_t>(above - bounds_.begin());
  }
  template <class V>
  static bool less(const V& v, const B& bound) {
    if constexpr (std::integral<V> && std::integral<B>)
      return std::cmp_less(v, bound);
    else if constexpr (std::integral<V> && std::floating_point<B>)
      return static_cast<B>(v) < bound;
    else
      return v < bound;
  }

  F f_;
  std::vector<B> bounds_;
};

}  // namespace weir

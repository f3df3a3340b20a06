// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace weir {

/// How exact a quantile sketch is and how large it may grow.
struct sketch_options {
  double accuracy = 0.01;        ///< Largest relative error of a quantile; 1e-6 to 0.5.
  std::uint32_t buckets = 2048;  ///< Most buckets for each sign, of 16 bytes; at least 2.

  friend bool operator==(const sketch_options&, const sketch_options&) = default;
};

/// Quantiles of numbers with a bound on the relative error. DDSketch (Masson, Rim and Lee: a fast
/// and fully-mergeable quantile sketch with relative-error guarantees, VLDB 2019): values are
/// counted in buckets (g^(i-1), g^i] with g = (1 + a) / (1 - a), so that a bucket's middle is
/// within a of all that is in it. Positive and negative numbers have buckets of their own.
///
/// If the numbers of a sign span more than `buckets` buckets, which takes 17 orders of magnitude at
/// 1 % and 2,048, the smallest magnitudes share one, and quantiles that fall there are too far from
/// zero. What was given in which order and in how many merged parts makes no difference at all.
class quantile_sketch {
public:
  quantile_sketch() = default;
  /// Throws `weir::exception` if an option is out of range.
  explicit quantile_sketch(sketch_options options);

  /// @pre `value` is not NaN; infinities are counted apart. Logarithmic time in the
  /// buckets in use.
  void add(double value);
  /// Throws `weir::exception` if the other has other options; one without has no values.
  void merge(const quantile_sketch& other);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Returns the number of rank floor(q * (count - 1)), counted from 0, within `accuracy`; the
  /// least and the greatest are exact. @pre 0 <= q <= 1 and count() != 0
  [[nodiscard]] double quantile(double q) const;
  [[nodiscard]] std::size_t buckets() const noexcept {
    return positive_.size() + negative_.size() + (zeros_ != 0 ? 1 : 0);
  }

  friend bool operator==(const quantile_sketch&, const quantile_sketch&) = default;

private:
  friend struct codec<quantile_sketch>;

  struct bucket {
    std::int32_t index = 0;
    std::uint64_t count = 0;

    friend bool operator==(const bucket&, const bucket&) = default;
  };
  using bucket_list = std::vector<bucket>;  ///< By index.

  void set_options(sketch_options options);
  [[nodiscard]] std::int32_t index_of(double magnitude) const;
  [[nodiscard]] double middle_of(std::int32_t index) const;
  void enter(bucket_list& list, std::int32_t index, std::uint64_t count) const;

  sketch_options options_{.accuracy = 0, .buckets = 0};
  double log_base_ = 0;
  bucket_list positive_;
  bucket_list negative_;
  std::uint64_t zeros_ = 0;
  std::uint64_t infinite_below_ = 0;
  std::uint64_t infinite_above_ = 0;
  std::uint64_t count_ = 0;
  double least_ = std::numeric_limits<double>::infinity();
  double greatest_ = -std::numeric_limits<double>::infinity();
};

template <>
struct codec<quantile_sketch> {
  static void encode(const quantile_sketch& x, bytes& out);
  static bool decode(byte_reader& in, quantile_sketch& x);
  static std::size_t dynamic_size(const quantile_sketch& x);
  static schema describe();
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/aggregates/quantile_sketch.hpp"

#include "weir/codec/binary.hpp"
#include "weir/core/error.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace weir {

namespace {

bool in_range(const sketch_options& o) {
  return o.accuracy >= 1e-6 && o.accuracy <= 0.5 && o.buckets >= 2;
}

}  // namespace

quantile_sketch::quantile_sketch(sketch_options options) {
  if (!in_range(options))
    throw exception({errc::invalid_argument,
                     "quantiles(): the accuracy must be between 1e-6 and 0.5, and the buckets at "
                     "least 2"});
  set_options(options);
}

void quantile_sketch::set_options(sketch_options options) {
  options_ = options;
  log_base_ = std::log1p(2 * options.accuracy / (1 - options.accuracy));
}

std::int32_t quantile_sketch::index_of(double magnitude) const {
  return static_cast<std::int32_t>(std::ceil(std::log(magnitude) / log_base_));
}

/// The point between g^(i-1) and g^i that is equally far from both, relative to them.
double quantile_sketch::middle_of(std::int32_t index) const {
  return std::exp(index * log_base_) * (1 - options_.accuracy);
}

void quantile_sketch::enter(bucket_list& list, std::int32_t index, std::uint64_t count) const {
  const auto less = [](const bucket& b, std::int32_t i) { return b.index < i; };
  // The lowest index that is kept apart follows from the highest alone; so the order in which
  // values come makes no difference.
  if (!list.empty())
    index = static_cast<std::int32_t>(
        std::max<std::int64_t>(index, std::int64_t{list.back().index} - options_.buckets + 1));
  const bool is_highest = list.empty() || index > list.back().index;
  auto at = is_highest ? list.end() : std::lower_bound(list.begin(), list.end(), index, less);
  if (at != list.end() && at->index == index) {
    at->count += count;
    return;
  }
  list.insert(at, {index, count});
  if (!is_highest) return;
  const auto lowest = static_cast<std::int32_t>(std::max<std::int64_t>(
      std::numeric_limits<std::int32_t>::min(), std::int64_t{index} - options_.buckets + 1));
  at = std::lower_bound(list.begin(), list.end(), lowest, less);
  if (at == list.begin()) return;
  std::uint64_t below = 0;
  std::for_each(list.begin(), at, [&](const bucket& b) { below += b.count; });
  if (at->index == lowest)
    at->count += below;
  else
    *--at = {lowest, below};
  list.erase(list.begin(), at);
}

void quantile_sketch::add(double value) {
  assert(value == value && log_base_ != 0);
  if (std::isinf(value))
    ++(value > 0 ? infinite_above_ : infinite_below_);
  else if (value > 0)
    enter(positive_, index_of(value), 1);
  else if (value < 0)
    enter(negative_, index_of(-value), 1);
  else
    ++zeros_;
  ++count_;
  least_ = std::min(least_, value);
  greatest_ = std::max(greatest_, value);
}

void quantile_sketch::merge(const quantile_sketch& other) {
  if (other.count_ == 0) return;
  if (log_base_ == 0) {
    *this = other;
    return;
  }
  if (options_ != other.options_)
    throw exception({errc::incompatible,
                     "quantiles(): a saved sketch has another accuracy or number of buckets; give "
                     "the operator a new name, or the options that it had"});
  for (const bucket& b : other.positive_) enter(positive_, b.index, b.count);
  for (const bucket& b : other.negative_) enter(negative_, b.index, b.count);
  zeros_ += other.zeros_;
  infinite_below_ += other.infinite_below_;
  infinite_above_ += other.infinite_above_;
  count_ += other.count_;
  least_ = std::min(least_, other.least_);
  greatest_ = std::max(greatest_, other.greatest_);
}

double quantile_sketch::quantile(double q) const {
  assert(count_ != 0 && q >= 0 && q <= 1);
  if (q >= 1) return greatest_;  // also keeps a count of 2^64 from being rounded up and cast
  const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count_ - 1));
  if (rank == 0) return least_;
  std::uint64_t passed = infinite_below_;
  if (passed > rank) return least_;
  const auto found = [&]() -> double {
    for (auto b = negative_.rbegin(); b != negative_.rend(); ++b)
      if ((passed += b->count) > rank) return -middle_of(b->index);
    if ((passed += zeros_) > rank) return 0;
    for (const bucket& b : positive_)
      if ((passed += b.count) > rank) return middle_of(b.index);
    return greatest_;
  };
  return std::clamp(found(), least_, greatest_);
}

void codec<quantile_sketch>::encode(const quantile_sketch& x, bytes& out) {
  weir::encode(std::tuple{x.options_.accuracy, x.options_.buckets, x.zeros_, x.infinite_below_,
                          x.infinite_above_, x.least_, x.greatest_},
               out);
  for (const auto* list : {&x.positive_, &x.negative_}) {
    weir::encode(static_cast<std::uint32_t>(list->size()), out);
    for (const auto& b : *list) weir::encode(std::pair{b.index, b.count}, out);
  }
}

bool codec<quantile_sketch>::decode(byte_reader& in, quantile_sketch& x) {
  std::tuple<double, std::uint32_t, std::uint64_t, std::uint64_t, std::uint64_t, double, double>
      head;
  if (!weir::decode(in, head)) return false;
  x = {};
  sketch_options options{};
  std::tie(options.accuracy, options.buckets, x.zeros_, x.infinite_below_, x.infinite_above_,
           x.least_, x.greatest_) = head;
  if (options.buckets != 0) {
    if (!in_range(options)) return false;
    x.set_options(options);
  }
  x.count_ = x.zeros_;
  for (const std::uint64_t n : {x.infinite_below_, x.infinite_above_})
    if (__builtin_add_overflow(x.count_, n, &x.count_)) return false;
  for (auto* list : {&x.positive_, &x.negative_}) {
    std::uint32_t n = 0;
    if (!weir::decode(in, n) || n > options.buckets) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      std::pair<std::int32_t, std::uint64_t> b;
      if (!weir::decode(in, b)) return false;
      if (!list->empty() && list->back().index >= b.first) return false;
      list->push_back({b.first, b.second});
      if (__builtin_add_overflow(x.count_, b.second, &x.count_)) return false;
    }
  }
  return x.count_ == 0 || x.least_ <= x.greatest_;
}

std::size_t codec<quantile_sketch>::dynamic_size(const quantile_sketch& x) {
  return (x.positive_.size() + x.negative_.size()) * sizeof(quantile_sketch::bucket);
}

schema codec<quantile_sketch>::describe() {
  return {type_kind::custom, "weir quantile_sketch", 1, {}};
}

}  // namespace weir

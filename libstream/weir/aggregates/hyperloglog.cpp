// SPDX-License-Identifier: BSD-3-Clause
#include "weir/aggregates/hyperloglog.hpp"

#include "weir/codec/binary.hpp"
#include "weir/core/error.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

namespace weir {

namespace {

/// The sums of Ertl's estimator, carried on until they no longer change.
double sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double weight = 1;
  double sum = x;
  for (double before = -1; sum != before;) {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

double tau(double x) {
  if (x == 0.0 || x == 1.0) return 0;
  double weight = 1;
  double sum = 1 - x;
  for (double before = -1; sum != before;) {
    x = std::sqrt(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

}  // namespace

hyperloglog::hyperloglog(unsigned precision) : precision_(static_cast<std::uint8_t>(precision)) {
  if (precision < least_precision || precision > most_precision)
    throw exception({errc::invalid_argument, "approximate_count_distinct(): precision " +
                                                 std::to_string(precision) +
                                                 " is not between 4 and 18"});
}

void hyperloglog::add(std::uint64_t hash) {
  assert(precision_ != 0);
  const std::uint64_t index = hash >> (64U - precision_);
  // The bit behind the others ends the count, so that no value is above 64 - precision + 1.
  const std::uint64_t rest = hash << precision_ | std::uint64_t{1} << (precision_ - 1U);
  const auto value = static_cast<unsigned>(std::countl_zero(rest)) + 1;
  raise(static_cast<entry>(index << value_bits | value));
}

void hyperloglog::raise(entry e) {
  const entry index = e >> value_bits;
  if (!registers_.empty()) {
    std::uint8_t& r = registers_[index];
    r = std::max(r, static_cast<std::uint8_t>(e & ((1U << value_bits) - 1)));
    return;
  }
  const auto at = std::lower_bound(list_.begin(), list_.end(), index << value_bits);
  if (at != list_.end() && *at >> value_bits == index) {
    *at = std::max(*at, e);
    return;
  }
  list_.insert(at, e);
  if (list_.size() > most_entries()) become_long();
}

void hyperloglog::become_long() {
  registers_.resize(size());
  for (const entry e : list_) raise(e);
  list_ = {};
}

void hyperloglog::merge(const hyperloglog& other) {
  if (other.precision_ == 0) return;
  if (precision_ == 0) {
    *this = other;
    return;
  }
  if (precision_ != other.precision_)
    throw exception(
        {errc::incompatible, "approximate_count_distinct(): a saved sketch has precision " +
                                 std::to_string(other.precision_) + ", this operator " +
                                 std::to_string(precision_) +
                                 "; give the operator a new name, or the precision that it had"});
  if (!other.registers_.empty() && registers_.empty()) become_long();
  for (const entry e : other.list_) raise(e);
  for (std::size_t i = 0; i < other.registers_.size(); ++i)
    registers_[i] = std::max(registers_[i], other.registers_[i]);
}

double hyperloglog::estimate() const {
  if (precision_ == 0) return 0;
  const unsigned highest = 64U - precision_ + 1;
  std::array<std::uint32_t, 64> counts{};
  for (const std::uint8_t r : registers_) ++counts[r];
  for (const entry e : list_) ++counts[e & ((1U << value_bits) - 1)];
  const auto m = static_cast<double>(size());
  if (registers_.empty()) counts[0] = static_cast<std::uint32_t>(size() - list_.size());
  double z = m * tau(1 - counts[highest] / m);
  for (unsigned k = highest - 1; k >= 1; --k) z = (z + counts[k]) / 2;
  z += m * sigma(counts[0] / m);
  return m * m / (2 * std::numbers::ln2 * z);
}

void codec<hyperloglog>::encode(const hyperloglog& x, bytes& out) {
  weir::encode(x.precision_, out);
  weir::encode(x.list_, out);
  weir::encode(x.registers_, out);
}

bool codec<hyperloglog>::decode(byte_reader& in, hyperloglog& x) {
  if (!weir::decode(in, x.precision_) || !weir::decode(in, x.list_) ||
      !weir::decode(in, x.registers_))
    return false;
  if (x.precision_ == 0) return x.list_.empty() && x.registers_.empty();
  if (x.precision_ < hyperloglog::least_precision || x.precision_ > hyperloglog::most_precision)
    return false;
  const unsigned highest = 64U - x.precision_ + 1;
  const auto fits = [&](unsigned value) { return value <= highest; };
  if (!x.registers_.empty())
    return x.registers_.size() == x.size() && x.list_.empty() &&
           std::all_of(x.registers_.begin(), x.registers_.end(), fits);
  std::int64_t before = -1;
  return x.list_.size() <= x.most_entries() &&
         std::all_of(x.list_.begin(), x.list_.end(), [&](hyperloglog::entry e) {
           const std::int64_t index = e >> hyperloglog::value_bits;
           const unsigned value = e & ((1U << hyperloglog::value_bits) - 1);
           return std::exchange(before, index) < index && value != 0 && fits(value) &&
                  index < static_cast<std::int64_t>(x.size());
         });
}

std::size_t codec<hyperloglog>::dynamic_size(const hyperloglog& x) {
  return x.list_.size() * sizeof(hyperloglog::entry) + x.registers_.size();
}

schema codec<hyperloglog>::describe() { return {type_kind::custom, "weir hyperloglog", 1, {}}; }

}  // namespace weir

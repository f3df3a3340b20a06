// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/stream.hpp"

#include <boost/describe/class.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace weir::test {

/// The event of the aggregates' tests.
struct reading {
  std::int64_t number = 0;
  double value = 0;
  std::optional<std::int32_t> part;
  std::string name;
  timestamp at;

  friend auto operator<=>(const reading&, const reading&) = default;
};
BOOST_DESCRIBE_STRUCT(reading, (), (number, value, part, name, at))

using readings = std::vector<reading>;

/// Up to 40 events with ties, absent parts, values that double exactly adds, and some NaN if
/// wanted.
inline readings random_readings(std::mt19937_64& random, bool with_nan) {
  readings all(random() % 40);
  for (reading& r : all) {
    r.number = static_cast<std::int64_t>(random() % 100) - 50;
    if (random() % 8 == 0) r.number = static_cast<std::int64_t>(random());
    r.value = static_cast<double>(random() % 256) / 8 - 16;
    if (with_nan && random() % 8 == 0) r.value = std::numeric_limits<double>::quiet_NaN();
    if (random() % 4 != 0) r.part = static_cast<std::int32_t>(random() % 20) - 10;
    r.name = std::string(1 + random() % 3, static_cast<char>('a' + random() % 4));
    r.at = timestamp{duration{static_cast<std::int64_t>(random() % 30)}};
  }
  return all;
}

/// What `a` has gathered of the events.
template <class A>
auto gathered(const A& a, const readings& all) {
  auto acc = initial_accumulator<A, reading>(a);
  for (const reading& r : all) add_event(a, acc, r, r.at);
  return acc;
}
/// What `a` makes of the events, in one pass.
template <class A>
auto over(const A& a, const readings& all) {
  return a.result(gathered(a, all));
}

/// `x` after it was written and read.
template <class T>
T written_and_read(const T& x) {
  bytes data;
  encode(x, data);
  byte_reader in{data};
  T back{};
  if (!decode(in, back) || in.remaining() != 0) throw std::logic_error("does not read back");
  return back;
}

}  // namespace weir::test

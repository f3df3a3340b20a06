// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/test.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// The event of the kit's own tests.
struct bid {
  std::string item;
  std::int64_t price = 0;
  timestamp at;

  friend auto operator<=>(const bid&, const bid&) = default;
};
BOOST_DESCRIBE_STRUCT(bid, (), (item, price, at))

inline timestamp ms(std::int64_t n) { return timestamp{std::chrono::milliseconds{n}}; }

inline bid on(std::string item, std::int64_t price, std::int64_t at_ms = 0) {
  return {std::move(item), price, ms(at_ms)};
}

using sum_row = window_result<std::string, std::int64_t>;

inline sum_row summed(std::string item, std::int64_t from_ms, std::int64_t sum) {
  return {std::move(item), {ms(from_ms), ms(from_ms + 10)}, sum};
}

/// Sums prices by item in windows of 10 ms.
inline stream<sum_row> sums(stream<bid> in) {
  return in.key_by(&bid::item)
      .window(tumbling{std::chrono::milliseconds{10}})
      .aggregate(sum{&bid::price})
      .named("sums");
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) {
    return std::tie(a.key, a.window) < std::tie(b.key, b.window);
  });
  return values;
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/stream.hpp"
#include "weir/test/simulate.hpp"

#include <boost/describe/class.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

/// The event of the unit tests.
struct sale {
  std::string shop;
  std::int64_t amount = 0;
  timestamp at;
  std::optional<double> weight;

  friend auto operator<=>(const sale&, const sale&) = default;
};
BOOST_DESCRIBE_STRUCT(sale, (), (shop, amount, at, weight))

/// A small event without heap parts.
struct tick {
  std::uint64_t key = 0;
  std::int64_t value = 0;

  friend auto operator<=>(const tick&, const tick&) = default;
};
BOOST_DESCRIBE_STRUCT(tick, (), (key, value))

inline timestamp ms(std::int64_t n) { return timestamp{std::chrono::milliseconds{n}}; }

inline sale sold(std::string shop, std::int64_t amount, std::int64_t at_ms) {
  return {std::move(shop), amount, ms(at_ms), std::nullopt};
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

/// Runs a pipeline to its end in virtual time. No stage may hold more than one output an event
/// brings, unless the options say so.
inline tallies run(const pipeline& p, simulation_options options = {}) {
  if (!options.outputs_of_one_event) options.outputs_of_one_event = 1;
  const simulation_report done = simulate(p, std::move(options));
  INFO(done.problem);
  REQUIRE(done.finished());
  return done.seen;
}

/// The list of mistakes that the whole-graph check finds.
inline std::string mistakes_of(const pipeline& p) {
  auto built = p.build();
  return built ? "" : built.error().message;
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "simulation/scripted_source.hpp"
#include "unit/one_stage.hpp"
#include "weir/test/test_sink.hpp"

#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using timed_sales = std::vector<std::pair<sale, timestamp>>;

/// A sale for each pair of shop and time in ms; its amount is its number.
inline timed_sales sales_at(std::initializer_list<std::pair<const char*, std::int64_t>> all) {
  timed_sales made;
  for (const auto& [shop, at] : all)
    made.emplace_back(sold(shop, static_cast<std::int64_t>(made.size()), at), ms(at));
  return made;
}

/// The amounts, which are the numbers, of what the stage emitted on an output.
inline std::vector<std::int64_t> amounts(one_stage& s, std::size_t output = 0) {
  std::vector<std::int64_t> all;
  for (const sale& x : s.values<sale>(output)) all.push_back(x.amount);
  return all;
}

/// The metric that an operator has registered under this name.
inline std::uint64_t counted(const one_stage& s, const std::string& name) {
  std::uint64_t n = 0;
  s.metrics().each_counter([&](const std::string& is, std::uint64_t value) {
    if (is == name) n = value;
  });
  return n;
}

inline std::vector<snapshot_part> state_of(one_stage& s) {
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  s.machine().read_state(to);
  return parts;
}

/// What a pipeline over `events` writes that crashes now and then and goes on from a checkpoint.
/// `make` builds it between the source and the sink, at the given parallelism.
template <class T>
std::vector<T> written_with_crashes(
    const std::vector<sale>& events, std::uint64_t seed,
    const std::function<void(weir::stream<sale>, test_sink<T>)>& make) {
  script<sale> s;
  s.splits = {events};
  s.largest_batch = 4;
  test_sink<T> out;
  pipeline p{"p",
             {.parallelism = 1 + static_cast<std::uint32_t>(seed % 3),
              .batches = {.events = 4},
              .credits = {.frames = 2, .max_events = 4}}};
  make(p.from(scripted_source<sale>{std::move(s)})
           .event_time(&sale::at, bounded_out_of_orderness{std::chrono::milliseconds{20}}),
       out);
  auto built = p.build();
  if (!built) FAIL(built.error().message);
  simulator sim{*built,
                {.seed = seed,
                 .checkpoint_every = 50,
                 .crash = 0.01,
                 .max_crashes = 4,
                 .streams_in_a_stage = 1}};
  const auto outcome = sim.run();
  INFO(sim.failure() << sim.where_stuck());
  REQUIRE(outcome == simulator::outcome::finished);
  return out.seen().rows;
}

/// Two sales a millisecond, from so many shops; the amounts are their numbers.
inline std::vector<sale> random_sales(std::uint64_t seed, std::uint64_t shops) {
  std::mt19937_64 random{seed};
  std::vector<sale> all;
  for (std::int64_t i = 0; i < 400; ++i)
    all.push_back(sold("shop " + std::to_string(random() % shops), i, i / 2));
  return all;
}

/// Requires that a pipeline writes `wanted`, whatever crashes.
inline void require_written(const std::vector<sale>& events, const std::vector<sale>& wanted,
                            const std::function<void(weir::stream<sale>, test_sink<sale>)>& make) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    REQUIRE(sorted(written_with_crashes<sale>(events, seed, make)) == sorted(wanted));
  }
}

}  // namespace weir::test

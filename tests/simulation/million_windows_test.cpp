// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/scenario.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;

TEST_CASE("a million windows fire at once through a channel of two frames") {
  constexpr std::uint64_t keys = 1'000;
  constexpr std::uint64_t per_key = 1'000;
  constexpr auto size = std::chrono::milliseconds{1};
  pipeline p{"million", {.credits = {.frames = 2}}};
  auto rows = std::make_shared<std::uint64_t>(0);
  auto events = std::make_shared<std::uint64_t>(0);
  p
      .from(generator{
          [](std::uint64_t i) {
            return reading{i % keys, 1, timestamp{std::chrono::milliseconds{i / keys % per_key}}};
          },
          {.events = keys * per_key}})
      .event_time(&reading::at, bounded_out_of_orderness{std::chrono::hours{1}})
      .key_by(&reading::key)
      .parallelism(2)
      .window(tumbling{size})
      .aggregate<totals>(count{}, sum{&reading::value})
      .to(callback_sink{[rows, events](const window_row& r) {
        ++*rows;
        *events += r.value.events;
      }});
  simulator sim{p.build().value(), {.checkpoint_every = 500, .outputs_of_one_event = 1}};
  REQUIRE(sim.run() == simulator::outcome::finished);
  CHECK(*rows == keys * per_key);
  CHECK(*events == keys * per_key);
  CHECK(sim.most_frames_in_a_channel() <= 2);
  CHECK(sim.seen()[met::blocked_step] > 0);
}

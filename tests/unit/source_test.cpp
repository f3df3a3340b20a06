// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/scripted_source.hpp"
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using values = std::vector<std::uint64_t>;

/// Reads a source to its end, split by split, at most `max` events a poll.
template <class Source>
std::map<std::string, values> read_all(const Source& source, std::size_t max,
                                       const weir::clock& time, std::uint64_t offset = 0) {
  const auto splits = source.make_enumerator()->discover().value();
  auto reader = source.make_reader();
  for (std::size_t i = 0; i < splits.size(); ++i) reader->assign(i, splits[i], offset);
  std::map<std::string, values> all;
  for (int polls = 0; polls < 10'000; ++polls) {
    source_batch<std::uint64_t> batch;
    if (reader->poll(batch, max, time) != read_state::more) break;
    REQUIRE(batch.events.size() <= max);
    REQUIRE(batch.end_offset == batch.first_offset + batch.events.size());
    for (const auto v : batch.events.values) all[splits[batch.lane].id].push_back(v);
  }
  return all;
}

std::uint64_t same(std::uint64_t i) { return i; }

pipeline generating(generator_options o) {
  pipeline p{"p"};
  p.from(generator{same, o}).to(memory_sink<std::uint64_t>{});
  return p;
}

}  // namespace

TEST_CASE("a generator deals its events to its splits in turn") {
  const auto all = read_all(generator{same, {.events = 8, .splits = 3}}, 2, manual_clock{});
  CHECK(all.at("generator-0") == values{0, 3, 6});
  CHECK(all.at("generator-1") == values{1, 4, 7});
  CHECK(all.at("generator-2") == values{2, 5});
}

TEST_CASE("a generator goes on behind an offset with the same events") {
  const auto all = read_all(generator{same, {.events = 8, .splits = 3}}, 100, manual_clock{}, 2);
  CHECK(all.at("generator-0") == values{6});
  CHECK(all.at("generator-1") == values{7});
  CHECK(!all.contains("generator-2"));
}

TEST_CASE("a generator with fewer events than splits, and with none, ends") {
  CHECK(read_all(generator{same, {.events = 1, .splits = 3}}, 10, manual_clock{}).size() == 1);
  CHECK(read_all(generator{same, {.events = 0, .splits = 3}}, 10, manual_clock{}).empty());
}

TEST_CASE("settings of a generator that mean nothing are refused") {
  CHECK_THROWS_AS((generator{same, {.splits = 0}}), exception);
  CHECK_THROWS_AS((generator{same, {.rate = -1}}), exception);
}

TEST_CASE("a paced generator gives events when they are due, and asks to be woken for the next") {
  one_stage s{generating({.events = 5, .rate = 100}), "generator-1"};
  s.grant_all();
  s.work();
  CHECK(s.values<std::uint64_t>(0) == values{0});
  CHECK(s.effects().wake_at == s.time().wall() + 10ms);
  s.time().advance(9ms);
  s.work();
  CHECK(s.values<std::uint64_t>(0).empty());
  s.time().advance(1ms);
  s.work();
  CHECK(s.values<std::uint64_t>(0) == values{1});
  s.time().advance(1h);
  s.work();
  CHECK(s.values<std::uint64_t>(0) == values{2, 3, 4});
  CHECK(s.machine().ended());
}

TEST_CASE("a paced generator that was held up counts the delay from the intended time") {
  one_stage s{generating({.events = 5, .rate = 100}), "generator-1"};
  s.grant_all();
  const steady_time began = s.time().steady();
  s.work();
  s.taken(0);
  s.time().advance(1s);
  s.work();
  const auto frames = s.taken(0);
  REQUIRE(!frames.empty());
  CHECK(frames[0].earliest_read == began + 10ms);
}

TEST_CASE("a memory source reads each of its vectors in order") {
  const memory_source<std::uint64_t> source{std::vector<values>{{1, 2, 3}, {}, {4}}};
  const auto all = read_all(source, 2, manual_clock{});
  CHECK(all.size() == 2);
  CHECK(all.at("memory-000000") == values{1, 2, 3});
  CHECK(all.at("memory-000002") == values{4});
}

TEST_CASE("a memory source that has become shorter since the checkpoint ends, and reads nothing") {
  const memory_source<std::uint64_t> source{values{1, 2, 3}};
  CHECK(read_all(source, 100, manual_clock{}, 7).empty());
}

TEST_CASE("a generator that has become shorter since the checkpoint ends, and makes nothing") {
  CHECK(read_all(generator{same, {.events = 3}}, 100, manual_clock{}, 7).empty());
}

TEST_CASE("instances without a split end, and do not hold the others up") {
  pipeline p{"p"};
  memory_sink<std::uint64_t> out;
  p.from(generator{same, {.events = 10, .splits = 2}}).parallelism(5).to(out);
  run(p);
  CHECK(sorted(out.values()) == values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a source that has no split for now is idle from its first moment") {
  script<tick> nothing;
  nothing.idle_until = ms(2'000'000);
  pipeline p{"p"};
  p.from(scripted_source<tick>{nothing}).to(memory_sink<tick>{});
  one_stage s{p, "scripted-1"};
  s.grant_all();
  CHECK(s.work() == verdict::done);
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].progress == flow::progress{min_timestamp, true});
  CHECK(s.effects().wake_at == ms(2'000'000));
  s.time().advance(1'000s);
  s.work();
  CHECK(s.machine().ended());
}

TEST_CASE("a source that gave events and then has none is asked again when it said") {
  script<tick> some;
  some.splits = {{{0, 1}, {0, 2}, {0, 3}, {0, 4}}};
  some.largest_batch = 1;
  some.pause_after = 1;  // every poll answers `caught_up` with an event
  pipeline p{"p"};
  p.from(scripted_source<tick>{some}).to(memory_sink<tick>{});
  one_stage s{p, "scripted-1"};
  s.grant_all();
  s.work();
  CHECK(s.values<tick>(0).size() == 1);
  CHECK(s.effects().wake_at == s.time().wall() + 1ms);
}

TEST_CASE("a poll that throws fails the stage for a restart") {
  pipeline p{"p"};
  p.from(generator{[](std::uint64_t i) {
     if (i == 2) throw std::runtime_error("disk");
     return i;
   }}).to(memory_sink<std::uint64_t>{});
  one_stage s{p, "generator-1"};
  s.grant_all();
  s.work();
  REQUIRE(s.effects().failures.size() == 1);
  CHECK(s.effects().failures[0].why.message == "disk");
  CHECK(s.machine().failed());
}

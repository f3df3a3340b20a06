// SPDX-License-Identifier: BSD-3-Clause
#include "testkit/sample.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <map>
#include <stdexcept>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Two splits of 50 bids each, a millisecond of event time apart.
test_source<bid> two_splits(std::uint64_t seed = 0) {
  test_source<bid> source{seed};
  for (int s = 0; s < 2; ++s) {
    auto& split = source.split().every(1ms);
    for (std::int64_t i = 0; i < 50; ++i) split.event(on("item " + std::to_string(i % 5), i, i));
  }
  return source;
}

pipeline summing(const test_source<bid>& source, const test_sink<sum_row>& out) {
  pipeline p{"sums", {.parallelism = 2, .batches = {.events = 4}, .credits = {.frames = 2}}};
  sums(p.from(source).event_time(&bid::at, bounded_out_of_orderness{50ms})).to(out);
  return p;
}

std::vector<sum_row> sums_of_two_splits() {
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> all;
  for (std::int64_t i = 0; i < 50; ++i)
    all[{"item " + std::to_string(i % 5), i / 10 * 10}] += 2 * i;
  std::vector<sum_row> rows;
  for (const auto& [at, price] : all) rows.push_back(summed(at.first, at.second, price));
  return rows;
}

/// What comes out of a run, in its order.
std::vector<sum_row> run_with(simulation_options options) {
  const test_sink<sum_row> out;
  const auto done = simulate(summing(two_splits(options.seed), out), std::move(options));
  INFO(done.problem);
  REQUIRE(done.finished());
  return out.values();
}

/// A source that has nothing and is never ready.
struct silent_source {
  using event_type = bid;

  struct reader : source_reader<bid> {
    void assign(std::size_t, const split&, std::uint64_t) override {}
    read_state poll(source_batch<bid>&, std::size_t, const weir::clock&) override {
      return read_state::caught_up;
    }
  };
  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return std::make_unique<fixed_splits>(std::vector<split>{{"only"}});
  }
  [[nodiscard]] std::unique_ptr<source_reader<bid>> make_reader() const {
    return std::make_unique<reader>();
  }
  [[nodiscard]] std::string kind() const { return "silent"; }
  [[nodiscard]] bool blocking() const { return false; }
};

}  // namespace

TEST_CASE("a simulated run gives what the pipeline computes, whatever the seed") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    CHECK(sorted(run_with({.seed = seed})) == sums_of_two_splits());
  }
}

TEST_CASE("the same seed gives the same order, and other seeds give others") {
  const auto first = run_with({.seed = 1});
  CHECK(run_with({.seed = 1}) == first);
  int others = 0;
  for (std::uint64_t seed = 2; seed < 12; ++seed) others += run_with({.seed = seed}) != first;
  CHECK(others > 5);
}

TEST_CASE("results are exactly once through crashes, and differ in order alone") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    const test_sink<sum_row> out;
    const auto done =
        simulate(summing(two_splits(seed), out),
                 {.seed = seed, .checkpoint_every = 40, .crash = 0.01, .max_crashes = 3});
    INFO(done.problem);
    REQUIRE(done.finished());
    CHECK(sorted(out.values()) == sums_of_two_splits());
    crashes += done.seen[met::crash_with_checkpoint];
  }
  CHECK(crashes > 10);
}

TEST_CASE("a run goes on from the checkpoint of one that was cut off, at another parallelism") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    const test_sink<sum_row> out;
    const auto before = simulate(summing(two_splits(), out),
                                 {.seed = seed, .checkpoint_every = 30, .max_moves = 400});
    REQUIRE(before.outcome == simulator::outcome::running);
    REQUIRE(before.checkpoint);
    auto p = summing(two_splits(), out);
    p.options().parallelism = 3;
    const auto after = simulate(p, {.seed = seed}, before.checkpoint);
    INFO(after.problem);
    REQUIRE(after.finished());
    CHECK(sorted(out.values()) == sums_of_two_splits());
  }
}

TEST_CASE("time is virtual: it begins where it is told, and pauses cost nothing") {
  test_source<bid> source;
  source.split().event(on("pen", 1)).pause(24h).event(on("pen", 2)).pause(1h);
  const test_sink<bid> out;
  pipeline p{"day"};
  p.from(source).to(out);
  const auto done = simulate(p, {.start = ms(7)});
  REQUIRE(done.finished());
  CHECK(done.ended_at == ms(7) + 25h);
  CHECK(out.entries() ==
        std::vector<timed<bid>>{{on("pen", 1), ms(7)}, {on("pen", 2), ms(7) + 24h}});
}

TEST_CASE("late events, results and dead letters of a run are in its report") {
  test_source<bid> source;
  source.split().every(1ms).events(
      {on("pen", 1, 0), on("pen", 1, 100), on("ink", 1, 3), on("", 1, 9)});
  const test_sink<sum_row> out;
  pipeline p{"p", {.batches = {.events = 1}}};
  p.from(source)
      .filter([](const bid& b) {
        if (b.item.empty()) throw std::runtime_error("no item");
        return true;
      })
      .named("check")
      .event_time(&bid::at, monotonous_timestamps{})
      .key_by(&bid::item)
      .window(tumbling{10ms})
      .aggregate(sum{&bid::price})
      .named("sums")
      .to(out);
  const auto done = simulate(p);
  INFO(done.problem);
  REQUIRE(done.finished());
  CHECK(done.late_events() == 1);
  CHECK(done.stage("sums").late_events == 1);
  CHECK(done.stage("sums").results == 2);
  REQUIRE(done.dead_letters.size() == 1);
  CHECK(done.dead_letters[0].error == "no item");
  CHECK(done.dead_letters[0].operator_name == "check");
  CHECK(done.dead_letters[0].source == "split-000000");
  CHECK_THROWS_WITH(done.stage("sum"), ContainsSubstring("there is no stage 'sum', only "));
}

TEST_CASE("a dead letter is told once, though a crash makes it again") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    test_source<bid> source{seed + 1};
    auto& split = source.split();
    for (std::int64_t i = 0; i < 100; ++i) split.event(on("pen", i));
    const test_sink<bid> out;
    pipeline p{"p", {.batches = {.events = 2}}};
    p.from(source)
        .filter([](const bid& b) {
          if (b.price % 10 == 3) throw std::runtime_error("bad");
          return true;
        })
        .to(out);
    const auto done =
        simulate(p, {.seed = seed, .checkpoint_every = 20, .crash = 0.02, .max_crashes = 4});
    INFO(done.problem);
    REQUIRE(done.finished());
    CHECK(done.dead_letters.size() == 10);
    CHECK(out.values().size() == 90);
  }
}

TEST_CASE("mistakes in a pipeline, and a source that can't be opened, are problems of the report") {
  pipeline empty{"empty"};
  const auto none = simulate(empty);
  CHECK(!none.finished());
  CHECK_THAT(none.problem, ContainsSubstring("the pipeline is empty"));

  struct unreachable : silent_source {
    [[nodiscard]] std::unique_ptr<source_reader<bid>> make_reader() const {
      throw std::runtime_error("no route to host");
    }
  };
  pipeline p{"p"};
  p.from(unreachable{}).to(test_sink<bid>{});
  CHECK(simulate(p).problem == "no route to host");
}

TEST_CASE("a stage that fails is named, with its cause") {
  pipeline p{"p"};
  p.from(two_splits())
      .map([](const bid&) -> std::int64_t { throw std::runtime_error("out of ink"); })
      .named("print")
      .on_error(directive::stop())
      .to(test_sink<std::int64_t>{});
  const auto done = simulate(p);
  CHECK(done.outcome == simulator::outcome::failed);
  CHECK_THAT(done.problem, ContainsSubstring("print") && ContainsSubstring("out of ink"));
}

TEST_CASE("a run that does not end says who waits") {
  pipeline p{"p"};
  p.from(silent_source{}).to(test_sink<bid>{});
  const auto done = simulate(p);
  CHECK(done.outcome == simulator::outcome::deadlock);
  CHECK_THAT(done.problem,
             ContainsSubstring("nothing can move") && ContainsSubstring("silent-1[0]"));
}

TEST_CASE("a run that goes on for ever is given up") {
  pipeline p{"p"};
  p.from(two_splits()).to(test_sink<bid>{{.refusals = 1'000'000'000}});
  const auto done = simulate(p, {.max_moves = 5'000});
  CHECK(done.outcome == simulator::outcome::running);
  CHECK_THAT(done.problem, ContainsSubstring("given up") && ContainsSubstring("test-sink-1[0]"));
}

TEST_CASE("a slow sink holds the pipeline up, and time goes by") {
  const test_sink<bid> out{{.refusals = 2, .at_most = 10}};
  pipeline p{"p"};
  p.from(memory_source{std::vector<bid>(100)}).to(out);
  const auto done = simulate(p);
  REQUIRE(done.finished());
  CHECK(out.values().size() == 100);
  CHECK(done.ended_at >= ms(100));
  CHECK(out.seen().writes_put_off >= 20);  // two for each ten rows, or fewer
}

TEST_CASE("a sink that refuses an event makes a dead letter of it") {
  const auto out = test_sink<bid>{}.failing([](const bid& b) { return b.price == 7; }, "too odd");
  pipeline p{"p"};
  p.from(two_splits()).to(out);
  const auto done = simulate(p);
  REQUIRE(done.finished());
  CHECK(out.values().size() == 98);
  REQUIRE(done.dead_letters.size() == 2);
  CHECK(done.dead_letters[0].error == "too odd");
}

TEST_CASE("runs of one sink add up") {
  const test_sink<sum_row> out;
  const pipeline p = summing(two_splits(), out);
  CHECK(simulate(p).finished());
  CHECK(simulate(p, {.seed = 9}).finished());
  CHECK(out.values().size() == 2 * sums_of_two_splits().size());
}

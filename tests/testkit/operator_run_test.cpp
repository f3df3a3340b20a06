// SPDX-License-Identifier: BSD-3-Clause
#include "testkit/sample.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <random>
#include <stdexcept>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

const side_output<bid> late{"late"};

/// Counts per item; an item's alarm rings 5 s after its first event.
struct alarm {
  using output = std::string;
  value_state<std::int64_t> seen{"seen"};
  auto states() { return std::tie(seen); }

  void on_event(const bid&, process_context<std::string, std::string>& c) {
    seen.update([](std::int64_t& n) { ++n; });
    if (*seen.get() == 1) c.set_processing_timer(c.now() + 5s);
  }
  void on_timer(timestamp, process_context<std::string, std::string>& c) {
    c.emit(c.key() + " " + std::to_string(*seen.get()) + " at " +
           std::to_string(c.now().time_since_epoch() / 1s));
  }
};

auto ringing() {
  return subject{
      [](stream<bid> in) { return in.key_by(&bid::item).process(alarm{}).named("alarm"); }};
}

}  // namespace

TEST_CASE("a run works off what is pushed, and gives each output once, with its timestamp") {
  operator_run run{sums};
  run.push(on("pen", 3), ms(1)).push(on("pen", 4), ms(2)).push(on("ink", 5), ms(12));
  CHECK(run.outputs().empty());
  run.push_watermark(ms(10) - 1us);
  CHECK(run.outputs() == std::vector<timed<sum_row>>{{summed("pen", 0, 7), ms(10) - 1us}});
  CHECK(run.outputs().empty());
  run.end();
  CHECK(run.values() == std::vector{summed("ink", 10, 5)});
  CHECK(run.watermark() == max_timestamp);
  CHECK(run.count(&stage_metrics::results) == 2);
}

TEST_CASE("events of one batch are judged by the watermark before it") {
  operator_run run{sums};
  run.push_batch({{on("pen", 1), ms(1)}, {on("pen", 1), ms(30)}, {on("pen", 1), ms(2)}});
  run.push_watermark(ms(20));
  run.push(on("pen", 1), ms(3));
  CHECK(run.values() == std::vector{summed("pen", 0, 2)});
  CHECK(run.late_events() == 1);
}

TEST_CASE("late events are read from the side output that is named") {
  operator_run run{
      [](stream<bid> in) {
        return in.key_by(&bid::item).window(tumbling{10ms}).late_to(late).aggregate(count{});
      },
      late};
  run.push_watermark(ms(50));
  run.push(on("pen", 1), ms(7)).push(on("pen", 2), ms(51));
  CHECK(run.side(late) == std::vector<timed<bid>>{{on("pen", 1), ms(7)}});
  CHECK(run.side(late).empty());
  CHECK(run.late_events() == 1);
}

TEST_CASE("a side output in the middle is collected by the function that builds the operators") {
  operator_run run{[](side_outputs& sides, stream<bid> in) {
    auto windows =
        in.key_by(&bid::item).window(tumbling{10ms}).late_to(late).aggregate(sum{&bid::price});
    sides.collect(late, windows);
    return std::move(windows).map([](const sum_row& r) { return r.value; });
  }};
  run.push(on("pen", 4), ms(1)).push_watermark(ms(50));
  run.push(on("pen", 1), ms(7));
  CHECK(run.values() == std::vector<std::int64_t>{4});
  CHECK(run.side(late).size() == 1);
}

TEST_CASE("a side output that nobody named, or of another type, is a clear error") {
  operator_run run{sums};
  CHECK_THROWS_WITH(run.side(late), Catch::Matchers::ContainsSubstring("'late' is not read"));
  operator_run named{
      [](stream<bid> in) {
        return in.key_by(&bid::item).window(tumbling{10ms}).late_to(late).aggregate(count{});
      },
      late};
  CHECK_THROWS_WITH(named.side(side_output<std::int64_t>{"late"}),
                    Catch::Matchers::ContainsSubstring("'side late' has events of"));
}

TEST_CASE("the watermark of several splits is the lowest, and an idle one is not waited for") {
  operator_run run{sums, {.splits = 3}};
  run.input().push(on("pen", 1), ms(1)).push_watermark(ms(100));
  run.input(1).push_watermark(ms(100));
  CHECK(run.values().empty());
  run.input(2).idle();
  CHECK(run.values() == std::vector{summed("pen", 0, 1)});
  CHECK(run.watermark() == ms(100));
  run.input(2).push(on("pen", 2), ms(101));
  run.input(0).end();
  run.input(1).end();
  CHECK(run.watermark() == ms(100));
  run.input(2).end();
  CHECK(run.values() == std::vector{summed("pen", 100, 2)});
}

TEST_CASE(
    "each split makes watermarks of its own where the operators take event time from events") {
  operator_run run{
      [](stream<bid> in) { return sums(in.event_time(&bid::at, monotonous_timestamps{})); },
      {.splits = 2}};
  // A channel, unlike a source's split, is waited for from its first event on.
  run.input(1).push(on("ink", 1, 6), ms(0));
  run.input(0).push(on("pen", 1, 5), ms(0)).push(on("pen", 1, 25), ms(0));
  CHECK(run.values().empty());
  run.input(1).push(on("ink", 1, 12), ms(0));
  CHECK(run.values().size() == 2);
}

TEST_CASE("an idle run says so to those behind it") {
  operator_run run{sums};
  run.push_watermark(ms(3));
  CHECK(!run.progress().idle);
  run.idle();
  CHECK(run.progress().idle);
  CHECK(run.watermark() == ms(3));
}

TEST_CASE("timers of processing time fire when the clock is moved, at their own moment") {
  auto run = ringing().run();
  run.push(on("pen", 1), ms(0));
  run.advance(2s);
  run.push(on("ink", 1), ms(0)).push(on("pen", 1), ms(0));
  CHECK(run.values().empty());
  run.advance(10s);
  CHECK(run.values() == std::vector<std::string>{"pen 2 at 5", "ink 1 at 7"});
  CHECK(run.now() == ms(12'000));
  run.set_time(ms(1));
  CHECK(run.now() == ms(12'000));
}

TEST_CASE("a function that fails makes a dead letter") {
  operator_run run{[](stream<bid> in) {
    return in
        .map([](const bid& b) {
          if (b.price < 0) throw std::runtime_error("no price");
          return b.price;
        })
        .named("price");
  }};
  run.push(on("pen", 1), ms(0)).push(on("ink", -1), ms(1)).push(on("cap", 2), ms(2));
  CHECK(run.values() == std::vector<std::int64_t>{1, 2});
  const auto letters = run.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].operator_name == "price");
  CHECK(letters[0].error == "no price");
  CHECK(letters[0].event_time == ms(1));
  CHECK(run.dead_letters().empty());
  CHECK(run.count(&stage_metrics::dead_letters) == 1);
}

TEST_CASE("a stage that fails says why, and takes nothing more") {
  operator_run run{[](stream<bid> in) {
    return in.map([](const bid&) -> std::int64_t { throw std::runtime_error("out of ink"); })
        .named("print")
        .on_error(directive::stop());
  }};
  run.push(on("pen", 1), ms(0));
  CHECK(run.failure().find("print") != std::string::npos);
  CHECK(run.failure().find("out of ink") != std::string::npos);
  CHECK_THROWS_WITH(run.push(on("pen", 1), ms(0)),
                    Catch::Matchers::ContainsSubstring("out of ink"));
}

TEST_CASE("a push behind the end is a clear error") {
  operator_run run{sums};
  run.end();
  run.end();
  CHECK_THROWS_WITH(run.push(on("pen", 1), ms(0)), Catch::Matchers::ContainsSubstring("has ended"));
  CHECK_THROWS_WITH(run.input(1), Catch::Matchers::ContainsSubstring("no split 1"));
}

TEST_CASE("mistakes in the operators under test are listed before a run") {
  CHECK_THROWS_WITH((operator_run{[](stream<bid> in) {
                      in.map([](const bid& b) { return b.price; }).named("lost");
                      return in.filter([](const bid&) { return true; }).named("kept").named("");
                    }}),
                    Catch::Matchers::ContainsSubstring("empty name"));
}

TEST_CASE("a run goes on from its saved state in fresh instances, at any parallelism") {
  const subject of{sums};
  std::mt19937_64 random{7};
  for (const std::uint32_t after : {1U, 2U, 5U}) {
    operator_options options;
    options.pipeline.parallelism = after;
    auto first = of.with({.pipeline = {.parallelism = 3}}).run();
    std::map<std::pair<std::string, std::int64_t>, std::int64_t> wanted;
    const auto push = [&](auto& run) {
      for (int i = 0; i < 50; ++i) {
        const auto price = static_cast<std::int64_t>(random() % 100);
        const auto at = static_cast<std::int64_t>(random() % 40);
        const std::string item = "item " + std::to_string(random() % 9);
        wanted[{item, at / 10 * 10}] += price;
        run.push(on(item, price), ms(at));
      }
    };
    push(first);
    auto second = first.restarted(options);
    push(second);
    second.end();
    std::vector<sum_row> all;
    for (const auto& [at, price] : wanted) all.push_back(summed(at.first, at.second, price));
    CHECK(sorted(second.values()) == all);
  }
}

TEST_CASE("a restored run keeps its watermark, its timers and the time on its clock") {
  auto windows = operator_run{sums};
  windows.push_watermark(ms(100));
  auto again = windows.restarted();
  again.push(on("pen", 1), ms(5));
  CHECK(again.late_events() == 1);

  auto alarms = ringing().run();
  alarms.push(on("pen", 1), ms(0));
  alarms.advance(3s);
  auto restored = alarms.restarted();
  CHECK(restored.now() == ms(3'000));
  restored.advance(1s);
  CHECK(restored.values().empty());
  restored.advance(1s);
  CHECK(restored.values() == std::vector<std::string>{"pen 1 at 5"});
}

TEST_CASE("snapshots of a run are numbered on, and taken behind the end, too") {
  operator_run run{sums};
  run.push(on("pen", 1), ms(1));
  CHECK(run.snapshot().size() == run.snapshot().size());
  run.end();
  CHECK(!run.snapshot().empty());
}

TEST_CASE("without credit results wait, and come in order as it is given") {
  operator_run run{sums, {.withhold_output = true}};
  for (std::int64_t i = 0; i < 20; ++i) run.push(on("pen", i), ms(10 * i));
  run.push_watermark(ms(1000));
  CHECK(run.blocked());
  CHECK(run.values().empty());
  CHECK_THROWS_WITH(run.snapshot(), Catch::Matchers::ContainsSubstring("waits for credit"));
  std::vector<sum_row> all;
  for (int grants = 0; run.blocked(); ++grants) {
    REQUIRE(grants < 30);
    run.grant(1, 2);
    for (sum_row& r : run.values()) all.push_back(std::move(r));
  }
  REQUIRE(all.size() == 20);
  for (std::int64_t i = 0; i < 20; ++i)
    CHECK(all[static_cast<std::size_t>(i)] == summed("pen", 10 * i, i));
}

TEST_CASE("a side output without credit holds its operator up, and loses nothing") {
  operator_run run{
      [](stream<bid> in) {
        return in.key_by(&bid::item).window(tumbling{10ms}).late_to(late).aggregate(count{});
      },
      {.pipeline = {.batches = {.events = 2}, .credits = {.frames = 1}}, .withhold_sides = true},
      late};
  run.push_watermark(ms(1000));
  for (std::int64_t i = 0; i < 9; ++i) run.push(on("pen", i), ms(i));
  CHECK(run.side(late).empty());
  std::size_t got = 0;
  for (int grants = 0; run.blocked(); ++grants) {
    REQUIRE(grants < 30);
    run.grant_side("late", 1, 2);
    got += run.side(late).size();
  }
  CHECK(got == 9);
}

TEST_CASE("a budget of one event a step changes no result") {
  const subject of{sums};
  std::vector<std::vector<sum_row>> results;
  for (const auto budget : {std::optional<std::uint32_t>{}, std::optional<std::uint32_t>{1}}) {
    auto run = of.with({.pipeline = {.parallelism = 2}, .step_budget = budget}).run();
    std::vector<timed<bid>> batch;
    for (std::int64_t i = 0; i < 300; ++i) batch.push_back({on(std::to_string(i % 7), i), ms(i)});
    run.push_batch(batch);
    run.end();
    results.push_back(run.values());
  }
  CHECK(results[0].size() == 210);
  CHECK(sorted(results[0]) == sorted(results[1]));
}

TEST_CASE("operators of two inputs are fed apart, and merge their watermarks") {
  operator_run run{[](stream<bid> bids, stream<std::int64_t> prices) {
    return bids.map([](const bid& b) { return b.price; }).union_with(std::move(prices));
  }};
  run.input<0>().push(on("pen", 1), ms(1)).push_watermark(ms(5));
  run.input<1>().push(2, ms(2));
  CHECK(run.values() == std::vector<std::int64_t>{1, 2});
  CHECK(run.watermark() == min_timestamp);
  run.input<1>().push_watermark(ms(3));
  CHECK(run.watermark() == ms(3));
}

TEST_CASE("operators that end in sinks of their own have no output to read") {
  memory_sink<std::int64_t> out;
  operator_run run{[out](stream<bid> in) { in.map([](const bid& b) { return b.price; }).to(out); }};
  run.push(on("pen", 3), ms(1));
  CHECK(out.values() == std::vector<std::int64_t>{3});
  CHECK_THROWS_WITH(run.grant(1), Catch::Matchers::ContainsSubstring("no output"));
}

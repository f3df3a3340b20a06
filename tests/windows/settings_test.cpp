// SPDX-License-Identifier: BSD-3-Clause
#include "windows/play.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

using row = window_result<std::int64_t, std::vector<std::int64_t>>;

std::vector<std::string> told(const std::vector<timed<row>>& rows) {
  std::vector<std::string> lines;
  for (const auto& r : rows)
    lines.push_back(say(r.value.key, r.value.window, r.value.value) + say(r.value.pane));
  return lines;
}
using lines = std::vector<std::string>;

/// Windows of two sizes, and events that belong to none.
struct by_parity {
  void assign(const blip& b, timestamp t, auto emit) const {
    if (b.value % 3 == 0) return;
    emit(tumbling{b.value % 2 == 0 ? 10us : 20us}.at(t));
  }
};

pipeline writing_down(auto make) {
  pipeline p{"p"};
  auto s = p.from(memory_source{std::vector<blip>{}})
               .event_time([](const blip& b) { return tick(b.value); }, monotonous_timestamps{});
  make(s);
  return p;
}

}  // namespace

TEST_CASE("processing-time windows fire when the clock reaches their last instant") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key).window(processing_time(tumbling{10us})).aggregate(bag{});
  }};
  run.push({1, 1}, tick(500)).push({1, 2}, tick(-3));
  run.set_time(tick(8));
  CHECK(run.outputs().empty());
  run.set_time(tick(9));
  CHECK(told(run.outputs()) == lines{"1 [0,10) 1 2 #0/1"});
  run.push_watermark(tick(1000));
  run.set_time(tick(12));
  run.push({1, 3}, tick(0));  // no event is late by the clock
  run.set_time(tick(30));
  CHECK(told(run.outputs()) == lines{"1 [10,20) 3 #0/1"});
  CHECK(run.late_events() == 0);
}

TEST_CASE("early results by the clock come at its multiples until the window is complete") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key)
        .window(tumbling{100us})
        .early(every_processing_time{10us})
        .aggregate(bag{});
  }};
  run.set_time(tick(3));
  run.push({1, 1}, tick(5));
  run.set_time(tick(10));
  CHECK(told(run.outputs()) == lines{"1 [0,100) 1 #0/0"});
  run.push({1, 2}, tick(6));
  run.set_time(tick(19));
  CHECK(run.outputs().empty());
  run.set_time(tick(20));
  CHECK(told(run.outputs()) == lines{"1 [0,100) 1 2 #1/0"});
  run.push_watermark(tick(99));
  CHECK(told(run.outputs()) == lines{"1 [0,100) 1 2 #2/1"});
  run.set_time(tick(500));
  CHECK(run.outputs().empty());
}

TEST_CASE("multiples of the clock that were slept through are not made up for") {
  const with_early trigger{every_processing_time{10us}};
  with_early<every_processing_time>::state s;
  trigger_view view{{tick(0), tick(1'000)}, min_timestamp, tick(3), false, false};
  trigger.on_event(s, blip{}, tick(5), view);
  CHECK(trigger.next_processing_time(s, view) == tick(10));
  view.now = tick(55);  // the stage was at something else, or blocked
  CHECK(trigger.on_processing_time(s, tick(10), view) == trigger_action::fire);
  CHECK(trigger.next_processing_time(s, view) == tick(60));
}

TEST_CASE("early timers by the clock survive a restart") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key)
        .window(tumbling{100us})
        .early(every_processing_time{10us})
        .aggregate(bag{});
  }};
  run.push({1, 1}, tick(5));
  auto again = run.restarted();
  again.set_time(tick(10));
  CHECK(told(again.outputs()) == lines{"1 [0,100) 1 #0/0"});
}

TEST_CASE("a window that did not change since its last result is left out on request") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key)
        .window(tumbling{100us})
        .early(every_event_time{10us})
        .emit_on_change()
        .aggregate(bag{});
  }};
  run.push({1, 1}, tick(5)).push_watermark(tick(60));
  CHECK(told(run.outputs()) == lines{"1 [0,100) 1 #0/0"});
  run.push({1, 2}, tick(6)).push_watermark(tick(98));
  CHECK(told(run.outputs()).size() == 1);
  run.push_watermark(tick(99));
  CHECK(run.outputs().empty());
}

TEST_CASE("a sliding window leaves unchanged results out on request") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key)
        .window(sliding{10us}.with_exits())
        .emit_on_change()
        .aggregate(count{});
  }};
  run.push({1, 1}, tick(0)).push({1, 2}, tick(5)).push({1, 3}, tick(10)).push({1, 4}, tick(15));
  run.end();
  std::vector<std::pair<std::int64_t, std::uint64_t>> counts;
  for (const auto& o : run.outputs()) counts.emplace_back(ticks(o.at), o.value.value);
  CHECK(counts ==
        std::vector<std::pair<std::int64_t, std::uint64_t>>{{0, 1}, {5, 2}, {20, 1}, {25, 0}});
}

TEST_CASE("an un-keyed window is of all events of all instances") {
  operator_options options;
  options.pipeline.parallelism = 3;
  options.splits = 2;
  operator_run run{[](stream<blip> in) {
                     return in.window(hopping{20us, 10us}).aggregate(bag{}).named("all");
                   },
                   options};
  run.input(0).push({1, 1}, tick(5));
  run.input(1).push({2, 2}, tick(6)).push({3, 3}, tick(15));
  auto next = run.restarted();
  next.end();
  lines got;
  for (const auto& o : next.outputs()) got.push_back(say(0, o.value.window, o.value.value));
  CHECK(got == lines{"0 [-10,10) 1 2", "0 [0,20) 1 2 3", "0 [10,30) 3"});
}

TEST_CASE("an assigner of one's own says where events belong") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key).window(by_parity{}).aggregate(bag{}).named("w");
  }};
  run.push({1, 1}, tick(5)).push({1, 2}, tick(5)).push({1, 3}, tick(5));
  run.end();
  auto got = told(run.outputs());
  std::sort(got.begin(), got.end());
  CHECK(got == lines{"1 [0,10) 2 #0/1", "1 [0,20) 1 #0/1"});
  CHECK(run.late_events() == 0);
}

TEST_CASE("a global window is complete when the stream ends") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key).window(global_window{}).aggregate(bag{});
  }};
  run.push({1, 1}, tick(5)).push_watermark(tick(1'000'000));
  CHECK(run.outputs().empty());
  run.end();
  CHECK(run.outputs().size() == 1);
}

TEST_CASE("evictors take events out before or after the firing") {
  const auto sums = [](auto evictor, bool after) {
    operator_run run{[=](stream<blip> in) {
      return in.key_by(&blip::key)
          .window(global_window{})
          .trigger(on_count{2})
          .evict(after ? evictor.after_firing() : evictor)
          .aggregate(bag{});
    }};
    std::vector<std::vector<std::int64_t>> all;
    for (std::int64_t i = 1; i <= 6; ++i) run.push({1, i}, tick(10 * i));
    for (const auto& o : run.outputs()) all.push_back(o.value.value);
    return all;
  };
  using values = std::vector<std::vector<std::int64_t>>;
  CHECK(sums(keep_last{3}, false) == values{{1, 2}, {2, 3, 4}, {4, 5, 6}});
  CHECK(sums(keep_last{3}, true) == values{{1, 2}, {1, 2, 3, 4}, {2, 3, 4, 5, 6}});
  CHECK(sums(keep_newest{20us}, false) == values{{1, 2}, {3, 4}, {5, 6}});
  CHECK(sums(keep_newest{20us}, true) == values{{1, 2}, {1, 2, 3, 4}, {3, 4, 5, 6}});
  const auto apart = [](const blip& a, const blip& last) {
    return static_cast<double>(last.value - a.value);
  };
  CHECK(sums(keep_near{apart, 3.0}, false) == values{{1, 2}, {2, 3, 4}, {4, 5, 6}});
}

TEST_CASE("what a trigger never let out is counted when its window goes") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key)
        .window(tumbling{10us})
        .trigger(on_count{2})
        .aggregate(bag{})
        .named("w");
  }};
  run.push({1, 1}, tick(1)).push({1, 2}, tick(2)).push({1, 3}, tick(3));
  run.end();
  CHECK(run.outputs().size() == 1);
  CHECK(counted(run, "w", "w: windows dropped unfired") == 1);
}

TEST_CASE("windows fire no faster than credit and budget allow, and lose nothing") {
  for (const bool hops : {false, true}) {
    operator_options options;
    options.withhold_output = true;
    options.step_budget = 2;
    const auto build = [=](stream<blip> in) {
      const auto keyed = in.key_by(&blip::key);
      const auto fold = [](const auto& w) { return w.aggregate(count{}).named("w"); };
      stream<window_result<std::int64_t, std::uint64_t>> out =
          hops ? stream<window_result<std::int64_t, std::uint64_t>>{fold(
                     keyed.window(hopping{20us, 10us}))}
               : stream<window_result<std::int64_t, std::uint64_t>>{
                     fold(keyed.window(session{5us}))};
      return out;
    };
    operator_run run{build, options};
    for (std::int64_t k = 0; k < 40; ++k) run.push({k, k}, tick(1));
    run.push_watermark(tick(100));
    std::size_t got = run.outputs().size();
    CHECK(run.blocked());
    for (int i = 0; i < 500 && run.blocked(); ++i) {
      run.grant(1, 1);
      got += run.outputs().size();
    }
    CHECK_FALSE(run.blocked());
    CHECK(got == (hops ? 80 : 40));
    CHECK(run.late_events() == 0);
  }
}

TEST_CASE("a function that fails when a window fires is a dead letter, and the others come") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key)
        .window(hopping{20us, 10us})
        .process<std::int64_t>(
            [](std::int64_t key, const window& w, std::span<const blip>, auto emit) {
              if (key == 2 && w.start == tick(0)) throw std::runtime_error("no");
              emit(key);
            });
  }};
  for (std::int64_t k = 1; k <= 3; ++k) run.push({k, k}, tick(15));
  run.end();
  auto got = run.values();
  std::sort(got.begin(), got.end());
  CHECK(got == std::vector<std::int64_t>{1, 1, 2, 3, 3});
  CHECK(run.dead_letters().size() == 1);
}

TEST_CASE("late events that nobody takes are counted, and a few noted") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key).window(session{10us}).aggregate(count{}).named("w");
  }};
  run.push_watermark(tick(1000));
  for (std::int64_t i = 0; i < 100; ++i) run.push({1, i}, tick(i));
  CHECK(run.late_events() == 100);
  const auto notes = run.metrics("w").late.notes();
  REQUIRE(notes.size() == 1);  // one a second
  CHECK(notes[0].at == tick(0));
  CHECK(notes[0].watermark == tick(1000));
  CHECK(notes[0].at_operator == "w");
  CHECK_THAT(notes[0].event, ContainsSubstring("\"value\":0"));
}

TEST_CASE("windows of event time without event time are a mistake, others are not") {
  const auto mistakes = [](auto make) {
    pipeline p{"p"};
    auto s = p.from(memory_source{std::vector<blip>{}});
    make(s.key_by(&blip::key)).named("w").to(memory_sink<row>{});
    auto built = p.build();
    return built ? std::string{} : built.error().message;
  };
  CHECK_THAT(mistakes([](auto k) {
               return k.window(hopping{2s, 1s}).aggregate(bag{});
             }),
             ContainsSubstring("has no event time"));
  CHECK(mistakes([](auto k) { return k.window(tumbling_count{3}).aggregate(bag{}); }).empty());
  CHECK(mistakes([](auto k) {
          return k.window(processing_time(tumbling{1s})).aggregate(bag{});
        }).empty());
  CHECK_THAT(
      mistakes([](auto k) { return k.window(session{2s}).allowed_lateness(-1s).aggregate(bag{}); }),
      ContainsSubstring("the allowed lateness is negative"));
}

TEST_CASE("the check warns of settings that cost the overlap") {
  const auto warnings = [](auto make) {
    std::string all;
    const pipeline p = writing_down([&](auto& s) {
      make(s.key_by(&blip::key).window(hopping{60s, 1s})).named("w").to(memory_sink<row>{});
    });
    auto built = p.build();
    for (const std::string& w : built.value().warnings())
      if (w.find("overlap") != std::string::npos) all += w;
    return all;
  };
  CHECK(warnings([](auto w) { return w.aggregate(bag{}); }).empty());
  CHECK(warnings([](auto w) { return w.allowed_lateness(1s).aggregate(bag{}); }).empty());
  CHECK_THAT(warnings([](auto w) { return w.early(every_events{3}).aggregate(bag{}); }),
             ContainsSubstring("cost the overlap"));
}

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/operators/event_time.hpp"
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::lane_state;
using flow::progress;

namespace {

using timing = operators::event_time<timestamp sale::*, bounded_out_of_orderness>;

/// An event_time operator and the lanes that its source would show it.
struct timing_under_test {
  stage_metrics metrics;
  flow::effects out;
  flow::event_errors errors{"s", {}, nullptr, nullptr};
  flow::lane_list lanes;
  flow::step step{.out = out, .errors = errors, .wall = {}, .budget = 1000};
  timing op{&sale::at, bounded_out_of_orderness{10ms}};

  explicit timing_under_test(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
      lanes.push_back({"split-" + std::to_string(i), lane_state::active});
    step.lanes = &lanes;
  }
  timestamp event(std::uint32_t lane, std::int64_t at_ms) {
    step.lane = lane;
    timestamp got;
    const auto next = [&](const sale&, timestamp at) { got = at; };
    op.on_event(sold("a", 1, at_ms), ms(0), next, step);
    return got;
  }
  progress after(progress p = {}) {
    const auto next = [](const sale&, timestamp) {};
    op.on_progress(p, next, step);
    return p;
  }
  std::vector<snapshot_part> saved() {
    std::vector<snapshot_part> parts;
    snapshot_writer to{parts};
    to.bind("time");
    op.snapshot(to);
    return parts;
  }
  void restore(const std::vector<snapshot_part>& parts) {
    snapshot_reader from{parts};
    from.bind("time");
    op.restore(from);
  }
};

/// The watermark behind an event at `at_ms`.
timestamp behind(std::int64_t at_ms) { return ms(at_ms) - 10ms - 1us; }

}  // namespace

TEST_CASE("watermark strategies stay just behind what may still come") {
  bounded_out_of_orderness bounded{5ms};
  CHECK(bounded.watermark() == min_timestamp);
  bounded.on_event(ms(100));
  bounded.on_event(ms(90));
  CHECK(bounded.watermark() == ms(95) - 1us);
  monotonous_timestamps monotonous;
  CHECK(monotonous.watermark() == min_timestamp);
  monotonous.on_event(ms(100));
  CHECK(monotonous.watermark() == ms(100) - 1us);
}

TEST_CASE("event_time gives events their timestamps") {
  timing_under_test t{1};
  CHECK(t.event(0, 1234) == ms(1234));
  CHECK(t.event(0, -5) == ms(-5));
}

TEST_CASE("event_time rounds a finer time down, before 1970 too") {
  struct fine {
    std::chrono::sys_time<std::chrono::nanoseconds> at;
  };
  stage_metrics metrics;
  flow::effects out;
  flow::event_errors errors{"s", {}, nullptr, nullptr};
  flow::step step{.out = out, .errors = errors, .wall = {}};
  operators::event_time op{&fine::at, monotonous_timestamps{}};
  timestamp got;
  const auto next = [&](const fine&, timestamp at) { got = at; };
  op.on_event(fine{std::chrono::sys_time<std::chrono::nanoseconds>{1999ns}}, ms(0), next, step);
  CHECK(got == timestamp{1us});
  op.on_event(fine{std::chrono::sys_time<std::chrono::nanoseconds>{-1ns}}, ms(0), next, step);
  CHECK(got == timestamp{-1us});
}

TEST_CASE("the watermark is the lowest of the splits that have had an event") {
  timing_under_test t{3};
  t.event(0, 100);
  CHECK(t.after().watermark == behind(100));
  t.event(1, 110);
  t.event(0, 200);
  CHECK(t.after().watermark == behind(110));
}

TEST_CASE("a split that was found later is idle until its first event") {
  timing_under_test t{2};
  CHECK(t.after() == progress{min_timestamp, true});
  t.event(1, 100);
  CHECK(t.after() == progress{behind(100), false});
}

TEST_CASE("a split that was there from the start is waited for before its first event") {
  timing_under_test t{2};
  for (auto& lane : t.lanes) lane.from_start = true;
  CHECK(t.after() == progress{min_timestamp, false});
  t.event(0, 100);
  CHECK(t.after() == progress{min_timestamp, false});
  t.event(1, 50);
  CHECK(t.after() == progress{behind(50), false});
}

TEST_CASE("a split from the start that goes idle or ends without an event is not waited for") {
  timing_under_test t{3};
  for (auto& lane : t.lanes) lane.from_start = true;
  t.event(0, 100);
  t.lanes[1].state = lane_state::idle;
  CHECK(t.after().watermark == min_timestamp);
  t.lanes[2].state = lane_state::ended;
  CHECK(t.after() == progress{behind(100), false});
}

TEST_CASE("a late split does not take the watermark back") {
  timing_under_test t{2};
  t.event(0, 100);
  t.after();
  t.event(1, 50);
  CHECK(t.after().watermark == behind(100));
}

TEST_CASE("idle and ended splits are not waited for") {
  timing_under_test t{3};
  t.event(0, 100);
  t.event(1, 10);
  t.event(2, 20);
  CHECK(t.after().watermark == behind(10));
  t.lanes[1].state = lane_state::idle;
  CHECK(t.after().watermark == behind(20));
  t.lanes[2].state = lane_state::ended;
  CHECK(t.after() == progress{behind(100), false});
  t.lanes[0].state = lane_state::idle;
  CHECK(t.after() == progress{behind(100), true});
}

TEST_CASE("what a split had in the batch that it ends or goes idle with counts") {
  timing_under_test t{1};
  t.event(0, 100);
  t.after();
  t.event(0, 500);
  t.lanes[0].state = lane_state::ended;
  CHECK(t.after() == progress{behind(500), true});
}

TEST_CASE("watermarks from before it are replaced, but not the one that ends the stream") {
  timing_under_test t{1};
  t.event(0, 100);
  CHECK(t.after({ms(1'000'000), false}).watermark == behind(100));
  CHECK(t.after({max_timestamp, false}).watermark == max_timestamp);
}

TEST_CASE("a split that is found later is waited for from its first event on") {
  timing_under_test t{1};
  t.event(0, 100);
  t.after();
  t.lanes.push_back({"split-1", lane_state::active});
  t.event(0, 200);
  CHECK(t.after().watermark == behind(200));
  t.event(1, 150);
  t.event(0, 300);
  CHECK(t.after().watermark == behind(200));
}

TEST_CASE("after a restart each split is waited for from where it stood, before its first event") {
  timing_under_test before{2};
  before.event(0, 1000);
  before.event(1, 50);
  before.after();
  timing_under_test t{2};
  t.restore(before.saved());
  t.event(0, 1010);
  CHECK(t.after() == progress{behind(50), false});
  t.event(1, 70);
  CHECK(t.after().watermark == behind(70));
}

TEST_CASE("a split that moves to another instance takes its time along") {
  timing_under_test before{2};
  before.event(0, 1000);
  before.event(1, 50);
  timing_under_test t{1};
  t.lanes[0].id = "split-1";
  t.restore(before.saved());
  CHECK(t.after() == progress{behind(50), false});
  const auto saved = t.saved();
  CHECK(saved.size() == 1);  // split-0 is somebody else's now
}

TEST_CASE("a snapshot before the first event keeps what was restored") {
  timing_under_test before{2};
  before.event(0, 1000);
  before.event(1, 50);
  timing_under_test between{2};
  between.restore(before.saved());
  timing_under_test t{2};
  t.restore(between.saved());
  CHECK(t.after() == progress{behind(50), false});
}

TEST_CASE("behind a union, an input that has ended does not hold event time back") {
  pipeline p{"p"};
  auto a = p.from(memory_source{std::vector<sale>{}});
  auto b = p.from(memory_source{std::vector<sale>{}});
  a.union_with(b)
      .named("both")
      .event_time(&sale::at, monotonous_timestamps{})
      .to(memory_sink<sale>{});
  one_stage s{p, "both"};
  s.grant_all();
  const auto at = [](std::int64_t t) {
    return std::vector<std::pair<sale, timestamp>>{{sold("a", 1, t), ms(0)}};
  };
  s.send(0, at(100));
  s.send(1, at(200));
  s.work();
  CHECK(s.taken(0).back().progress.watermark == ms(100) - 1us);
  s.send_end(0);
  s.send(1, at(300));
  s.work();
  CHECK(s.taken(0).back().progress.watermark == ms(300) - 1us);
}

TEST_CASE("behind a union, an input that goes idle does not hold event time back") {
  pipeline p{"p"};
  auto a = p.from(memory_source{std::vector<sale>{}});
  auto b = p.from(memory_source{std::vector<sale>{}});
  a.union_with(b)
      .named("both")
      .event_time(&sale::at, monotonous_timestamps{})
      .to(memory_sink<sale>{});
  one_stage s{p, "both"};
  s.grant_all();
  const auto at = [](std::int64_t t) {
    return std::vector<std::pair<sale, timestamp>>{{sold("a", 1, t), ms(0)}};
  };
  s.send(0, at(100));
  s.send(1, at(200));
  s.send_progress(0, {min_timestamp, true});
  s.work();
  CHECK(s.taken(0).back().progress.watermark == ms(200) - 1us);
  s.send(0, at(250));
  s.send(1, at(400));
  s.work();
  CHECK(s.taken(0).back().progress.watermark == ms(250) - 1us);
}

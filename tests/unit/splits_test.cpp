// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"
#include "weir/test/test_source.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::frame_kind;
using flow::verdict;

namespace {

sale at(std::int64_t time_ms) { return sold("a", 1, time_ms); }

/// The source's stage: events with their times -> sink.
pipeline with_times(const test_source<sale>& source, event_time_options o) {
  pipeline p{"p"};
  p.from(source).event_time(&sale::at, monotonous_timestamps{}, o).to(memory_sink<sale>{});
  return p;
}

/// The newest watermark, and whether the channel is idle, that was sent since the last call.
std::optional<flow::progress> sent(one_stage& s) {
  std::optional<flow::progress> newest;
  for (const flow::frame& f : s.taken(0)) newest = f.progress;
  return newest;
}

timestamp asked(one_stage& s) {
  timestamp newest = max_timestamp;
  for (const flow::frame& f : s.taken(0)) newest = f.tell_at;
  return newest;
}

constexpr auto just_before = [](std::int64_t time_ms) { return ms(time_ms) - 1us; };

}  // namespace

TEST_CASE("a split is idle once it was read to its end and nothing came for the time set") {
  test_source<sale> source;
  source.split().event(at(5)).pause(1h);
  source.split().every(10s).events({at(10), at(20), at(30), at(40)});
  one_stage s{with_times(source, {.idle_after = 15s}), "test-source-1"};
  s.grant_all();
  s.work();
  CHECK(sent(s) == flow::progress{just_before(5), false});
  s.time().advance(10s);
  s.work();
  sent(s);
  s.effects().clear();
  s.time().advance(4s);
  s.work();
  CHECK(s.metrics().watermark.get() == just_before(5).time_since_epoch().count());
  CHECK(s.effects().wake_at == s.time().wall() + 1s);
  s.effects().clear();
  s.time().advance(1s);
  s.work();
  CHECK(sent(s) == flow::progress{just_before(20), false});
}

TEST_CASE("a split with events at hand is not idle, however long ago its last one was") {
  test_source<sale> source;
  source.split().event(at(5)).pause(1min).event(at(6)).pause(1h);
  source.split().event(at(10)).pause(1h);
  one_stage s{with_times(source, {.idle_after = 15s}), "test-source-1"};
  s.grant_all();
  s.work();
  s.time().advance(1min);
  s.work();
  CHECK(s.metrics().watermark.get() == just_before(6).time_since_epoch().count());
}

TEST_CASE("time in which the stage waits for credit makes no split idle") {
  test_source<sale> source;
  source.split().event(at(5)).pause(1h);
  source.split().every(1s).events({at(10), at(20), at(30), at(40), at(50), at(60)}).pause(1h);
  pipeline p = with_times(source, {.idle_after = 10s});
  p.options().batches.events = 1;
  one_stage s{p, "test-source-1"};
  s.grant(0, 2, 1);
  s.work();
  s.time().advance(3s);
  CHECK(s.work() == verdict::blocked);
  s.time().advance(1min);
  CHECK(s.work() == verdict::blocked);
  s.grant(0, 100, 1);
  s.work();
  CHECK(s.metrics().watermark.get() == just_before(5).time_since_epoch().count());
  s.time().advance(9s);
  s.work();
  CHECK(s.metrics().watermark.get() == just_before(60).time_since_epoch().count());
}

TEST_CASE("without a time, a split that has nothing holds event time back") {
  test_source<sale> source;
  source.split().event(at(5)).pause(1h);
  source.split().event(at(10)).pause(1h);
  one_stage s{with_times(source, {}), "test-source-1"};
  s.grant_all();
  s.work();
  s.time().advance(30min);
  s.work();
  CHECK(sent(s) == flow::progress{just_before(5), false});
}

TEST_CASE("a split that was idle before a restart is idle again when its end is reached") {
  test_source<sale> source;
  source.split().event(at(5)).pause(10h);
  source.split().every(20s).events({at(10), at(20), at(30), at(40), at(50)}).pause(10h);
  const pipeline p = with_times(source, {.idle_after = 30s});
  one_stage before{p, "test-source-1"};
  before.grant_all();
  before.work();
  before.time().advance(40s);
  before.work();
  CHECK(before.metrics().watermark.get() == just_before(30).time_since_epoch().count());
  before.tell(flow::command::kind::checkpoint, {1, flow::checkpoint_kind::checkpoint});
  before.work();
  const std::vector<snapshot_part> saved = before.saved();

  one_stage after{p, "test-source-1", saved};
  after.grant_all();
  after.time().advance(1min);
  after.work();
  CHECK(after.metrics().watermark.get() == just_before(40).time_since_epoch().count());
}

TEST_CASE("a split that is ahead is paused until the receivers have come closer") {
  test_source<sale> source;
  source.split().every(1s).events({at(1'000), at(2'000), at(60'000)}).pause(10s).event(at(61'000));
  source.split().every(1s).events({at(1'000), at(2'000), at(3'000), at(4'000)});
  pipeline p = with_times(source, {.max_drift = 10s});
  one_stage s{p, "test-source-1"};
  s.grant(0, 100, 1024, just_before(0));
  s.work();
  s.time().advance(10s);
  s.work();
  // All of the other, and of this one what came before its watermark told that it is ahead.
  CHECK(s.machine().waits_for_credit());
  CHECK(asked(s) == just_before(50'000));
  s.time().advance(10s);
  s.work();
  CHECK(s.metrics().events_in.get() == 7);
  s.grant(0, 100, 1024, just_before(49'999));
  s.work();
  CHECK(s.metrics().events_in.get() == 7);
  s.grant(0, 100, 1024, just_before(50'000));
  s.work();
  CHECK(s.metrics().events_in.get() == 8);
  CHECK(s.machine().ended());
}

TEST_CASE("an output without event time holds no split up") {
  std::vector<std::vector<sale>> splits(3);
  for (std::int64_t i = 0; i < 3'000; ++i)
    splits[static_cast<std::size_t>(i % 3)].push_back(at(1'000 * i));
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    INFO("seed " << seed);
    pipeline p{"p"};
    const memory_sink<sale> raw, timed_out;
    auto s = p.from(memory_source{splits});
    s.to(raw);
    s.event_time(&sale::at, bounded_out_of_orderness{1h}, {.max_drift = 10s}).to(timed_out);
    run(p, {.seed = seed});
    CHECK(raw.size() == 3'000);
    CHECK(timed_out.size() == 3'000);
  }
}

TEST_CASE("two bounds on out-of-orderness that are further apart than the drift stop nothing") {
  std::vector<std::vector<sale>> splits(2);
  for (std::int64_t i = 0; i < 2'000; ++i)
    splits[static_cast<std::size_t>(i % 2)].push_back(at(1'000 * i));
  pipeline p{"p"};
  const memory_sink<sale> strict, lax;
  auto s = p.from(memory_source{splits});
  s.event_time(&sale::at, bounded_out_of_orderness{1h}, {.max_drift = 10s}).to(lax);
  s.event_time(&sale::at, bounded_out_of_orderness{1s}, {.max_drift = 10s}).to(strict);
  run(p, {.seed = 1});
  CHECK(lax.size() == 2'000);
  CHECK(strict.size() == 2'000);
}

TEST_CASE("the split that is the furthest behind is never paused") {
  test_source<sale> source;
  source.split().events({at(100'000), at(200'000)});
  one_stage s{with_times(source, {.max_drift = 1s}), "test-source-1"};
  s.grant(0, 100, 1024, just_before(99'999));
  s.work();
  CHECK(s.metrics().events_in.get() == 2);
}

TEST_CASE("a receiver grants at once when it has come to where a sender waits for it") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .stage("work", {.parallelism = 1})
      .to(memory_sink<tick>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.effects().clear();
  flow::frame f{s.input_id(0), 0,     0, frame_kind::watermark, {ms(10), false}, {}, {},
                nullptr,       ms(20)};
  s.machine().take(f, s.effects());
  s.work();
  CHECK(s.effects().grants.empty());
  f.sequence = 1;
  f.progress.watermark = ms(20);
  s.machine().take(f, s.effects());
  s.work();
  REQUIRE(s.effects().grants.size() == 1);
  CHECK(s.effects().grants[0].receiver_watermark == ms(20));
}

TEST_CASE("a split that is found while the source is read is read, too, and once") {
  test_source<sale> source;
  source.split().event(at(10)).pause(1h);
  source.split().event(at(20)).pause(1h);
  pipeline p = with_times(source, {});
  p.options().parallelism = 1;
  one_stage s{p, "test-source-1"};
  s.grant_all();
  s.work();
  CHECK(s.metrics().events_in.get() == 2);
  s.assign({{"split-000001"}});  // known
  s.work();
  CHECK(s.metrics().events_in.get() == 2);
}

TEST_CASE("idle_after and max_drift are refused where there are no splits") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<sale>{}})
      .stage("work", {.parallelism = 1})
      .event_time(&sale::at, monotonous_timestamps{}, {.idle_after = 1s})
      .to(memory_sink<sale>{});
  CHECK(mistakes_of(p).find("in the source's own stage") != std::string::npos);
}

TEST_CASE("the metrics name the split that event time waits for, and since when") {
  test_source<sale> source;
  source.split().event(at(10)).pause(1h);
  source.split().event(at(20)).pause(1h);
  one_stage s{with_times(source, {}), "test-source-1"};
  s.grant_all();
  const timestamp began = s.time().wall();
  s.work();
  s.time().advance(1min);
  s.work();
  const auto& m = s.metrics();
  REQUIRE(m.inputs.at(m.watermark_holder.get()));
  CHECK(m.inputs.at(m.watermark_holder.get())->split == "split-000000");
  CHECK(m.watermark_since.get() == began.time_since_epoch().count());
}

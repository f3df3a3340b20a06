// SPDX-License-Identifier: BSD-3-Clause
// Barriers between the firings of a burst: what has fired is sent before the barrier, what has not
// is in the snapshot.
#include "unit/cut_stage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::frame_kind;
using flow::verdict;

namespace {

/// Several steps' budgets, which are 16,384 firings at most.
constexpr std::uint64_t keys = 100'000;

/// Rings for its key once, a second after its event.
struct ringer {
  using output = std::uint64_t;
  using context = process_context<std::uint64_t, output>;
  void on_event(const tick&, context& c) { c.set_processing_timer(c.now() + 1s); }
  void on_timer(timestamp, context& c) { c.emit(c.key()); }
};

pipeline alarms() {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .key_by(&tick::key)
      .process(ringer{})
      .named("op")
      .to(memory_sink<std::uint64_t>{});
  return p;
}

/// Windows of the clock, with a stream of results that has two consumers.
pipeline windows() {
  pipeline p{"p"};
  auto counts = p.from(memory_source{std::vector<tick>{}})
                    .key_by(&tick::key)
                    .window(processing_time(tumbling{1s}))
                    .aggregate(count{})
                    .named("op");
  const auto key = [](const window_result<std::uint64_t, std::uint64_t>& r) { return r.key; };
  counts.map(key).to(memory_sink<std::uint64_t>{});
  counts.map(key).to(memory_sink<std::uint64_t>{});
  return p;
}

void send_keys(one_stage& s, std::uint64_t from, std::uint64_t to) {
  std::vector<std::pair<tick, timestamp>> events;
  for (std::uint64_t k = from; k < to; ++k) events.emplace_back(tick{k, 1}, ms(0));
  s.send(0, events);
}

/// Sends a barrier into a burst, goes on, and plays the rest again from the snapshot.
void cut_burst(pipeline (*make)(), std::size_t outputs) {
  one_stage s{make(), "op"};
  s.grant_all();
  send_keys(s, 0, keys);
  s.work();
  s.time().advance(10s);
  CHECK(s.step() == verdict::more);
  s.send_barrier(0, 1);
  int steps = 0;
  while (!acknowledged(s)) {
    REQUIRE(++steps < 20);
    s.step();
  }
  const auto saved = s.saved();
  s.work();
  one_stage again{make(), "op", saved};
  again.grant_all();
  again.time().advance(10s);
  again.work();
  for (std::size_t i = 0; i < outputs; ++i) {
    INFO("output " << i);
    const sent all = sent_on(s, i);
    CHECK(!all.before.empty());
    CHECK(all.before.size() < keys / 2);
    require_all_keys(all.before, all.behind, keys);
    require_all_keys(all.before, again.values<std::uint64_t>(i), keys);
  }
}

}  // namespace

TEST_CASE("a barrier cuts a burst of processing-time timers") { cut_burst(alarms, 1); }

TEST_CASE("a barrier cuts a burst of windows of the clock, for all consumers at the same place") {
  cut_burst(windows, 2);
}

TEST_CASE("an order to take a checkpoint cuts a burst of timers at a source") {
  struct clock_alarm {
    using output = std::int64_t;
    using context = process_context<no_key, output>;
    void on_event(const tick& t, context& c) {
      c.set_processing_timer(c.now() + 1s + std::chrono::microseconds{t.value});
    }
    void on_timer(timestamp at, context& c) { c.emit((at - timestamp{1'001s}).count()); }
  };
  std::vector<tick> all;
  for (std::int64_t i = 0; i < 100'000; ++i) all.push_back({0, i});
  pipeline p{"p"};
  p.from(memory_source{all}).named("in").process(clock_alarm{}).to(memory_sink<std::int64_t>{});
  one_stage s{p, "in"};
  s.grant_all();
  for (int i = 0; i < 1'000 && s.metrics().events_in.get() < all.size(); ++i) s.step();
  REQUIRE(s.metrics().events_in.get() == all.size());
  s.effects().clear();
  s.time().advance(10s);
  s.step();
  s.tell(flow::command::kind::checkpoint, {1});
  for (int i = 0; i < 4 && !acknowledged(s); ++i) s.step();
  REQUIRE(acknowledged(s));
  std::size_t before = 0;
  for (const auto& f : s.taken(0)) {
    if (f.kind == frame_kind::barrier) break;
    before += f.body ? f.body->size() : 0;
  }
  CHECK(before > 0);
  CHECK(before < all.size() / 2);
}

TEST_CASE("timers go on firing while a barrier waits for that of another channel") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .stage("near", {.parallelism = 2})
      .key_by(&tick::key)
      .process(ringer{})
      .named("op")
      .to(memory_sink<std::uint64_t>{});
  one_stage s{p, "op"};
  REQUIRE(s.inputs() == 2);
  s.grant_all();
  send_keys(s, 0, keys);
  s.work();
  s.time().advance(10s);
  s.send_barrier(0, 1);
  CHECK(s.work() == verdict::done);
  CHECK(!acknowledged(s));
  CHECK(sent_on(s, 0).before.size() == keys);
  s.send_barrier(1, 1);
  s.work();
  CHECK(acknowledged(s));
}

TEST_CASE("a burst that no barrier waits for is not cut by frames") {
  one_stage s{alarms(), "op"};
  s.grant_all();
  send_keys(s, 0, keys);
  s.work();
  s.time().advance(10s);
  CHECK(s.step() == verdict::more);
  send_keys(s, keys, keys + 1);
  s.work();
  CHECK(sent_on(s, 0).before.size() == keys);
  s.time().advance(1s);
  s.work();
  CHECK(sent_on(s, 0).before == std::vector<std::uint64_t>{keys});
}

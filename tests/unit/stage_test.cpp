// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using flow::frame_kind;
using flow::notice;
using flow::verdict;

namespace {

using ticks = std::vector<tick>;

/// source -> "middle": values doubled, multiples of 3 left out -> sink
pipeline doubling(pipeline_options o = {}) {
  pipeline p{"p", o};
  p.from(memory_source{std::vector<tick>{}})
      .stage("middle")
      .filter([](const tick& t) { return t.value % 3 != 0; })
      .map([](const tick& t) {
        return tick{t.key, 2 * t.value};
      })
      .to(memory_sink<tick>{});
  return p;
}

std::vector<std::pair<tick, timestamp>> numbers(std::int64_t from, std::int64_t to) {
  std::vector<std::pair<tick, timestamp>> all;
  for (std::int64_t i = from; i < to; ++i) all.push_back({tick{0, i}, ms(i)});
  return all;
}

std::vector<std::int64_t> values_of(const ticks& all) {
  std::vector<std::int64_t> v;
  for (const tick& t : all) v.push_back(t.value);
  return v;
}

bool told(const flow::effects& e, notice::kind what, std::uint64_t barrier = 0) {
  return std::any_of(e.notices.begin(), e.notices.end(),
                     [&](const notice& n) { return n.what == what && n.barrier.id == barrier; });
}

}  // namespace

TEST_CASE("a stage grants credit at its start and not before") {
  pipeline p = doubling();
  one_stage s{p, "middle"};
  REQUIRE(s.effects().grants.size() == 1);
  CHECK(s.effects().grants[0].up_to == 32);
}

TEST_CASE("a stage runs a frame through its operators and flushes when its input is worked off") {
  one_stage s{doubling(), "middle"};
  s.grant_all();
  s.send(0, numbers(0, 6));
  CHECK(s.work() == verdict::done);
  CHECK(values_of(s.values<tick>(0)) == std::vector<std::int64_t>{2, 4, 8, 10});
}

TEST_CASE("events keep their timestamps through a stage") {
  one_stage s{doubling(), "middle"};
  s.grant_all();
  s.send(0, numbers(1, 3));
  s.work();
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 1);
  CHECK(static_cast<flow::batch_body<tick>&>(*frames[0].body).events.times ==
        column<timestamp>{ms(1), ms(2)});
}

TEST_CASE("an empty frame and one that is filtered away give their credit back") {
  one_stage s{doubling({.credits = {.frames = 1}}), "middle"};
  s.grant_all();
  s.effects().clear();
  s.send(0, numbers(0, 0));
  s.work();
  CHECK(s.effects().grants.size() == 1);
  s.send(0, std::vector<std::pair<tick, timestamp>>{{tick{0, 3}, ms(0)}});
  s.work();
  CHECK(s.effects().grants.size() == 2);
  CHECK(s.taken(0).empty());
}

TEST_CASE("a stage without credit stops between two events and goes on there") {
  one_stage s{doubling(), "middle"};
  s.grant(0, 1, 2);
  s.send(0, numbers(100, 200));
  CHECK(s.work() == verdict::blocked);
  auto got = s.values<tick>(0);
  CHECK(got.size() == 2);
  CHECK(s.machine().events_held() == 2);
  std::uint64_t up_to = 1;
  while (s.work() == verdict::blocked) {
    REQUIRE(up_to < 100);
    s.grant(0, ++up_to, 2);
    for (const tick& t : s.values<tick>(0)) got.push_back(t);
  }
  s.grant_all();  // for the batch that was not full
  s.work();
  for (const tick& t : s.values<tick>(0)) got.push_back(t);
  ticks wanted;
  for (std::int64_t i = 100; i < 200; ++i)
    if (i % 3 != 0) wanted.push_back({0, 2 * i});
  CHECK(got == wanted);
}

TEST_CASE("a stage that is blocked grants nothing for the frame in hand") {
  one_stage s{doubling({.credits = {.frames = 1}}), "middle"};
  s.effects().clear();
  s.send(0, numbers(0, 50));
  CHECK(s.work() == verdict::blocked);
  CHECK(s.effects().grants.empty());
  s.grant_all();
  CHECK(s.work() == verdict::done);
  CHECK(s.effects().grants.size() == 1);
}

TEST_CASE(
    "a stage takes its part of a checkpoint, tells, and hands the barrier on behind its data") {
  one_stage s{doubling(), "middle"};
  s.grant_all();
  s.send(0, numbers(1, 2));
  s.send_barrier(0, 5);
  s.send(0, numbers(2, 3));
  s.work();
  CHECK(told(s.effects(), notice::kind::acknowledged, 5));
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].kind == frame_kind::data);
  CHECK(frames[1].kind == frame_kind::barrier);
  CHECK(frames[2].kind == frame_kind::data);
}

TEST_CASE("a stage passes the end on, tells of it, and still answers barriers") {
  one_stage s{doubling(), "middle"};
  s.grant_all();
  s.send(0, numbers(1, 2));
  s.send_end(0);
  CHECK(s.work() == verdict::done);
  CHECK(told(s.effects(), notice::kind::ended));
  CHECK(s.machine().ended());
  s.send_barrier(0, 9, {max_timestamp, false});
  s.work();
  CHECK(told(s.effects(), notice::kind::acknowledged, 9));
  const auto frames = s.taken(0);
  CHECK(frames.back().kind == frame_kind::barrier);
}

TEST_CASE("a stage is not ended while its end waits for credit") {
  one_stage s{doubling(), "middle"};
  s.send_end(0);
  s.work();
  CHECK(!s.machine().ended());
  s.grant_all();
  s.work();
  CHECK(s.machine().ended());
}

TEST_CASE("a missing frame fails the stage for a restart") {
  one_stage s{doubling(), "middle"};
  flow::effects out;
  s.machine().take(flow::frame{s.input_id(0), 0, 3, frame_kind::watermark, {}, {}, {}, {}}, out);
  REQUIRE(out.failures.size() == 1);
  CHECK(out.failures[0].why.code == errc::channel_broken);
  CHECK(out.failures[0].wants == flow::failure::remedy::restart);
  CHECK(s.machine().failed());
  CHECK(s.work() == verdict::done);
}

TEST_CASE("frames and grants of another attempt are refused and counted") {
  one_stage s{doubling(), "middle", {}, 0, 4};
  flow::effects out;
  s.machine().take(flow::frame{s.input_id(0), 3, 0, frame_kind::watermark, {}, {}, {}, {}}, out);
  s.machine().take(flow::grant{1, 3, 100, 100, {}, nullptr}, out);
  CHECK(out.failures.empty());
  CHECK(s.metrics().refused_frames.get() == 1);
  CHECK(s.metrics().refused_grants.get() == 1);
}

TEST_CASE("a stage counts what it takes and sends") {
  one_stage s{doubling(), "middle"};
  s.grant_all();
  s.send(0, numbers(0, 6));
  s.work();
  CHECK(s.metrics().events_in.get() == 6);
  CHECK(s.metrics().events_out.get() == 4);
  CHECK(s.metrics().frames_in.get() == 1);
  CHECK(s.machine().events_taken().at(0).second == 6);
  CHECK(s.machine().events_sent().at(0).second == 4);
}

TEST_CASE("a stage spends its budget and leaves the rest for the next step") {
  one_stage s{doubling({.batches = {.events = 100'000, .bytes = 100'000'000}}), "middle"};
  s.grant_all(1'000'000, 100'000);
  s.send(0, numbers(0, 40'000));
  CHECK(s.step() == verdict::more);
  CHECK(s.step() == verdict::more);
  CHECK(s.work() == verdict::done);
  std::size_t n = 0;
  for (const auto& f : s.taken(0)) n += f.body ? f.body->size() : 0;
  CHECK(n == 26'666);
}

TEST_CASE("a stage that is never done with its input sends what comes out rarely, in ten ms") {
  one_stage s{doubling({.batches = {.events = 1'000'000, .bytes = 100'000'000}}), "middle"};
  s.grant_all(1'000'000, 100'000'000);
  s.send(0, numbers(0, 200'000));
  CHECK(s.step() == verdict::more);
  (void)s.taken(0);
  CHECK(s.step() == verdict::more);
  CHECK(s.taken(0).empty());
  s.time().advance(std::chrono::milliseconds{10});
  CHECK(s.step() == verdict::more);
  CHECK(s.taken(0).size() == 1);
  CHECK(s.step() == verdict::more);
  CHECK(s.taken(0).empty());
}

TEST_CASE("a source's barrier in the middle of a batch waits until the batch is handed on") {
  pipeline p{"p"};
  std::vector<tick> all;
  for (std::int64_t i = 0; i < 10; ++i) all.push_back({0, i});
  p.from(memory_source{all}).to(memory_sink<tick>{});
  one_stage s{p, "memory-1"};
  s.grant(0, 1, 2);
  CHECK(s.work() == verdict::blocked);  // ten were read, a frame was sent
  s.tell(flow::command::kind::checkpoint, {1});
  s.grant(0, 2, 2);
  CHECK(s.work() == verdict::blocked);
  CHECK(!told(s.effects(), notice::kind::acknowledged, 1));
  s.grant(0, 100, 2);
  s.work();
  CHECK(told(s.effects(), notice::kind::acknowledged, 1));
  std::size_t before = 0;
  for (const auto& f : s.taken(0)) {
    if (f.kind == frame_kind::barrier) break;
    before += f.body ? f.body->size() : 0;
  }
  split_position saved;
  for (const snapshot_part& part : s.saved())
    if (part.state == "@split") {
      byte_reader in{part.data};
      REQUIRE(decode(in, saved));
    }
  CHECK(saved.offset == before);
}

TEST_CASE("a stop in the middle of a batch delivers what was read") {
  pipeline p{"p"};
  std::vector<tick> all;
  for (std::int64_t i = 0; i < 10; ++i) all.push_back({0, i});
  p.from(memory_source{all}).to(memory_sink<tick>{});
  one_stage s{p, "memory-1"};
  s.grant(0, 1, 2);
  CHECK(s.work() == verdict::blocked);
  s.tell(flow::command::kind::stop);
  s.grant(0, 100, 2);
  s.work();
  CHECK(s.values<tick>(0).size() == 10);
  CHECK(s.machine().ended());
}

TEST_CASE("a stop before anything was read ends a source at once") {
  pipeline p{"p"};
  p.from(generator{[](std::uint64_t i) { return tick{i, 0}; }}).to(memory_sink<tick>{});
  one_stage s{p, "generator-1"};
  s.grant_all();
  s.tell(flow::command::kind::stop);
  CHECK(s.work() == verdict::done);
  CHECK(s.machine().ended());
  CHECK(s.values<tick>(0).empty());
}

TEST_CASE("a checkpoint that is given up before its source has taken it is not taken") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}}).to(memory_sink<tick>{});
  one_stage s{p, "memory-1"};
  s.grant_all();
  s.tell(flow::command::kind::checkpoint, {1});
  s.tell(flow::command::kind::abandon, {1});
  s.work();
  CHECK(!told(s.effects(), notice::kind::acknowledged, 1));
  s.tell(flow::command::kind::checkpoint, {2});
  s.work();
  CHECK(told(s.effects(), notice::kind::acknowledged, 2));
}

TEST_CASE(
    "a stage that is blocked does not ask to be called again at once for a timer that is due") {
  struct beep {
    using output [[maybe_unused]] = tick;
    void on_event(const tick& t, process_context<std::uint64_t, tick>& c) {
      c.set_processing_timer(c.now());
      c.emit(t);
    }
    void on_timer(timestamp, process_context<std::uint64_t, tick>& c) { c.emit({c.key(), -1}); }
  };
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .key_by(&tick::key)
      .process(beep{})
      .named("beep")
      .to(memory_sink<tick>{});
  one_stage s{p, "beep"};
  s.grant(0, 0, 1);
  s.send(0, numbers(0, 3));
  CHECK(s.work() == verdict::blocked);
  CHECK(s.effects().wake_at == max_timestamp);
  s.grant_all();
  CHECK(s.work() == verdict::done);
  CHECK(values_of(s.values<tick>(0)) == std::vector<std::int64_t>{0, 1, 2, -1});
}

TEST_CASE("a stage with two inputs aligns their barriers") {
  pipeline p{"p"};
  auto a = p.from(memory_source{std::vector<tick>{}});
  auto b = p.from(memory_source{std::vector<tick>{}});
  a.union_with(b).named("both").map([](const tick& t) { return t; }).to(memory_sink<tick>{});
  one_stage s{p, "both"};
  REQUIRE(s.inputs() == 2);
  s.grant_all();
  s.send_barrier(0, 1);
  s.send(0, numbers(1, 2));
  s.send(1, numbers(2, 3));
  s.work();
  CHECK(!told(s.effects(), notice::kind::acknowledged, 1));
  CHECK(values_of(s.values<tick>(0)) == std::vector<std::int64_t>{2});
  s.send_barrier(1, 1);
  s.work();
  CHECK(told(s.effects(), notice::kind::acknowledged, 1));
  CHECK(values_of(s.values<tick>(0)) == std::vector<std::int64_t>{1});
}

TEST_CASE("an alignment that is given up lets the channel go that waited") {
  pipeline p{"p"};
  auto a = p.from(memory_source{std::vector<tick>{}});
  auto b = p.from(memory_source{std::vector<tick>{}});
  a.union_with(b).named("both").map([](const tick& t) { return t; }).to(memory_sink<tick>{});
  one_stage s{p, "both"};
  s.grant_all();
  s.send_barrier(0, 1);
  s.send(0, numbers(1, 2));
  s.work();
  CHECK(s.values<tick>(0).empty());
  s.tell(flow::command::kind::abandon, {1});
  s.work();
  CHECK(values_of(s.values<tick>(0)) == std::vector<std::int64_t>{1});
}

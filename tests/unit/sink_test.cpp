// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"
#include "weir/test/test_sink.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using ticks = std::vector<tick>;

std::vector<std::pair<tick, timestamp>> numbers(std::int64_t from, std::int64_t to) {
  std::vector<std::pair<tick, timestamp>> all;
  for (std::int64_t i = from; i < to; ++i) all.emplace_back(tick{0, i}, ms(i));
  return all;
}

template <class Sink>
pipeline into(Sink sink, directive what = {}) {
  pipeline p{"p"};
  p.from(memory_source{ticks{}}).to(std::move(sink)).named("out").on_error(what);
  p.dead_letters_to(memory_sink<dead_letter>{});
  return p;
}

std::vector<std::int64_t> values_of(const ticks& all) {
  std::vector<std::int64_t> v;
  for (const tick& t : all) v.push_back(t.value);
  return v;
}

}  // namespace

TEST_CASE("a memory sink keeps values and their timestamps") {
  memory_sink<tick> out;
  one_stage s{into(out), "out"};
  s.send(0, numbers(3, 5));
  CHECK(s.work() == verdict::done);
  CHECK(out.values() == ticks{{0, 3}, {0, 4}});
  CHECK(out.entries()[1].at == ms(4));
}

TEST_CASE("a callback that throws makes a dead letter of that event alone") {
  std::vector<std::int64_t> got;
  one_stage s{into(callback_sink{[&got](const tick& t) {
                if (t.value == 1) throw std::runtime_error("one");
                got.push_back(t.value);
              }}),
              "out"};
  s.grant_all();
  s.send(0, numbers(0, 4));
  CHECK(s.work() == verdict::done);
  CHECK(got == std::vector<std::int64_t>{0, 2, 3});
  const auto letters = s.values<dead_letter>(0);
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].operator_name == "out");
  CHECK(letters[0].error == "one");
  CHECK(letters[0].text == R"({"key":0,"value":1})");
}

TEST_CASE("a sink retries the event that failed, and does not write the others twice") {
  std::vector<std::int64_t> got;
  int failures = 2;
  one_stage s{into(callback_sink{[&](const tick& t) {
                     if (t.value == 1 && failures-- > 0) throw std::runtime_error("busy");
                     got.push_back(t.value);
                   }},
                   directive::retry(5, 10ms)),
              "out"};
  s.grant_all();
  s.send(0, numbers(0, 3));
  CHECK(s.work() == verdict::blocked);
  s.time().advance(10ms);
  CHECK(s.work() == verdict::blocked);
  s.time().advance(20ms);
  CHECK(s.work() == verdict::done);
  CHECK(got == std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("a sink that has no room holds its stage up, and is asked again") {
  test_sink<tick> out{{.refusals = 2, .at_most = 3}};
  one_stage s{into(out), "out"};
  s.grant_all();
  s.send(0, numbers(0, 5));
  int tries = 0;
  while (s.work() == verdict::blocked) {
    REQUIRE(++tries < 10);
    CHECK(s.effects().wake_at <= s.time().wall() + 10ms);
    s.time().advance(10ms);
  }
  CHECK(tries == 5);  // 2 refusals, 3 events, 2 refusals, 2 events
  s.send_barrier(0, 1);
  s.work();
  s.tell(flow::command::kind::commit, {1});
  CHECK(values_of(out.seen().rows) == std::vector<std::int64_t>{0, 1, 2, 3, 4});
}

TEST_CASE("a sink shows nothing before the commit") {
  test_sink<tick> out;
  one_stage s{into(out), "out"};
  s.grant_all();
  s.send(0, numbers(0, 2));
  s.send_barrier(0, 1);
  s.send(0, numbers(2, 4));
  s.work();
  CHECK(out.seen().rows.empty());
  s.tell(flow::command::kind::commit, {1});
  CHECK(values_of(out.seen().rows) == std::vector<std::int64_t>{0, 1});
}

TEST_CASE("what a given-up checkpoint had prepared is committed with the next one") {
  test_sink<tick> out;
  one_stage s{into(out), "out"};
  s.grant_all();
  s.send(0, numbers(0, 2));
  s.send_barrier(0, 1);
  s.work();
  s.tell(flow::command::kind::abandon, {1});
  s.send(0, numbers(2, 3));
  s.send_barrier(0, 2);
  s.effects().clear();
  s.work();
  std::size_t committables = 0;
  for (const snapshot_part& p : s.saved()) committables += p.state == "committable";
  CHECK(committables == 2);
  s.tell(flow::command::kind::commit, {2});
  CHECK(values_of(out.seen().rows) == std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("a restored sink commits what its checkpoint names, once") {
  test_sink<tick> out;
  const pipeline p = into(out);
  std::vector<snapshot_part> parts;
  {
    one_stage s{p, "out"};
    s.grant_all();
    s.send(0, numbers(0, 2));
    s.send_barrier(0, 1);
    s.send(0, numbers(2, 4));
    s.work();
    parts = s.saved();
  }
  one_stage again{p, "out", parts, 0, 1};
  CHECK(values_of(out.seen().rows) == std::vector<std::int64_t>{0, 1});
  one_stage and_again{p, "out", parts, 0, 2};
  CHECK(values_of(out.seen().rows) == std::vector<std::int64_t>{0, 1});
  CHECK(out.seen().repeated_commits == 1);
}

TEST_CASE("latency is recorded for the events that a sink has taken") {
  memory_sink<tick> out;
  pipeline p{"p"};
  p.from(memory_source{ticks{{0, 1}, {0, 2}}}).to(out).named("out");
  simulator sim{p.build().value(), {}};
  sim.time().advance(5s);  // at 0 a time of reading would be no time
  REQUIRE(sim.run() == simulator::outcome::finished);
  CHECK(sim.stage(1).metrics().latency.count() == 2);
}

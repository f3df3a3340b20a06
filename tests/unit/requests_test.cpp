// SPDX-License-Identifier: BSD-3-Clause
#include "unit/asker.hpp"
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using flow::frame_kind;
using namespace std::chrono_literals;

namespace {

pipeline asking() {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .stage("ask", {.parallelism = 1})
      .with_operator<std::int64_t>("asker", asker{})
      .to(memory_sink<std::int64_t>{});
  return p;
}

bytes encoded(std::int64_t value) {
  bytes b;
  encode(value, b);
  return b;
}

}  // namespace

TEST_CASE("an operator's requests are answered by completions of the same id, in any order") {
  one_stage s{asking(), "ask"};
  s.grant_all();
  s.send(0, std::vector<std::pair<tick, timestamp>>{{{0, 7}, ms(1)}, {{0, 8}, ms(2)}});
  s.work();
  REQUIRE(s.effects().requests.size() == 2);
  CHECK(s.effects().requests[0].target == "double");
  CHECK(s.effects().requests[0].payload == encoded(7));
  const auto first = s.effects().requests[0].id;
  const auto second = s.effects().requests[1].id;
  s.effects().requests.clear();
  s.machine().take(flow::completion{second, encoded(16)}, s.effects());
  s.work();
  CHECK(s.values<std::int64_t>(0) == std::vector<std::int64_t>{16});
  s.machine().take(flow::completion{first, encoded(14)}, s.effects());
  s.work();
  CHECK(s.values<std::int64_t>(0) == std::vector<std::int64_t>{14});
}

namespace {

/// Holds event time back while something is asked, as a look-up whose results must not be late.
class holding_asker : public asker {
public:
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next&, flow::step&) {
    if (const auto earliest = earliest_waiting())
      p.watermark = std::min(p.watermark, *earliest - 1us);
    return flow::verdict::done;
  }
};

const auto doubling = [](std::span<const std::byte> request) {
  std::int64_t value = 0;
  byte_reader in{request};
  (void)decode(in, value);
  return encoded(2 * value);
};

}  // namespace

TEST_CASE("event time that was held back goes on with the answer, though nothing else comes") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .stage("ask", {.parallelism = 1})
      .with_operator<std::int64_t>("asker", holding_asker{})
      .to(memory_sink<std::int64_t>{});
  one_stage s{p, "ask"};
  s.grant_all();
  s.send(0, std::vector<std::pair<tick, timestamp>>{{{0, 7}, ms(5)}}, {ms(10), false});
  s.work();
  CHECK(s.taken(0).back().progress.watermark == ms(5) - 1us);
  s.machine().take(flow::completion{s.effects().requests.at(0).id, encoded(14)}, s.effects());
  s.work();
  CHECK(s.taken(0).back().progress.watermark == ms(10));
}

TEST_CASE("two operators of a stage that ask get their own answers, in any order") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    std::vector<tick> events;
    for (std::int64_t i = 0; i < 50; ++i) events.push_back({0, i});
    pipeline p{"p"};
    const memory_sink<std::int64_t> a, b;
    auto s = p.from(memory_source{events});
    s.with_operator<std::int64_t>("asker", asker{}).to(a);
    s.map([](const tick& t) {
       return tick{t.key, t.value + 1000};
     })
        .with_operator<std::int64_t>("asker", asker{})
        .to(b);
    simulation_options o{.seed = seed};
    o.services["double"] = doubling;
    run(p, std::move(o));
    std::vector<std::int64_t> wanted_a, wanted_b;
    for (std::int64_t i = 0; i < 50; ++i) {
      wanted_a.push_back(2 * i);
      wanted_b.push_back(2 * (i + 1000));
    }
    CHECK(sorted(a.values()) == wanted_a);
    CHECK(sorted(b.values()) == wanted_b);
  }
}

TEST_CASE("what the end itself leads to is asked and answered before the pipeline ends") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    std::vector<sale> events;
    for (std::int64_t i = 0; i < 10; ++i)
      events.push_back(sold(std::string(1, char('a' + i)), 3, 1));
    pipeline p{"p"};
    const memory_sink<std::int64_t> out;
    p.from(memory_source{events})
        .event_time(&sale::at, monotonous_timestamps{})
        .key_by(&sale::shop)
        .window(tumbling{10ms})
        .aggregate(sum{&sale::amount})
        .map([](const auto& r) {
          return tick{0, static_cast<std::int64_t>(r.value)};
        })
        .with_operator<std::int64_t>("asker", asker{})
        .to(out);
    simulation_options o{.seed = seed};
    o.services["double"] = doubling;
    run(p, std::move(o));
    CHECK(out.values() == std::vector<std::int64_t>(10, 6));
  }
}

TEST_CASE("the end waits for the answers to what was asked before it") {
  one_stage s{asking(), "ask"};
  s.grant_all();
  s.send(0, std::vector<std::pair<tick, timestamp>>{{{0, 7}, ms(1)}});
  s.send_end(0);
  s.work();
  const auto id = s.effects().requests.at(0).id;
  s.effects().requests.clear();
  s.work();
  CHECK_FALSE(s.machine().ended());
  s.machine().take(flow::completion{id, encoded(14)}, s.effects());
  s.work();
  CHECK(s.machine().ended());
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].kind == frame_kind::data);
  CHECK(frames[1].kind == frame_kind::end);
}

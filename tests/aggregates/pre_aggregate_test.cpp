// SPDX-License-Identifier: BSD-3-Clause
// What an instance gathers before the exchange, where aggregation has two phases.
#include "aggregates/two_phases.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using part = partial<std::string, sale, std::tuple<std::uint64_t, wide_sum<std::int64_t>>>;

sales at(std::initializer_list<std::int64_t> times, const std::string& shop = "a") {
  sales all;
  for (const std::int64_t t : times) all.emplace_back(sold(shop, t, t), ms(t));
  return all;
}

/// Key, number of events, and whether it is a single event.
using sketch = std::tuple<std::string, std::uint64_t, bool>;
std::vector<sketch> sent(one_stage& s) {
  std::vector<sketch> all;
  for (const part& p : s.values<part>(0)) all.push_back({p.key, p.events, p.content.index() == 1});
  return all;
}

}  // namespace

TEST_CASE("partials leave before the watermark that completes their pane, and not earlier") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant_all();
  s.send(0, at({1, 2, 11, 3}), {ms(9) - 1us, false});
  s.work();
  CHECK(sent(s).empty());
  s.send_watermark(0, ms(10) - 1us);
  s.work();
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 1);
  const auto& body = static_cast<flow::batch_body<part>&>(*frames[0].body).events;
  REQUIRE(body.size() == 1);
  CHECK(body.values[0].events == 3);
  CHECK(body.times[0] == ms(3));  // the newest of its events
  CHECK(frames[0].progress.watermark == ms(10) - 1us);
  s.send_end(0);
  s.work();
  CHECK(sent(s) == std::vector<sketch>{{"a", 1, false}});
}

TEST_CASE("no events give no partials") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant_all();
  s.send_watermark(0, ms(100));
  s.send_end(0);
  s.work();
  CHECK(sent(s).empty());
}

TEST_CASE("an idle instance keeps nothing, since nobody waits for it") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant_all();
  s.send(0, at({1, 2, 11}), {ms(2) - 1us, true});
  s.work();
  CHECK(sorted(sent(s)) == std::vector<sketch>{{"a", 1, false}, {"a", 2, false}});
}

TEST_CASE("an event of a pane that the watermark has completed goes alone and at once") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant_all();
  s.send(0, at({1}), {ms(20), false});
  s.work();
  CHECK(sent(s).size() == 1);
  s.send(0, at({2, 25, 3, 26}));
  s.work();
  CHECK(sent(s) == std::vector<sketch>{{"a", 1, true}, {"a", 1, true}});
}

TEST_CASE("after it was idle, one of several instances sends alone what may be wanted as late") {
  for (const bool with_side : {true, false})
    for (const std::uint32_t instances : {1U, 2U}) {
      one_stage s{two_phases(tumbling{10ms}, {}, with_side, instances), "near"};
      s.grant_all();
      s.send(0, at({1}), {ms(0), true});
      s.send(0, at({2, 3}), {ms(100), false});
      s.work();
      const std::size_t alone = with_side && instances == 2 ? 2 : 0;
      CHECK(sent(s).size() == 2 + (alone != 0 ? 1 : 0));
    }
}

TEST_CASE("a full table sends the smaller of two, and loses nothing") {
  one_stage s{two_phases(tumbling{10ms}, {.entries = 2}), "near"};
  s.grant_all();
  sales many = at({1, 2, 3, 4, 5}, "hot");
  for (int i = 0; i < 50; ++i) {
    many.emplace_back(sold("cold " + std::to_string(i), 0, 6), ms(6));
    many.emplace_back(sold("hot", 0, 7), ms(7));
  }
  s.send(0, many, {ms(100), false});
  s.work();
  std::uint64_t hot = 0;
  std::uint64_t all = 0;
  std::size_t hot_partials = 0;
  for (const auto& [key, events, alone] : sent(s)) {
    all += events;
    if (key == "hot") hot += events, ++hot_partials;
    CHECK(!alone);
  }
  CHECK(all == 105);
  CHECK(hot == 55);
  CHECK(hot_partials == 1);  // the key with many events keeps its place
}

TEST_CASE("partials that leave without credit stop between two and go on there") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant(0, 1, 3);
  sales many;
  for (int i = 0; i < 40; ++i) many.emplace_back(sold(std::to_string(i), 0, 1), ms(1));
  s.send(0, many, {ms(100), false});
  CHECK(s.work() == verdict::blocked);
  std::vector<sketch> got = sent(s);
  CHECK(got.size() == 3);
  for (std::uint64_t up_to = 2; s.work() == verdict::blocked; ++up_to) {
    REQUIRE(up_to < 100);
    s.grant(0, up_to, 3);
    for (const sketch& x : sent(s)) got.push_back(x);
  }
  s.grant_all();
  s.work();
  for (const sketch& x : sent(s)) got.push_back(x);
  CHECK(got.size() == 40);
}

TEST_CASE("what was gathered is in a snapshot, and sent by whom it is restored") {
  one_stage before{two_phases(tumbling{10ms}), "near"};
  before.grant_all();
  before.send(0, at({1, 2, 12}), {ms(3), false});
  before.send(0, at({4}, "b"), {ms(5), false});
  before.work();
  CHECK(sent(before).empty());
  one_stage after{two_phases(tumbling{10ms}), "near", state_of(before)};
  after.grant_all();
  after.send(0, at({6}), {ms(100), false});
  after.work();
  CHECK(sorted(sent(after)) ==
        std::vector<sketch>{{"a", 1, false}, {"a", 1, false}, {"a", 2, false}, {"b", 1, false}});
}

TEST_CASE("a window in two phases is called by its name on both sides, and warns of none") {
  const auto g = two_phases(tumbling{10ms}).build();
  REQUIRE(g);
  CHECK(g->warnings().empty());
  std::vector<std::string> ids;
  for (const stage_plan& stage : g->plan().stages)
    for (const operator_plan& op : stage.operators)
      if (op.kind == "pre_aggregate" || op.kind == "window") ids.push_back(op.id);
  CHECK(ids == std::vector<std::string>{"far: gathering", "far"});
}

TEST_CASE("a keyed stream can be used as it is and gathered, if it has a name before its key") {
  pipeline p{"p"};
  memory_sink<window_result<std::string, std::uint64_t>> gathered;
  memory_sink<window_result<std::string, std::uint64_t>> plain;
  int calls = 0;
  weir::stream<sale> named =
      p.from(memory_source{std::vector<sale>{sold("a", 1, 1), sold("b", 1, 2), sold("a", 1, 3)}})
          .event_time(&sale::at, monotonous_timestamps{})
          .filter([&calls](const sale&) { return ++calls != 0; });
  auto keyed = named.key_by(&sale::shop);
  keyed.window(tumbling{10ms}).aggregate(count{}).to(plain);
  keyed.local_pre_aggregate().window(tumbling{10ms}).aggregate(count{}).to(gathered);
  keyed.parallelism(2);
  const auto g = p.build();
  REQUIRE(g);
  std::size_t of_two = 0;
  for (const stage_plan& stage : g->plan().stages) of_two += stage.parallelism == 2 ? 1 : 0;
  CHECK(of_two == 2);  // the one that takes events, and the one that takes partials
  run(p);
  CHECK(calls == 3);
  CHECK(plain.size() == 2);
  CHECK(gathered.size() == 2);

  pipeline q{"q"};
  auto chained = q.from(memory_source{std::vector<sale>{}})
                     .event_time(&sale::at, monotonous_timestamps{})
                     .key_by(&sale::shop);
  chained.window(tumbling{10ms}).aggregate(count{}).to(plain);
  chained.local_pre_aggregate().window(tumbling{10ms}).aggregate(count{}).to(gathered);
  CHECK(mistakes_of(q).find("name the stream first") != std::string::npos);
}

TEST_CASE("windows over a stream without a key are gathered by all instances and come from one") {
  pipeline p{"p", {.parallelism = 3}};
  memory_sink<window_result<no_key, std::uint64_t>> out;
  std::vector<sale> all;
  for (std::int64_t i = 0; i < 300; ++i) all.push_back(sold("a", 1, i));
  p.from(memory_source{all})
      .event_time(&sale::at, monotonous_timestamps{})
      .stage("near")
      .window(tumbling{100ms})
      .aggregate(count{})
      .named("all")
      .to(out);
  const auto g = p.build();
  REQUIRE(g);
  const auto& stages = g->plan().stages;
  const auto far = std::find_if(stages.begin(), stages.end(),
                                [](const stage_plan& s) { return s.name == "all"; });
  REQUIRE(far != stages.end());
  CHECK(far->parallelism == 1);
  CHECK(far->inputs.at(0).find("partial") != std::string::npos);
  run(p);
  REQUIRE(out.size() == 3);
  for (const auto& r : out.values()) CHECK(r.value == 100);
}

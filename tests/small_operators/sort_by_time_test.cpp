// SPDX-License-Identifier: BSD-3-Clause
#include "small_operators/one_operator.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using numbers = std::vector<std::int64_t>;
const side_output<sale> late{"late"};

pipeline sorting() {
  pipeline p{"p"};
  auto in_order = p.from(memory_source{std::vector<sale>{}})
                      .event_time(&sale::at, monotonous_timestamps{})
                      .stage("stage")
                      .sort_by_time(late)
                      .named("in order");
  in_order.side(late).to(memory_sink<sale>{});
  in_order.to(memory_sink<sale>{});
  return p;
}

pipeline sorting_keyed() {
  pipeline p{"p"};
  p.from(memory_source{std::vector<sale>{}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .sort_by_time()
      .named("stage")
      .to(memory_sink<sale>{});
  return p;
}

}  // namespace

TEST_CASE("events leave by time, once the watermark has reached them") {
  one_stage s{sorting(), "stage"};
  s.grant_all();
  s.send(0, sales_at({{"a", 5}, {"b", 3}, {"a", 9}, {"a", 3}, {"c", 4}}));
  s.work();
  CHECK(amounts(s, 1).empty());
  s.send_watermark(0, ms(5));
  s.work();
  const auto frames = s.taken(1);
  REQUIRE(frames.size() == 1);
  const auto& body = static_cast<flow::batch_body<sale>&>(*frames[0].body).events;
  CHECK(body.times == std::vector{ms(3), ms(3), ms(4), ms(5)});
  CHECK(body.values[0].amount == 1);  // of the same time, the one that came first
  CHECK(body.values[1].amount == 3);
  CHECK(frames[0].progress.watermark == ms(5));
  s.send_end(0);
  s.work();
  CHECK(amounts(s, 1) == numbers{2});
}

TEST_CASE("sorting nothing and one event") {
  one_stage s{sorting(), "stage"};
  s.grant_all();
  s.send_watermark(0, ms(5));
  s.work();
  CHECK(amounts(s, 1).empty());
  s.send(0, sales_at({{"a", 6}}));
  s.send_end(0);
  s.work();
  CHECK(amounts(s, 1) == numbers{0});
}

TEST_CASE("an event at or behind the watermark is late") {
  one_stage s{sorting(), "stage"};
  s.grant_all();
  s.send(0, sales_at({{"a", 5}}), {ms(10), false});
  s.send(0, sales_at({{"a", 10}, {"b", 11}, {"c", 1}}), {ms(20), false});
  s.work();
  CHECK(s.metrics().late_events.get() == 2);
  CHECK(amounts(s, 0) == numbers{0, 2});
  CHECK(amounts(s, 1) == numbers{0, 1});
}

TEST_CASE("sorting stops without credit between two events and goes on there") {
  one_stage s{sorting(), "stage"};
  s.grant(0, 1000);
  s.grant(1, 1, 2);
  timed_sales all;
  for (std::int64_t i = 0; i < 50; ++i) all.emplace_back(sold("a", 49 - i, 49 - i), ms(49 - i));
  s.send(0, all, {ms(100), false});
  CHECK(s.work() == verdict::blocked);
  numbers got = amounts(s, 1);
  CHECK(got.size() == 2);
  for (std::uint64_t up_to = 2; s.work() == verdict::blocked; ++up_to) {
    REQUIRE(up_to < 100);
    s.grant(1, up_to, 2);
    for (const std::int64_t n : amounts(s, 1)) got.push_back(n);
  }
  s.grant_all();
  s.work();
  for (const std::int64_t n : amounts(s, 1)) got.push_back(n);
  REQUIRE(got.size() == 50);
  for (std::int64_t i = 0; i < 50; ++i) CHECK(got[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("what is held is in a snapshot, in its order; with or without a key") {
  for (const auto& make : {sorting, sorting_keyed}) {
    one_stage before{make(), "stage"};
    const std::size_t out = before.outputs() - 1;
    before.grant_all();
    before.send(0, sales_at({{"a", 7}, {"a", 5}, {"b", 6}, {"a", 5}, {"c", 1}}), {ms(2), false});
    before.work();
    CHECK(amounts(before, out) == numbers{4});
    one_stage after{make(), "stage", state_of(before)};
    after.grant_all();
    after.send(0, sales_at({{"c", 2}, {"c", 6}}), {ms(100), false});
    after.work();
    CHECK(after.metrics().late_events.get() == 1);
    numbers got = amounts(after, out);
    REQUIRE(got.size() == 5);
    CHECK(numbers(got.begin(), got.begin() + 2) == numbers{1, 3});
    CHECK(got.back() == 0);
  }
}

TEST_CASE("sorting changes nothing but the order, whatever crashes, and no instance breaks it") {
  std::mt19937_64 random{6};
  std::vector<sale> events;
  for (std::int64_t i = 0; i < 300; ++i)
    events.push_back(sold("shop " + std::to_string(random() % 7), i,
                          i + static_cast<std::int64_t>(random() % 20)));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    const auto got =
        written_with_crashes<sale>(events, seed, [](weir::stream<sale> in, test_sink<sale> out) {
          in.key_by(&sale::shop).sort_by_time().named("in order").to(out);
        });
    CHECK(sorted(got) == sorted(events));
  }
}

TEST_CASE("sorting needs event time") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<sale>{}}).sort_by_time().named("s").to(memory_sink<sale>{});
  CHECK(mistakes_of(p).find("sort_by_time(): the stream has no event time") != std::string::npos);
}

// SPDX-License-Identifier: BSD-3-Clause
#include "small_operators/one_operator.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using numbers = std::vector<std::int64_t>;
const side_output<sale> late{"late"};

pipeline distinct_shops(duration ttl, pipeline_options o = {}) {
  pipeline p{"p", o};
  auto once = p.from(memory_source{std::vector<sale>{}})
                  .event_time(&sale::at, monotonous_timestamps{})
                  .key_by(&sale::shop)
                  .distinct(ttl, late)
                  .named("once");
  once.side(late).to(memory_sink<sale>{});
  once.to(memory_sink<sale>{});
  return p;
}

}  // namespace

TEST_CASE("distinct passes the first event of each key, and the next after the ttl") {
  one_stage s{distinct_shops(10ms), "once"};
  s.grant_all();
  s.send(0, sales_at({{"a", 1}, {"b", 2}, {"a", 3}, {"a", 10}, {"a", 11}, {"b", 11}, {"a", 20}}));
  s.work();
  CHECK(amounts(s, 1) == numbers{0, 1, 4});
  CHECK(counted(s, "once: repeats") == 4);
  CHECK(s.metrics().late_events.get() == 0);
}

TEST_CASE("distinct over nothing and over one event") {
  one_stage s{distinct_shops(10ms), "once"};
  s.grant_all();
  s.send_watermark(0, ms(100));
  s.work();
  CHECK(amounts(s, 1).empty());
  s.send(0, sales_at({{"a", 101}}));
  s.send_end(0);
  s.work();
  CHECK(amounts(s, 1) == numbers{0});
}

TEST_CASE("an older event of a key that has passed is a repeat") {
  one_stage s{distinct_shops(10ms), "once"};
  s.grant_all();
  s.send(0, sales_at({{"a", 50}, {"a", 5}, {"b", 5}}));
  s.work();
  CHECK(amounts(s, 1) == numbers{0, 2});
  CHECK(counted(s, "once: repeats") == 1);
}

TEST_CASE("a repeat stays one until the watermark has passed the ttl, and then is late") {
  one_stage s{distinct_shops(10ms), "once"};
  s.grant_all();
  s.send(0, sales_at({{"a", 1}}), {ms(10), false});
  s.send(0, sales_at({{"a", 5}}), {ms(11), false});
  s.work();
  CHECK(counted(s, "once: repeats") == 1);
  s.send(0, sales_at({{"a", 6}, {"new", 11}, {"new", 12}}));
  s.work();
  CHECK(s.metrics().late_events.get() == 2);  // either may be a repeat of what was forgotten
  CHECK(amounts(s, 0) == numbers{0, 1});
  CHECK(amounts(s, 1) == numbers{0, 2});
}

TEST_CASE("distinct stops without credit between two events and goes on there") {
  one_stage s{distinct_shops(10ms), "once"};
  s.grant(0, 1000);
  s.grant(1, 1, 1);
  s.send(0, sales_at({{"a", 1}, {"b", 1}, {"c", 1}, {"a", 2}, {"d", 2}}));
  CHECK(s.work() == verdict::blocked);
  s.grant_all();
  CHECK(s.work() == verdict::done);
  CHECK(amounts(s, 1) == numbers{0, 1, 2, 4});
  CHECK(counted(s, "once: repeats") == 1);
}

TEST_CASE("distinct remembers its keys in a snapshot, and how far the watermark was") {
  one_stage before{distinct_shops(10ms), "once"};
  before.grant_all();
  before.send(0, sales_at({{"a", 1}, {"b", 8}}), {ms(11), false});
  before.work();
  one_stage after{distinct_shops(10ms), "once", state_of(before)};
  after.grant_all();
  after.send(0, sales_at({{"a", 11}, {"b", 12}, {"a", 12}, {"b", 18}}));
  after.work();
  CHECK(after.metrics().late_events.get() == 1);
  CHECK(amounts(after, 1) == numbers{2, 3});
}

TEST_CASE("distinct needs event time and a positive time to remember") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<sale>{}})
      .distinct(&sale::shop, 1s)
      .named("once")
      .to(memory_sink<sale>{});
  CHECK(mistakes_of(p).find("distinct(): the stream has no event time") != std::string::npos);
  CHECK_THROWS_AS(distinct_shops(0ms), exception);
}

TEST_CASE("distinct passes what a plain look at all events passes, whatever crashes") {
  const std::vector<sale> events = random_sales(3, 40);
  std::vector<sale> wanted;
  std::map<std::string, timestamp> passed;
  for (const sale& x : events) {
    const auto [at, fresh] = passed.try_emplace(x.shop, x.at);
    if (!fresh && x.at < at->second + 30ms) continue;
    at->second = x.at;
    wanted.push_back(x);
  }
  require_written(events, wanted, [](weir::stream<sale> in, test_sink<sale> out) {
    in.distinct(&sale::shop, 30ms).named("once").to(out);
  });
}

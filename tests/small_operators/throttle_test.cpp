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
const side_output<sale> rest{"rest"};

pipeline throttled(std::uint64_t most) {
  pipeline p{"p"};
  auto few = p.from(memory_source{std::vector<sale>{}})
                 .event_time(&sale::at, monotonous_timestamps{})
                 .key_by(&sale::shop)
                 .throttle(most, 10ms, rest)
                 .named("few");
  few.side(rest).to(memory_sink<sale>{});
  few.to(memory_sink<sale>{});
  return p;
}

}  // namespace

TEST_CASE("throttle passes so many events of a key in each of its periods") {
  one_stage s{throttled(2), "few"};
  s.grant_all();
  s.send(
      0,
      sales_at(
          {{"a", 5}, {"a", 6}, {"b", 7}, {"a", 14}, {"a", 15}, {"a", 16}, {"a", 24}, {"b", 30}}));
  s.work();
  CHECK(amounts(s, 1) == numbers{0, 1, 2, 4, 5, 7});
  CHECK(amounts(s, 0) == numbers{3, 6});
  CHECK(counted(s, "few: throttled") == 2);
}

TEST_CASE("throttle over nothing and over one event") {
  one_stage s{throttled(1), "few"};
  s.grant_all();
  s.send_watermark(0, ms(5));
  s.send(0, sales_at({{"a", 6}}));
  s.send_end(0);
  s.work();
  CHECK(amounts(s, 1) == numbers{0});
}

TEST_CASE("an event from before its key's period counts in that") {
  one_stage s{throttled(2), "few"};
  s.grant_all();
  s.send(0, sales_at({{"a", 50}, {"a", 45}, {"a", 40}}));
  s.work();
  CHECK(amounts(s, 1) == numbers{0, 1});
  CHECK(counted(s, "few: throttled") == 1);
}

TEST_CASE("an event whose period would be over is late; one whose period is not begins one") {
  one_stage s{throttled(1), "few"};
  s.grant_all();
  s.send(0, sales_at({{"a", 1}}), {ms(20), false});
  s.send(0, sales_at({{"a", 10}, {"a", 11}, {"a", 20}, {"a", 21}}));
  s.work();
  CHECK(s.metrics().late_events.get() == 1);
  CHECK(amounts(s, 0) == numbers{0, 2});
  CHECK(amounts(s, 1) == numbers{0, 1, 3});
}

TEST_CASE("throttle stops without credit between two events and goes on there") {
  one_stage s{throttled(1), "few"};
  s.grant(0, 1000);
  s.grant(1, 1, 1);
  s.send(0, sales_at({{"a", 1}, {"b", 1}, {"c", 1}, {"a", 2}, {"d", 2}}));
  CHECK(s.work() == verdict::blocked);
  s.grant_all();
  CHECK(s.work() == verdict::done);
  CHECK(amounts(s, 1) == numbers{0, 1, 2, 4});
  CHECK(amounts(s, 0) == numbers{3});
}

TEST_CASE("throttle remembers its periods in a snapshot") {
  one_stage before{throttled(2), "few"};
  before.grant_all();
  before.send(0, sales_at({{"a", 1}, {"b", 1}, {"b", 2}, {"c", -20}}), {ms(3), false});
  before.work();
  one_stage after{throttled(2), "few", state_of(before)};
  after.grant_all();
  after.send(0, sales_at({{"a", 4}, {"a", 5}, {"b", 5}, {"c", 5}, {"b", 11}, {"d", -8}}));
  after.work();
  CHECK(amounts(after, 1) == numbers{0, 3, 4});
  CHECK(amounts(after, 0) == numbers{1, 2, 5});
  CHECK(counted(after, "few: throttled") == 2);
  CHECK(after.metrics().late_events.get() == 1);
}

TEST_CASE("throttle refuses what makes no sense") {
  CHECK_THROWS_AS(throttled(0), exception);
  pipeline p{"p"};
  p.from(memory_source{std::vector<sale>{}})
      .key_by(&sale::shop)
      .throttle(1, 1s)
      .named("few")
      .to(memory_sink<sale>{});
  CHECK(mistakes_of(p).find("throttle(): the stream has no event time") != std::string::npos);
}

TEST_CASE("throttle passes what a plain count passes, whatever crashes") {
  const std::vector<sale> events = random_sales(4, 5);
  std::vector<sale> wanted;
  std::map<std::string, std::pair<timestamp, int>> periods;
  for (const sale& x : events) {
    auto [at, fresh] = periods.try_emplace(x.shop, x.at, 0);
    if (x.at >= at->second.first + 15ms) at->second = {x.at, 0};
    if (++at->second.second <= 3) wanted.push_back(x);
  }
  require_written(events, wanted, [](weir::stream<sale> in, test_sink<sale> out) {
    in.key_by(&sale::shop).throttle(3, 15ms).named("few").to(out);
  });
}

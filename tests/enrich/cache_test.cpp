// SPDX-License-Identifier: BSD-3-Clause
#include "enrich/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <random>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr auto found = fact_source::found;

settings cached(cache_options c) { return {.cache = c}; }

}  // namespace

TEST_CASE("a fact in the cache is not asked for until its time is over") {
  operator_run run{asking(cached({.entries = 10, .ttl = 1min})), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {"apple"});
  run.advance(59s);
  run.push({"a", 2}, at(2));
  CHECK(run.requests().empty());
  CHECK(run.values() == rows{{{"a", 1}, "apple", found}, {{"a", 2}, "apple", found}});
  CHECK(counted(run, "hits") == 1);
  run.advance(1s);
  run.push({"a", 3}, at(3));
  REQUIRE(run.requests().size() == 1);
  tell(run, 0, {"apricot"});
  CHECK(run.values() == rows{{{"a", 3}, "apricot", found}});
}

TEST_CASE("that there is no fact is remembered for a time of its own") {
  operator_run run{asking(cached({.entries = 10, .ttl = 1h, .negative_ttl = 10s})), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {nullptr});
  run.push({"a", 2}, at(2));
  CHECK(run.requests().empty());
  CHECK(counted(run, "negative hits") == 1);
  CHECK(run.values().back().source == fact_source::missing);
  run.advance(10s);
  run.push({"a", 3}, at(3));
  CHECK(run.requests().size() == 1);
}

TEST_CASE("a negative time of 0 remembers facts only") {
  operator_run run{asking(cached({.entries = 10, .negative_ttl = 0s})), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {nullptr});
  run.push({"a", 2}, at(2));
  CHECK(run.requests().size() == 1);
}

TEST_CASE("failures and timeouts are not remembered") {
  operator_run run{asking({.timeout = 1s, .retry = {.tries = 0}, .cache = {.entries = 10}}), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {failure("down")});
  run.push({"a", 2}, at(2));
  REQUIRE(run.requests().size() == 1);
  run.advance(1s);
  run.push({"a", 3}, at(3));
  CHECK(run.requests().size() == 2);
}

TEST_CASE("a fact that is in use is asked for ahead of its end, and used meanwhile") {
  operator_run run{asking(cached({.entries = 10, .ttl = 100s, .refresh_ahead = 0.8})), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {"old"});
  run.advance(79s);
  run.push({"a", 2}, at(2));
  CHECK(run.requests().empty());
  run.advance(1s);
  run.push({"a", 3}, at(3));
  run.push({"a", 4}, at(4));
  REQUIRE(run.requests().size() == 1);
  CHECK(counted(run, "refreshes") == 1);
  CHECK(run.values() == rows{{{"a", 1}, "old", found},
                             {{"a", 2}, "old", found},
                             {{"a", 3}, "old", found},
                             {{"a", 4}, "old", found}});
  tell(run, 0, {"new"});
  run.advance(50s);
  run.push({"a", 5}, at(5));
  CHECK(run.values() == rows{{{"a", 5}, "new", found}});
}

TEST_CASE("the end doesn't wait for a refresh") {
  operator_run run{asking(cached({.entries = 10, .ttl = 100s, .refresh_ahead = 0.5})), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {"old"});
  run.advance(60s);
  run.push({"a", 2}, at(2));
  CHECK(run.requests().size() == 1);
  run.end();
  CHECK(run.watermark() == max_timestamp);
}

TEST_CASE("a hit doesn't overtake an event of its key that waits, where the order is kept") {
  const auto build = [](stream<order> in) {
    return in.key_by([](const order&) { return 0; })
        .enrich(unanswered(1), {.order = enrich_order::by_key, .cache = {.entries = 10}});
  };
  operator_run run{build, held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {"apple"});
  (void)run.values();
  run.push({"b", 2}, at(2));
  run.push({"a", 3}, at(3));
  CHECK(run.values().empty());
  tell(run, 0, {"banana"});
  CHECK(run.values() == rows{{{"b", 2}, "banana", found}, {{"a", 3}, "apple", found}});
}

TEST_CASE("a hit overtakes others where no order is kept") {
  operator_run run{asking({.order = enrich_order::none, .cache = {.entries = 10}}), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {"apple"});
  (void)run.values();
  run.push({"b", 2}, at(2));
  run.push({"a", 3}, at(3));
  CHECK(run.values() == rows{{{"a", 3}, "apple", found}});
}

TEST_CASE("the cache never holds more than it may, and what is used stays") {
  operators::fact_cache<std::string, int> cache{{.entries = 100, .ttl = 1h}};
  const timestamp now{};
  for (int i = 0; i < 10'000; ++i) {
    if (auto* hot = cache.find("hot", now))
      CHECK(hot->fact == 7);
    else
      cache.put("hot", 7, now);
    cache.put("key " + std::to_string(i), i, now);
    REQUIRE(cache.size() <= 100);
  }
  CHECK(cache.find("hot", now) != nullptr);
  CHECK(cache.find("key 0", now) == nullptr);
}

TEST_CASE("the cache agrees with a plain map about all it still knows") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    operators::fact_cache<std::int64_t, std::int64_t> cache{
        {.entries = 1 + random() % 40, .ttl = 50us, .negative_ttl = 20us}};
    std::map<std::int64_t, std::pair<std::optional<std::int64_t>, timestamp>> oracle;
    std::uint64_t hits = 0;
    for (int i = 0; i < 2000; ++i) {
      const timestamp now{duration{i}};
      const auto key = static_cast<std::int64_t>(random() % 60);
      if (random() % 2 == 0) {
        const auto fact = random() % 4 == 0 ? std::nullopt : std::optional<std::int64_t>{i};
        cache.put(key, fact, now);
        oracle[key] = {fact, now + (fact ? 50us : 20us)};
      } else if (const auto* e = cache.find(key, now)) {
        ++hits;
        REQUIRE(oracle.contains(key));
        CHECK(oracle[key].first == e->fact);
        CHECK(oracle[key].second > now);
      }
    }
    CHECK(hits > 0);
  }
}

// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"
#include "weir/metrics/space_saving.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace weir;
using namespace weir::test;

namespace {

/// Keys of which the i-th is about 1 / i as frequent as the first.
std::uint64_t skewed(std::mt19937_64& random, double keys) {
  std::uniform_real_distribution<> uniform{0, std::log(keys)};
  return static_cast<std::uint64_t>(std::exp(uniform(random)));
}

pipeline watched(hot_key_options o) {
  pipeline p{"p", {.hot_keys = o}};
  p.from(memory_source{std::vector<tick>{}})
      .key_by(&tick::key)
      .reduce([](const tick&, const tick& t) { return t; })
      .named("stage")
      .to(memory_sink<tick>{});
  return p;
}

}  // namespace

TEST_CASE("space-saving bounds the weight of each key it counts, and misses no heavy one") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    const std::size_t counters = 1 + random() % 40;
    space_saving<std::uint64_t> s{counters};
    std::map<std::uint64_t, std::uint64_t> exact;
    std::uint64_t total = 0;
    for (std::size_t i = 0, n = random() % 3'000; i < n; ++i) {
      const std::uint64_t key = skewed(random, 500);
      const std::uint64_t weight = 1 + random() % 3;
      s.add(key, key % 7, weight);  // hashes that are often the same
      exact[key] += weight;
      total += weight;
    }
    REQUIRE(s.total() == total);
    REQUIRE(s.entries().size() <= counters);
    for (const auto& e : s.entries()) {
      REQUIRE(exact[e.key] <= e.count);
      REQUIRE(exact[e.key] + e.error >= e.count);
      exact.erase(e.key);
    }
    for (const auto& [key, weight] : exact) REQUIRE(weight * counters <= total);
  }
}

TEST_CASE("space-saving that ages keeps its bounds") {
  space_saving<std::uint64_t> s{2};
  for (int i = 0; i < 101; ++i) s.add(1, 1, 1);
  s.add(2, 2, 1);
  s.add(3, 3, 1);
  s.age();
  for (const auto& e : s.entries()) {
    CHECK(e.count - e.error <= (e.key == 1 ? 50 : 1));
    CHECK(e.count >= (e.key == 1 ? 50 : 0));
  }
}

TEST_CASE("a keyed stage says which keys have a large share of its events") {
  one_stage s{watched({.keys = 16, .sample = 8}), "stage"};
  s.grant_all();
  std::mt19937_64 random{1};
  std::map<std::uint64_t, int> exact;
  for (int frame = 0; frame < 200; ++frame) {
    std::vector<std::pair<tick, timestamp>> events;
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t key = random() % 10 < 4 ? 7 : 1'000 + random() % 5'000;
      ++exact[key];
      events.emplace_back(tick{key, 0}, ms(0));
    }
    s.send(0, events);
    s.work();
  }
  const std::vector<hot_key> hot = s.metrics().hot_keys.get();
  REQUIRE(!hot.empty());
  CHECK(hot.front().key == "7");
  CHECK(hot.front().at_most > 0.36);
  CHECK(hot.front().at_most < 0.44);
  CHECK(hot.front().at_least > 0.36);
  for (std::size_t i = 1; i < hot.size(); ++i) CHECK(hot[i].at_least < 0.05);
}

TEST_CASE("hot keys follow the stream, and are not looked for unless asked") {
  one_stage s{watched({.keys = 8, .sample = 1}), "stage"};
  one_stage off{watched({}), "stage"};
  const auto send = [](one_stage& to, std::uint64_t key, int n) {
    to.grant_all();
    for (; n > 0; n -= 1'000) {
      to.send(0, std::vector<std::pair<tick, timestamp>>(1'000, {tick{key, 0}, ms(0)}));
      to.work();
      to.taken(0);
    }
  };
  send(s, 1, 100'000);
  CHECK(s.metrics().hot_keys.get().front().key == "1");
  send(s, 2, 200'000);
  CHECK(s.metrics().hot_keys.get().front().key == "2");
  send(off, 1, 5'000);
  CHECK(off.metrics().hot_keys.get().empty());
}

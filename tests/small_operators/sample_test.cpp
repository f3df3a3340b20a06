// SPDX-License-Identifier: BSD-3-Clause
#include "small_operators/one_operator.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;

namespace {

std::vector<tick> ticks(std::int64_t n) {
  std::vector<tick> all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back({0, i});
  return all;
}

std::vector<tick> shared(double share, std::uint64_t seed, std::int64_t n) {
  pipeline p{"p"};
  memory_sink<tick> out;
  p.from(memory_source{ticks(n)}).sample(share, seed).to(out);
  run(p);
  return out.values();
}

pipeline every_third() {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .stage("third")
      .sample_every(3)
      .named("sample")
      .to(memory_sink<tick>{});
  return p;
}

std::vector<std::pair<tick, timestamp>> at_once(const std::vector<tick>& all) {
  std::vector<std::pair<tick, timestamp>> made;
  for (const tick& t : all) made.emplace_back(t, ms(0));
  return made;
}

}  // namespace

TEST_CASE("sample_every passes the first of every n") {
  for (const std::uint64_t n : {1U, 2U, 3U, 10U})
    for (const std::int64_t events : {0, 1, 3, 25}) {
      INFO(n << " of " << events);
      pipeline p{"p"};
      memory_sink<tick> out;
      p.from(memory_source{ticks(events)}).sample_every(n).to(out);
      run(p);
      std::vector<tick> wanted;
      for (std::int64_t i = 0; i < events; i += static_cast<std::int64_t>(n))
        wanted.push_back({0, i});
      CHECK(out.values() == wanted);
    }
}

TEST_CASE("sample_every counts on over a snapshot, and without credit") {
  one_stage before{every_third(), "third"};
  before.grant_all();
  before.send(0, at_once({{0, 0}, {0, 1}}));
  before.work();
  CHECK(before.values<tick>(0) == std::vector<tick>{{0, 0}});
  one_stage after{every_third(), "third", state_of(before)};
  after.grant(0, 1, 1);
  after.send(0, at_once({{0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {0, 7}, {0, 8}, {0, 9}}));
  CHECK(after.work() == flow::verdict::blocked);
  after.grant_all();
  CHECK(after.work() == flow::verdict::done);
  CHECK(after.values<tick>(0) == std::vector<tick>{{0, 3}, {0, 6}, {0, 9}});
}

TEST_CASE("a random sample has about the share that was asked for, and the same for a seed") {
  CHECK(shared(0, 1, 1'000).empty());
  CHECK(shared(1, 1, 1'000).size() == 1'000);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    const auto some = shared(0.1, seed, 20'000);
    // Of a binomial distribution with mean 2,000 and deviation 42.
    CHECK(some.size() > 1'800);
    CHECK(some.size() < 2'200);
    CHECK(some == shared(0.1, seed, 20'000));
    CHECK(some != shared(0.1, seed + 100, 20'000));
  }
}

TEST_CASE("a random sample is the same when a run crashes and goes on") {
  std::vector<sale> events;
  for (std::int64_t i = 0; i < 300; ++i) events.push_back(sold("a", i, i));
  const auto sampled = [&](std::uint64_t seed) {
    return sorted(
        written_with_crashes<sale>(events, seed, [](weir::stream<sale> in, test_sink<sale> out) {
          in.sample(0.3, 7).named("some").to(out);
        }));
  };
  const auto wanted = sampled(0);
  CHECK(wanted.size() > 50);
  for (std::uint64_t seed = 3; seed < 60; seed += 3) {
    INFO("seed " << seed);
    CHECK(sampled(seed) == wanted);
  }
}

TEST_CASE("samples that make no sense are refused") {
  pipeline p{"p"};
  auto in = p.from(memory_source{ticks(1)});
  CHECK_THROWS_AS(in.sample_every(0), exception);
  CHECK_THROWS_AS(in.sample(1.5), exception);
  CHECK_THROWS_AS(in.sample(-0.1), exception);
}

// SPDX-License-Identifier: BSD-3-Clause
// Whole pipelines with an enrichment under random schedules: answers in any order and late,
// crashes, checkpoints, full enrichments. The oracle is the function that the service computes.
#include "enrich/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <random>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

std::optional<std::string> fact_of(const std::string& key) {
  if (key.size() % 3 == 0) return std::nullopt;
  return "fact of " + key;
}

using row = enriched<order, std::string>;

struct shape {
  std::uint64_t seed = 0;
  settings options;
  bool keyed = false;
  std::size_t batch = 1;
  double failing = 0;  ///< The share of keys whose answer is a failure, which is tried again.
};

shape draw(std::uint64_t seed) {
  std::mt19937_64 random{seed};
  const auto pick = [&](auto n) { return random() % n; };
  shape s{.seed = seed, .keyed = pick(2U) == 0, .batch = 1 + pick(5U)};
  s.options.capacity = 1 + pick(20U);
  s.options.timeout = 0s;
  s.options.order = static_cast<enrich_order>(pick(3U));
  s.options.retry = {.tries = retry_options::for_ever, .backoff = 5ms, .most = 50ms};
  s.options.cache = {.entries = pick(3U) == 0 ? 0 : 1 + pick(10U),
                     .ttl = duration{1000 + pick(100'000U)},
                     .negative_ttl = duration{pick(50'000U)},
                     .refresh_ahead = pick(2U) == 0 ? 0.5 : 1.0};
  s.failing = static_cast<double>(pick(3U)) * 0.2;
  return s;
}

std::vector<order> events_of(std::uint64_t seed) {
  std::mt19937_64 random{seed ^ 0x5bd1e995U};
  std::vector<order> all;
  const auto n = static_cast<std::int64_t>(random() % 150);
  for (std::int64_t i = 0; i < n; ++i)
    all.push_back({std::string(1 + random() % 7, static_cast<char>('a' + random() % 3)), i});
  return all;
}

pipeline enriching(const shape& s, const std::vector<order>& events, const test_sink<row>& out) {
  pipeline p{"enriching", {.parallelism = 2, .batches = {.events = 4}, .credits = {.frames = 2}}};
  test_source<order> source{s.seed};
  auto& split = source.split().every(1ms);
  for (const order& o : events) split.event(o);
  auto in = p.from(source).event_time(
      [](const order& o) { return timestamp{std::chrono::milliseconds{o.number}}; },
      bounded_out_of_orderness{20ms});
  if (s.keyed)
    std::move(in)
        .key_by([](const order& o) { return o.number % 5; })
        .enrich(unanswered(s.batch), s.options)
        .to(out);
  else
    std::move(in).enrich(unanswered(s.batch), s.options).to(out);
  return p;
}

simulation_options disturbed(const shape& s) {
  simulation_options o{.seed = s.seed,
                       .checkpoint_every = 60,
                       .abandon = 0.002,
                       .crash = 0.002,
                       .max_crashes = 4,
                       .slowest_answer = duration{(s.seed % 4) * 20'000}};
  o.services["look-up"] = [random = std::mt19937_64{s.seed},
                           share = s.failing](std::span<const std::byte> request) mutable {
    std::vector<fact_answer<std::string>> answers;
    for (const std::string& k : decode_keys<std::string>(request))
      if (static_cast<double>(random() % 1000) < share * 1000)
        answers.push_back(failure("not now"));
      else
        answers.push_back(fact_of(k));
    return encode_answers(answers);
  };
  return o;
}

/// The key whose order an enrichment keeps.
std::string lane(const shape& s, const order& o) {
  return s.keyed ? std::to_string(o.number % 5) : o.item;
}

}  // namespace

TEST_CASE("each event leaves once, with its own fact, whatever comes between") {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    INFO("seed " << seed);
    const shape s = draw(seed);
    const auto events = events_of(seed);
    const test_sink<row> out;
    const auto done = simulate(enriching(s, events, out), disturbed(s));
    INFO(done.problem);
    REQUIRE(done.finished());
    CHECK(done.dead_letters.empty());
    CHECK(done.late_events() == 0);
    crashes += done.seen[met::crash];
    std::vector<row> got = out.values();
    std::sort(got.begin(), got.end(),
              [](const row& a, const row& b) { return a.event.number < b.event.number; });
    REQUIRE(got.size() == events.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CHECK(got[i].event == events[i]);
      CHECK(got[i].fact == fact_of(events[i].item));
      CHECK(got[i].source == (fact_of(events[i].item) ? fact_source::found : fact_source::missing));
    }
  }
  CHECK(crashes > 100);
}

TEST_CASE("the order that was asked for is kept") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    shape s = draw(seed);
    if (s.options.order == enrich_order::none) continue;
    const auto events = events_of(seed);
    const test_sink<row> out;
    simulation_options o = disturbed(s);
    o.checkpoint_every = 0;
    o.crash = 0;
    pipeline p = enriching(s, events, out);
    const auto done = simulate(p, o);
    INFO(done.problem);
    REQUIRE(done.finished());
    // One instance of the source, so what goes to one instance of the enrichment stays in order;
    // by key it is in order over all of them where the keys are dealt by key.
    if (s.options.order == enrich_order::by_key && !s.keyed) continue;
    std::map<std::string, std::int64_t> last;
    for (const row& r : out.values()) {
      auto& before = last.try_emplace(lane(s, r.event), -1).first->second;
      if (s.keyed) CHECK(before < r.event.number);
      before = r.event.number;
    }
  }
}

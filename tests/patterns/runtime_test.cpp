// SPDX-License-Identifier: BSD-3-Clause
// Patterns through running actors.
#include "weir/runtime/runtime.hpp"
#include "weir/runtime/push_source.hpp"
#include "weir/stream.hpp"

#include <boost/describe/class.hpp>
#include <catch2/catch_test_macros.hpp>

#include <map>
#include <set>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct step {
  std::uint64_t number = 0;
  std::uint64_t key = 0;
  std::uint64_t kind = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(step, (), (number, key, kind, at))

step step_of(std::uint64_t i) {
  return {i, i * 7919 % 50, i * 104'729 % 7 % 4, timestamp{i * 1000us}};
}
constexpr std::uint64_t all = 40'000;

auto is_kind(std::uint64_t kind) {
  return [kind](const step& s) { return s.kind == kind; };
}
/// A step of kind 0, and the next one of kind 1 less than half a second after it.
pattern<step> zero_then_one() {
  return pattern<step>("zero").where(is_kind(0)).followed_by("one").where(is_kind(1)).within(500ms);
}

using pairs = std::set<std::pair<std::uint64_t, std::uint64_t>>;

/// What a loop over each key's events finds; and those that found nothing in time.
pairs by_loop(std::uint64_t& gave_up) {
  std::map<std::uint64_t, std::vector<step>> by_key;
  for (std::uint64_t i = 0; i < all; ++i) by_key[step_of(i).key].push_back(step_of(i));
  pairs found;
  gave_up = 0;
  for (const auto& [key, steps] : by_key)
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].kind != 0) continue;
      std::size_t j = i + 1;
      while (j < steps.size() && steps[j].kind != 1) ++j;
      if (j < steps.size() && steps[j].at - steps[i].at < 500ms)
        found.emplace(steps[i].number, steps[j].number);
      else
        ++gave_up;
    }
  return found;
}

runtime start(pipeline p) {
  return runtime::start(std::move(p), {.log = [](const std::string&) {}}).value();
}

}  // namespace

TEST_CASE("a pattern through actors finds what a loop over the events finds") {
  std::uint64_t expected_gave_up = 0;
  const pairs expected = by_loop(expected_gave_up);
  REQUIRE(expected.size() > 1'000);
  for (const std::uint32_t parallelism : {1U, 3U}) {
    pipeline p{"pattern", {.parallelism = parallelism}};
    const memory_sink<std::pair<std::uint64_t, std::uint64_t>> out;
    const memory_sink<timed_out_match<step>> gave_up;
    const side_output<timed_out_match<step>> timed_out{"timed out"};
    auto found = p.from(generator{step_of, {.events = all, .splits = 3}})
                     .event_time(&step::at, bounded_out_of_orderness{1s})
                     .key_by(&step::key)
                     .detect(zero_then_one(), {.timed_out = timed_out})
                     .named("zero then one");
    found.side(timed_out).to(gave_up);
    found
        .select([](const match<step>& m) {
          return std::pair{m.first("zero").number, m.first("one").number};
        })
        .to(out);
    const run_summary done = start(std::move(p)).wait();
    REQUIRE_FALSE(done.failure);
    CHECK(done.late_events == 0);
    const auto values = out.values();
    CHECK(values.size() == expected.size());
    CHECK(pairs(values.begin(), values.end()) == expected);
    CHECK(gave_up.size() == expected_gave_up);
  }
}

TEST_CASE("flat_select and an un-keyed pattern run through actors") {
  pipeline p{"flat"};
  const memory_sink<std::uint64_t> numbers;
  p.from(generator{step_of, {.events = 1'000}})
      .event_time(&step::at, bounded_out_of_orderness{1s})
      .detect(pattern<step>("a").where(is_kind(0)).next("b").where(is_kind(2)))
      .flat_select([](const match<step>& m) {
        return std::vector<std::uint64_t>{m.first("a").number, m.first("b").number};
      })
      .to(numbers);
  REQUIRE_FALSE(start(std::move(p)).wait().failure);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i + 1 < 1'000; ++i)
    if (step_of(i).kind == 0 && step_of(i + 1).kind == 2) {
      expected.push_back(i);
      expected.push_back(i + 1);
    }
  CHECK(!expected.empty());
  CHECK(numbers.values() == expected);
}

TEST_CASE("rules through actors reach every instance") {
  std::uint64_t unused = 0;
  const pairs expected = by_loop(unused);
  pipeline p{"rules", {.parallelism = 3}};
  const memory_sink<match<step>> out;
  const push_source<pattern_rule> changes;
  pattern_rule rule{"zero-one", 1, {}, std::vector<rule_step>(2), {}, "500ms", {}, {}};
  (*rule.steps)[0] = {.step = "zero", .where = "kind == 0"};
  (*rule.steps)[1] = {.step = "one", .where = "kind == 1"};
  auto rules = p.from(changes);
  p.from(generator{step_of, {.events = all, .splits = 3}})
      .event_time(&step::at, bounded_out_of_orderness{1s})
      .key_by(&step::key)
      .detect_dynamic(rules, {}, {rule})
      .named("rules")
      .to(out);
  changes.push(
      {"never", 1, {}, std::vector<rule_step>{{.step = "x", .where = "kind > 9"}}, {}, {}, {}, {}});
  changes.close();
  REQUIRE_FALSE(start(std::move(p)).wait().failure);
  pairs found;
  for (const auto& m : out.values()) found.emplace(m.first("zero").number, m.first("one").number);
  CHECK(found == expected);
}

TEST_CASE("the check lists what is wrong with a pattern, a rule and a stream without event time") {
  pipeline p{"wrong"};
  auto steps = p.from(generator{step_of, {.events = 1}});
  steps.detect(pattern<step>("a").next("a")).to(memory_sink<match<step>>{});
  auto rules = p.from(memory_source<pattern_rule>{std::vector<pattern_rule>{}});
  steps.key_by(&step::key)
      .detect_dynamic(rules, {}, {{"r", 1, {}, {}, {}, {}, {}, {}}})
      .to(memory_sink<match<step>>{});
  const auto built = p.build();
  REQUIRE_FALSE(built);
  const std::string& text = built.error().message;
  INFO(text);
  CHECK(text.find("detect(): pattern: step 'a': the name is used twice") != std::string::npos);
  CHECK(text.find("detect(): the stream has no event time") != std::string::npos);
  CHECK(text.find("detect_dynamic(): rule 'r': it has no steps") != std::string::npos);
  CHECK(text.find("detect_dynamic(): the stream has no event time") != std::string::npos);
}

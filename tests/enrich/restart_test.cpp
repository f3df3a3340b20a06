// SPDX-License-Identifier: BSD-3-Clause
#include "enrich/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr auto found = fact_source::found;

/// Answers all that is asked, until nothing is.
void tell_everything(auto& run) {
  while (!run.requests().empty()) {
    std::vector<fact_answer<std::string>> answers;
    for (const std::string& k : asked(run)) answers.push_back(std::optional{"fact of " + k});
    tell(run, 0, answers);
  }
}

}  // namespace

TEST_CASE("what waits is asked for again after a restart, though nothing else comes") {
  operator_run run{asking({}), held};
  run.push_batch({{{"a", 1}, at(1)}, {{"b", 2}, at(2)}, {{"a", 3}, at(3)}});
  run.push_watermark(at(50));
  auto next = run.restarted();
  REQUIRE(next.requests().size() == 1);
  CHECK(asked(next) == keys{"a", "b"});
  next.push_watermark(at(60));
  CHECK(next.watermark() < at(1));
  tell(next, 0, {"apple", "banana"});
  CHECK(next.values() ==
        rows{{{"a", 1}, "apple", found}, {{"b", 2}, "banana", found}, {{"a", 3}, "apple", found}});
  CHECK(next.watermark() == at(60));
}

TEST_CASE("after a restart an event has its whole time again") {
  operator_run run{asking({.timeout = 10s, .on_timeout = pass_through}), held};
  run.push({"a", 1}, at(1));
  run.advance(9s);
  auto next = run.restarted();
  next.advance(9s);
  CHECK(next.values().empty());
  next.advance(1s);
  CHECK(next.values() == rows{{{"a", 1}, std::nullopt, fact_source::timed_out}});
}

TEST_CASE("what waits behind another keeps its place over a restart") {
  operator_run run{asking({.order = enrich_order::whole}, 1), held};
  run.push_batch({{{"a", 1}, at(1)}, {{"b", 2}, at(2)}});
  tell(run, 1, {"banana"});
  auto next = run.restarted();
  tell_everything(next);
  CHECK(next.values() == rows{{{"a", 1}, "fact of a", found}, {{"b", 2}, "fact of b", found}});
}

TEST_CASE("a keyed enrichment goes on at another parallelism with each event once") {
  for (const std::uint32_t to : {1U, 2U, 3U, 5U}) {
    const auto build = [](stream<order> in) {
      return in.key_by([](const order& o) { return o.number; }).enrich(unanswered());
    };
    operator_options options = held;
    options.pipeline.parallelism = 2;
    operator_run run{build, options};
    for (std::int64_t i = 0; i < 100; ++i) run.push({"item " + std::to_string(i % 7), i}, at(i));
    options.pipeline.parallelism = to;
    auto next = run.restarted(options);
    tell_everything(next);
    auto out = next.values();
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.event.number < b.event.number; });
    REQUIRE(out.size() == 100);
    for (std::int64_t i = 0; i < 100; ++i) {
      CHECK(out[static_cast<std::size_t>(i)].event.number == i);
      CHECK(out[static_cast<std::size_t>(i)].fact == "fact of item " + std::to_string(i % 7));
    }
    CHECK(next.dead_letters().empty());
  }
}

TEST_CASE("an enrichment with nothing in flight saves nothing") {
  operator_run run{asking({.cache = {.entries = 10}}), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {"apple"});
  for (const snapshot_part& part : run.snapshot()) CHECK(part.state != "@waiting");
}

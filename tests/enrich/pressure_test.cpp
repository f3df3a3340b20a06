// SPDX-License-Identifier: BSD-3-Clause
#include "enrich/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

std::int64_t waiting(auto& run) {
  std::int64_t n = 0;
  run.metrics(stage_name(run)).each_gauge([&](const std::string& name, std::int64_t value) {
    if (name.ends_with(": in flight")) n = value;
  });
  return n;
}
std::string letter(std::int64_t i) { return std::string(1, static_cast<char>('a' + i)); }

void tell_first(auto& run) {
  std::vector<fact_answer<std::string>> answers;
  for (const std::string& k : asked(run)) answers.push_back(std::optional{"fact of " + k});
  tell(run, 0, answers);
}

}  // namespace

TEST_CASE("at its capacity an enrichment takes no further batch until answers come") {
  operator_run run{asking({.capacity = 3}, 1), held};
  for (std::int64_t i = 0; i < 8; ++i) run.push({letter(i), i}, at(i));
  CHECK(waiting(run) == 3);
  CHECK(run.requests().size() == 3);
  CHECK(run.blocked());
  tell_first(run);
  CHECK(waiting(run) == 3);
  CHECK(asked(run, 2) == keys{"d"});
  while (!run.requests().empty()) tell_first(run);
  CHECK(run.values().size() == 8);
  CHECK_FALSE(run.blocked());
}

TEST_CASE("no more keys than the capacity are asked for at a time, however large a batch is") {
  operator_run run{asking({.capacity = 4}, 2), held};
  std::vector<timed<order>> events;
  for (std::int64_t i = 0; i < 20; ++i) events.push_back({{letter(i), i}, at(i)});
  run.push_batch(events);
  CHECK(waiting(run) == 20);
  std::size_t answered = 0;
  while (!run.requests().empty()) {
    std::size_t keys_asked = 0;
    for (std::size_t r = 0; r < run.requests().size(); ++r) keys_asked += asked(run, r).size();
    CHECK(keys_asked <= 4);
    answered += asked(run).size();
    tell_first(run);
  }
  CHECK(answered == 20);
  CHECK(run.values().size() == 20);
}

TEST_CASE("timeouts make room at the capacity although no answer comes") {
  operator_run run{asking({.capacity = 2, .timeout = 1s, .on_timeout = pass_through}, 1), held};
  for (std::int64_t i = 0; i < 6; ++i) run.push({letter(i), i}, at(i));
  CHECK(waiting(run) == 2);
  run.advance(1s);
  CHECK(run.values().size() == 2);
  run.advance(5s);
  CHECK(run.values().size() == 4);
  CHECK(run.dead_letters().empty());
}

TEST_CASE("without credit facts wait, and nothing is lost") {
  operator_options options = held;
  options.withhold_output = true;
  for (const std::uint32_t budget : {1U, 3U, 1000U}) {
    options.step_budget = budget;
    operator_run run{asking({.order = enrich_order::whole}), options};
    for (std::int64_t i = 0; i < 10; ++i) run.push({letter(i), i}, at(i));
    while (!run.requests().empty()) tell_first(run);
    CHECK(run.values().empty());
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < 20; ++i) {
      run.grant(1, 1);
      for (const auto& row : run.values()) numbers.push_back(row.event.number);
    }
    CHECK(numbers == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  }
}

TEST_CASE("an enrichment that is full holds the checkpoint up only until answers come") {
  operator_run run{asking({.capacity = 1}, 1), held};
  run.push({"a", 1}, at(1));
  run.push({"b", 2}, at(2));
  CHECK(run.requests().size() == 1);
  tell_first(run);
  tell_first(run);
  CHECK(run.values().size() == 2);
  CHECK_NOTHROW(run.snapshot());
}

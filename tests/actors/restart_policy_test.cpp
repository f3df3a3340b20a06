// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/restart_policy.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace std::chrono_literals;

namespace {
steady_time at(std::chrono::seconds t) { return steady_time{t}; }
}  // namespace

TEST_CASE("waits before restarts double up to the longest") {
  restart_budget budget{
      {.restarts = 10, .within = 1h, .first_backoff = 1s, .longest_backoff = 5s, .jitter = 0}};
  CHECK(budget.on_failure(at(0s), 0.5) == duration{1s});
  CHECK(budget.on_failure(at(1s), 0.5) == duration{2s});
  CHECK(budget.on_failure(at(2s), 0.5) == duration{4s});
  CHECK(budget.on_failure(at(3s), 0.5) == duration{5s});
}

TEST_CASE("one failure more than the policy allows within its time gets no restart") {
  restart_budget budget{{.restarts = 2, .within = 10s}};
  CHECK(budget.on_failure(at(0s), 0.5));
  CHECK(budget.on_failure(at(1s), 0.5));
  CHECK_FALSE(budget.on_failure(at(2s), 0.5));
}

TEST_CASE("failures longer ago than the policy's time don't count") {
  restart_budget budget{{.restarts = 2, .within = 10s}};
  CHECK(budget.on_failure(at(0s), 0.5));
  CHECK(budget.on_failure(at(1s), 0.5));
  CHECK(budget.on_failure(at(20s), 0.5));
}

TEST_CASE("jitter moves a wait by at most its share") {
  const restart_policy policy{.restarts = 1, .first_backoff = 1s, .jitter = 0.2};
  CHECK(restart_budget{policy}.on_failure(at(0s), 0.0) == duration{800ms});
  CHECK(restart_budget{policy}.on_failure(at(0s), 0.999) > duration{1190ms});
  CHECK(restart_budget{policy}.on_failure(at(0s), 0.999) <= duration{1200ms});
}

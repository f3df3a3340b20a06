// SPDX-License-Identifier: BSD-3-Clause
// What a user writes to test a pipeline: with Catch2 here, with any other framework the same.
#include "spend.hpp"

#include <weir/test.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace std::chrono_literals;

namespace {

constexpr weir::timestamp noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + 12h};

}  // namespace

// [ten lines]
TEST_CASE("payments of a card are summed for each minute") {
  weir::test::operator_run run{spend_per_card};
  run.push({"4111", 12.5, noon + 1s}).push({"4111", 7.5, noon + 59s});
  CHECK(run.values().empty());
  run.push({"4222", 1, noon + 66s});  // the watermark is 5 s behind it
  CHECK(run.values() == std::vector<total>{{"4111", {noon, noon + 1min}, 20}});
  run.end();
  CHECK(run.values() == std::vector<total>{{"4222", {noon + 1min, noon + 2min}, 1}});
}
// [ten lines]

// [late]
TEST_CASE("a payment that comes after its minute is kept apart") {
  weir::test::operator_run run{spend_per_card, too_late};
  run.push({"4111", 1, noon}).push({"4111", 1, noon + 5min}).push({"4111", 9, noon + 2s});
  REQUIRE(run.side(too_late).size() == 1);
  CHECK(run.late_events() == 1);
}
// [late]

// [splits]
TEST_CASE("a slow split is waited for, an idle one is not") {
  const auto by_minute = [](weir::stream<payment> in) {
    return in.key_by(&payment::card).window(weir::tumbling(1min)).aggregate(weir::count{});
  };
  weir::test::operator_run run{by_minute, {.splits = 2}};
  run.split(0).push({"4111", 1, noon}, noon).push_watermark(noon + 1h);
  CHECK(run.values().empty());
  run.split(1).idle();
  CHECK(run.values().size() == 1);
}
// [splits]

// [timers]
namespace {

struct reminder {
  using output = std::string;
  void on_event(const payment&, weir::process_context<std::string, std::string>& context) {
    context.set_processing_timer(context.now() + 30s);
  }
  void on_timer(weir::timestamp, weir::process_context<std::string, std::string>& context) {
    context.emit("remind " + context.key());
  }
};

}  // namespace

TEST_CASE("a reminder comes half a minute later") {
  weir::test::operator_run run{
      [](weir::stream<payment> in) { return in.key_by(&payment::card).process(reminder{}); }};
  run.push({"4111", 1, noon});
  run.advance(29s);
  CHECK(run.values().empty());
  run.advance(1s);
  CHECK(run.values() == std::vector<std::string>{"remind 4111"});
}
// [timers]

// [restart]
TEST_CASE("a restart at another parallelism keeps what was gathered") {
  weir::test::operator_run before{spend_per_card};
  before.push({"4111", 1, noon}).push({"4222", 2, noon}).push({"4111", 3, noon + 1s});
  auto after = before.restarted({.pipeline = {.parallelism = 3}});
  after.push({"4111", 4, noon + 2s}).push({"4222", 5, noon + 2s});
  after.end();
  const auto totals = after.values();
  REQUIRE(totals.size() == 2);
  for (const total& t : totals) CHECK(t.value == (t.key == "4111" ? 8 : 7));
}
// [restart]

// [whole]
TEST_CASE("the whole pipeline is right in any order of things, and through crashes") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    weir::test::test_source<payment> payments{seed};
    payments.split().every(1s).events({{"4111", 1, noon}, {"4111", 2, noon + 30s}});
    payments.split()
        .pause(10s)
        .event({"4111", 4, noon + 61s})
        .idle()
        .pause(1h)
        .event({"4222", 8, noon + 1h});
    const weir::test::test_sink<total> totals;
    weir::pipeline p{"spend", {.parallelism = 2}};
    spend_per_card(p.from(payments)).to(totals);

    const auto done = weir::test::simulate(
        p, {.seed = seed, .checkpoint_every = 20, .crash = 0.01, .max_crashes = 2});
    INFO("seed " << seed << ": " << done.problem);
    REQUIRE(done.finished());
    CHECK(done.late_events() == 0);
    CHECK(done.dead_letters.empty());
    auto got = totals.values();
    std::sort(got.begin(), got.end(), [](auto& a, auto& b) { return a.value < b.value; });
    CHECK(got == std::vector<total>{{"4111", {noon, noon + 1min}, 3},
                                    {"4111", {noon + 1min, noon + 2min}, 4},
                                    {"4222", {noon + 1h, noon + 1h + 1min}, 8}});
  }
}
// [whole]

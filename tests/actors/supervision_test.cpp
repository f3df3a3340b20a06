// SPDX-License-Identifier: BSD-3-Clause
#include "actors/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr restart_policy quick_restarts{
    .restarts = 3, .within = 1min, .first_backoff = 1ms, .longest_backoff = 5ms};

/// Fails each of the given numbers once.
class fails_once {
public:
  explicit fails_once(std::set<std::uint64_t> numbers)
      : left_(std::make_shared<std::set<std::uint64_t>>(std::move(numbers))) {}
  reading operator()(const reading& r) const {
    if (left_->erase(r.number) != 0)
      throw std::runtime_error("fails once at " + std::to_string(r.number));
    return r;
  }

private:
  std::shared_ptr<std::set<std::uint64_t>> left_;
};

}  // namespace

TEST_CASE(
    "a stage with the directive restart is restarted, its source goes on, and what was lost is "
    "counted") {
  pipeline p{"restarted"};
  const memory_sink<reading> out;
  p.from(readings(200'000))
      .stage("fragile", {.on_error = directive::restart()})
      .map(fails_once{{50'000}})
      .to(out);
  auto running = start(std::move(p), {.restarts = quick_restarts});
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 1);
  CHECK(done.events_lost > 0);
  // Nothing twice, and what is missing was counted as lost.
  std::set<std::uint64_t> seen;
  for (const reading& r : out.values()) CHECK(seen.insert(r.number).second);
  CHECK(seen.size() + done.events_lost == 200'000);
  CHECK(seen.contains(199'999));
}

TEST_CASE("more failures than the restart policy allows stop the pipeline with the cause") {
  pipeline p{"hopeless"};
  p.from(readings(1'000))
      .map([](const reading& r) {
        if (r.number >= 10) throw std::runtime_error("always");
        return r;
      })
      .named("broken")
      .on_error(directive::restart())
      .to(memory_sink<reading>{});
  auto running = start(std::move(p), {.restarts = quick_restarts});
  const run_summary done = running.wait();
  REQUIRE(done.failure);
  CHECK(done.failure->code == errc::stage_failed);
  CHECK(done.failure->message.find("always") != std::string::npos);
  CHECK(done.failure->message.find("'broken'") != std::string::npos);
  CHECK(done.restarts == 3);
}

TEST_CASE("the directive stop ends the pipeline at once with the cause") {
  pipeline p{"stops"};
  p.from(readings(1'000'000))
      .map([](const reading& r) {
        if (r.number == 7) throw exception({errc::invalid_argument, "seven"});
        return r;
      })
      .on_error(directive::stop())
      .to(memory_sink<reading>{});
  auto running = start(std::move(p), {.restarts = quick_restarts});
  const run_summary done = running.wait();
  REQUIRE(done.failure);
  CHECK(done.failure->code == errc::invalid_argument);
  CHECK(done.failure->message.find("seven") != std::string::npos);
  CHECK(done.restarts == 0);
}

TEST_CASE("a region that fails leaves the other regions of its pipeline alone") {
  pipeline p{"two regions"};
  const memory_sink<reading> fragile, sound;
  p.from(readings(1'000)).map(fails_once{{500}}).on_error(directive::restart()).to(fragile);
  p.from(readings(50'000)).to(sound);
  auto running = start(std::move(p), {.restarts = quick_restarts});
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 1);
  CHECK(sound.size() == 50'000);
  for (const instance_status& s : running.status())
    if (s.stage == "generator-2") CHECK(s.attempt == 0);
}

TEST_CASE("a window that was emitted before a restart is not emitted again") {
  pipeline p{"once"};
  const memory_sink<window_result<std::uint64_t, std::uint64_t>> out;
  p.from(readings(300'000))
      .event_time(&reading::at, bounded_out_of_orderness{0s})
      .map(fails_once{{150'000}})
      .on_error(directive::restart())
      .key_by(&reading::key)
      .window(tumbling{1s})
      .aggregate(count{})
      .named("counts")
      .to(out);
  auto running = start(std::move(p), {.restarts = quick_restarts});
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 1);
  std::set<std::pair<std::uint64_t, timestamp>> seen;
  for (const auto& r : out.values()) CHECK(seen.insert({r.key, r.window.start}).second);
}

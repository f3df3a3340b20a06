// SPDX-License-Identifier: BSD-3-Clause
// What once made a run hang, lose events or do work twice.
#include "actors/sample.hpp"
#include "weir/runtime/push_source.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr restart_policy quick_restarts{
    .restarts = 3, .within = 1min, .first_backoff = 1ms, .longest_backoff = 5ms};

/// A sink that can be made in the attempts before `breaks_at`.
struct breaking_sink {
  std::uint32_t breaks_at = 0;
  memory_sink<reading> to{};

  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance& at) const {
    if (at.attempt >= breaks_at) throw std::runtime_error("no more writers");
    return to.make_writer<T>(at);
  }
  [[nodiscard]] std::string kind() const { return "breaking"; }
  [[nodiscard]] bool blocking() const { return false; }
};

reading fails_at_100(const reading& r) {
  if (r.number == 100) throw std::runtime_error("one hundred");
  return r;
}

/// Emits three values when its timer fires.
struct three_at_once {
  using output = int;
  void on_event(const reading& r, process_context<std::uint64_t, int>& context) {
    context.set_event_timer(r.at);
  }
  void on_timer(timestamp, process_context<std::uint64_t, int>& context) {
    for (int i = 1; i <= 3; ++i) context.emit(i);
  }
};

}  // namespace

TEST_CASE("a named chain that goes straight to two sinks and a key is evaluated once") {
  std::atomic<int> calls{0};
  pipeline p{"straight"};
  const memory_sink<reading> first, second, keyed;
  auto mapped = p.from(readings(1'000)).map([&calls](const reading& r) {
    ++calls;
    return r;
  });
  mapped.to(first).named("first");
  mapped.to(second).named("second");
  mapped.key_by(&reading::key)
      .reduce([](const reading&, const reading& r) { return r; })
      .to(keyed)
      .named("keyed");
  CHECK_FALSE(start(std::move(p)).wait().failure);
  CHECK(calls == 1'000);
  CHECK(first.size() + second.size() + keyed.size() == 3'000);
}

TEST_CASE("a sink that can't be made is an error of the start, whatever it throws") {
  pipeline p{"never"};
  p.from(readings(10)).to(breaking_sink{});
  const auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  REQUIRE_FALSE(running);
  CHECK(running.error().message.find("no more writers") != std::string::npos);
}

TEST_CASE("a sink that can't be made again ends the run with that cause, and lets pushers go") {
  const push_source<reading> input{4};
  pipeline p{"not again"};
  p.from(input).map(fails_at_100).on_error(directive::restart()).to(breaking_sink{1});
  auto running = start(std::move(p), {.restarts = quick_restarts});
  for (std::uint64_t i = 0; input.push(reading_of(i)); ++i) {
  }
  const run_summary done = running.wait();
  REQUIRE(done.failure);
  CHECK(done.failure->message.find("no more writers") != std::string::npos);
}

TEST_CASE("a value of a timer that fails behind it leaves the others of that timer") {
  pipeline p{"siblings"};
  const memory_sink<int> out;
  p.from(readings(1))
      .event_time(&reading::at, monotonous_timestamps{})
      .key_by(&reading::key)
      .process(three_at_once{})
      .map([](int i) {
        if (i == 2) throw std::runtime_error("two");
        return i;
      })
      .to(out);
  auto running = start(std::move(p));
  const run_summary done = running.wait();
  CHECK(done.dead_letters == 1);
  CHECK(out.values() == std::vector<int>{1, 3});
  REQUIRE(running.dead_letters().size() == 1);
  CHECK(running.dead_letters()[0].text == "2");
}

TEST_CASE("a stop reads out what was pushed before it") {
  const push_source<reading> input{1'000};
  for (std::uint64_t i = 0; i < 500; ++i) REQUIRE(input.try_push(reading_of(i)));
  pipeline p{"stopped"};
  const memory_sink<reading> out;
  p.from(input).to(out);
  auto running = start(std::move(p));
  running.stop();
  CHECK_FALSE(running.wait().failure);
  CHECK(out.size() == 500);
}

TEST_CASE("an event that fails its source's stage once is not lost to a restart of a push source") {
  const push_source<reading> input{1'000};
  for (std::uint64_t i = 0; i < 500; ++i) REQUIRE(input.try_push(reading_of(i)));
  input.close();
  auto failed = std::make_shared<std::atomic<bool>>(false);
  pipeline p{"again"};
  const memory_sink<reading> out;
  p.from(input)
      .map([failed](const reading& r) {
        if (r.number == 100 && !failed->exchange(true)) throw std::runtime_error("once");
        return r;
      })
      .on_error(directive::restart())
      .to(out);
  const run_summary done = start(std::move(p), {.restarts = quick_restarts}).wait();
  CHECK_FALSE(done.failure);
  CHECK(done.restarts == 1);
  CHECK(out.size() + done.events_lost == 500);
}

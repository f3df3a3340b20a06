// SPDX-License-Identifier: BSD-3-Clause
#include "actors/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// Hands on an event's number; counts how often its state is asked for.
struct counter_of_saves {
  std::shared_ptr<std::atomic<int>> saved;

  template <class Next>
  void on_event(const reading& r, timestamp at, Next& next, flow::step&) {
    next(r.number, at);
  }
  flow::verdict snapshot(snapshot_writer&) {
    ++*saved;
    return flow::verdict::done;
  }
  void restore(snapshot_reader&) {}
};

/// Counts events in two phases: they are there when they are committed.
struct counting_sink {
  std::shared_ptr<std::atomic<int>> committed;

  template <class T>
  class writer final : public sink_writer<T> {
  public:
    explicit writer(std::shared_ptr<std::atomic<int>> to) : committed_(std::move(to)) {}

    written write(std::span<const T> events, std::span<const timestamp>) override {
      waiting_ += events.size();
      return {events.size(), std::nullopt};
    }
    result<bytes> pre_commit(std::uint64_t) override { return bytes{std::byte{1}}; }
    result<void> commit(std::span<const std::byte>) override {
      *committed_ += static_cast<int>(std::exchange(waiting_, 0));
      return {};
    }

  private:
    std::shared_ptr<std::atomic<int>> committed_;
    std::size_t waiting_ = 0;
  };

  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance&) const {
    return std::make_unique<writer<T>>(committed);
  }
  [[nodiscard]] std::string kind() const { return "counting"; }
  [[nodiscard]] bool blocking() const { return false; }
};

}  // namespace

TEST_CASE("a keyed window through actors gives what a loop over the events gives") {
  for (const std::uint32_t parallelism : {1U, 2U, 4U}) {
    pipeline p{"counts", {.parallelism = parallelism}};
    const memory_sink<window_result<std::uint64_t, std::uint64_t>> out;
    p.from(readings(20'000, 3))
        .event_time(&reading::at, bounded_out_of_orderness{1s})
        .key_by(&reading::key)
        .window(tumbling{1s})
        .aggregate(count{})
        .named("per key")
        .to(out);
    auto running = start(std::move(p));
    const run_summary done = running.wait();
    REQUIRE_FALSE(done.failure);
    CHECK(done.events_read == 20'000);
    CHECK(done.late_events == 0);

    std::map<std::pair<std::uint64_t, timestamp>, std::uint64_t> expected;
    for (std::uint64_t i = 0; i < 20'000; ++i)
      ++expected[{reading_of(i).key, tumbling{1s}.at(reading_of(i).at).start}];
    std::map<std::pair<std::uint64_t, timestamp>, std::uint64_t> got;
    for (const auto& r : out.values()) got[{r.key, r.window.start}] += r.value;
    CHECK(got == expected);
    CHECK(done.window_results == expected.size());
  }
}

TEST_CASE("a named stream with two consumers is evaluated once") {
  std::atomic<int> calls{0};
  pipeline p{"twice"};
  const memory_sink<reading> even, odd;
  auto mapped = p.from(readings(1'000)).map([&calls](const reading& r) {
    ++calls;
    return r;
  });
  mapped.filter([](const reading& r) { return r.number % 2 == 0; }).to(even);
  mapped.filter([](const reading& r) { return r.number % 2 == 1; }).to(odd);
  auto running = start(std::move(p));
  REQUIRE_FALSE(running.wait().failure);
  CHECK(calls == 1'000);
  CHECK(even.size() == 500);
  CHECK(odd.size() == 500);
}

TEST_CASE("a diamond through actors keeps every event") {
  pipeline p{"diamond", {.parallelism = 2}};
  const memory_sink<reading> out;
  stream<reading> all = p.from(readings(50'000));
  auto small = all.filter([](const reading& r) { return r.key < 10; });
  auto large = all.filter([](const reading& r) { return r.key >= 10; });
  small.union_with(large).to(out);
  auto running = start(std::move(p));
  REQUIRE_FALSE(running.wait().failure);
  std::vector<bool> seen(50'000);
  for (const reading& r : out.values()) seen[r.number] = true;
  CHECK(out.size() == 50'000);
  CHECK(std::count(seen.begin(), seen.end(), true) == 50'000);
}

TEST_CASE(
    "an event that fails becomes a dead letter with its operator, its text and its position") {
  pipeline p{"letters"};
  const memory_sink<reading> out;
  p.from(readings(100))
      .map([](const reading& r) {
        if (r.number == 42) throw std::runtime_error("no good");
        return r;
      })
      .named("picky")
      .to(out);
  auto running = start(std::move(p));
  const run_summary done = running.wait();
  CHECK_FALSE(done.failure);
  CHECK(done.dead_letters == 1);
  CHECK(out.size() == 99);
  const auto letters = running.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].operator_name == "picky");
  CHECK(letters[0].error == "no good");
  CHECK(letters[0].offset == 42);
  CHECK(letters[0].text.find("\"number\":42") != std::string::npos);
}

TEST_CASE("a stop ends the sources and delivers all that was read") {
  pipeline p{"stopped", {.parallelism = 2}};
  const memory_sink<reading> out;
  p.from(generator{reading_of, {.rate = 200'000}})
      .key_by(&reading::key)
      .reduce([](const reading&, const reading& r) { return r; })
      .named("newest")
      .to(out);
  auto running = start(std::move(p));
  while (out.size() < 1'000) CHECK_FALSE(running.wait_for(1ms));
  running.stop();
  const run_summary done = running.wait();
  CHECK_FALSE(done.failure);
  CHECK(done.stopped);
  CHECK(out.size() == done.events_read);
}

TEST_CASE("an abort ends a pipeline whose source never ends") {
  pipeline p{"aborted"};
  p.from(generator{reading_of}).to(memory_sink<reading>{});
  auto running = start(std::move(p));
  running.abort();
  const run_summary done = running.wait();
  REQUIRE(done.failure);
  CHECK(done.failure->code == errc::aborted);
}

TEST_CASE("a runtime that is destroyed while it runs ends its pipeline") {
  const memory_sink<reading> out;
  {
    pipeline p{"dropped"};
    p.from(generator{reading_of, {.rate = 10'000}}).to(out);
    auto running = start(std::move(p));
  }
  const std::size_t n = out.size();
  CHECK(out.size() == n);
}

TEST_CASE("a run without a store commits its sinks and asks no operator for its state") {
  const auto committed = std::make_shared<std::atomic<int>>(0);
  const auto saved = std::make_shared<std::atomic<int>>(0);
  pipeline p{"p"};
  p.from(readings(1'000, 2))
      .stage("count", {.parallelism = 2})
      .with_operator<std::uint64_t>("counter", counter_of_saves{saved})
      .to(counting_sink{committed});
  auto running = start(std::move(p));
  CHECK_FALSE(running.wait().failure);
  CHECK(*saved == 0);
  CHECK(*committed == 1'000);
}

TEST_CASE("several pipelines run in one process at a time") {
  std::vector<memory_sink<reading>> outs(4);
  std::vector<runtime> all;
  for (auto& out : outs) {
    pipeline p{"one of four"};
    p.from(readings(5'000)).to(out);
    all.push_back(start(std::move(p)));
  }
  for (auto& r : all) CHECK_FALSE(r.wait().failure);
  for (auto& out : outs) CHECK(out.size() == 5'000);
}

TEST_CASE("a pipeline with mistakes is not started, and all of them are listed") {
  pipeline p{"wrong"};
  auto s = p.from(readings(10)).filter([](const reading&) { return true; });
  s.key_by(&reading::key)
      .window(tumbling{1s})
      .aggregate(count{})
      .named("twice")
      .to(memory_sink<window_result<std::uint64_t, std::uint64_t>>{});
  s.map([](const reading& r) { return r; }).named("twice");
  const auto running = runtime::start(std::move(p));
  REQUIRE_FALSE(running);
  CHECK(running.error().code == errc::invalid_pipeline);
  CHECK(running.error().message.find("has no event time") != std::string::npos);
  CHECK(running.error().message.find("'twice' is used 2 times") != std::string::npos);
}

TEST_CASE("metrics tell what every instance has done") {
  pipeline p{"metrics", {.parallelism = 2}};
  p.from(readings(10'000))
      .key_by(&reading::key)
      .reduce([](const reading&, const reading& r) { return r; })
      .named("newest")
      .to(memory_sink<reading>{});
  auto running = start(std::move(p));
  running.wait();
  std::uint64_t in = 0;
  for (const instance_status& s : running.status())
    if (s.stage == "newest") in += s.metrics->events_in.get();
  CHECK(in == 10'000);
  CHECK(running.summary().latency.events == 10'000);
}

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/late_log.hpp"

#include "actors/sample.hpp"
#include "weir/runtime/push_source.hpp"

#include <catch2/catch_test_macros.hpp>

#include <condition_variable>
#include <mutex>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

timestamp at(std::int64_t seconds) { return timestamp{std::chrono::seconds{seconds}}; }

instance_status status_of(const std::string& stage, std::uint32_t instance, std::uint32_t attempt,
                          std::shared_ptr<const stage_metrics> m) {
  return {stage, "operators", instance, attempt, std::move(m)};
}

/// Keeps what is logged, and lets a test wait for it.
class log_lines {
public:
  void add(const std::string& line) {
    const std::lock_guard lock{mutex_};
    lines_.push_back(line);
    more_.notify_all();
  }
  /// Waits for a line that begins like this; empty if none comes within a minute.
  std::string wait_for(const std::string& beginning) {
    std::unique_lock lock{mutex_};
    std::string found;
    more_.wait_for(lock, 1min, [&] {
      for (const std::string& line : lines_)
        if (line.starts_with(beginning)) found = line;
      return !found.empty();
    });
    return found;
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock{mutex_};
    return lines_.size();
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> lines_;
};

/// Windows of a second; the event of 1000 s completes all before it.
pipeline seconds_of(const push_source<reading>& input, bool takes_late) {
  pipeline p{"late"};
  auto counts = p.from(input)
                    .event_time(&reading::at, monotonous_timestamps{})
                    .key_by(&reading::key)
                    .window(tumbling{1s});
  if (!takes_late) {
    counts.aggregate(count{})
        .named("per second")
        .to(memory_sink<window_result<std::uint64_t, std::uint64_t>>{});
    return p;
  }
  const side_output<reading> late{"late"};
  auto taken = counts.late_to(late).aggregate(count{}).named("per second");
  taken.side(late).to(memory_sink<reading>{});
  taken.to(memory_sink<window_result<std::uint64_t, std::uint64_t>>{});
  return p;
}

}  // namespace

TEST_CASE("late events of a stage's instances are told of in one line, and once") {
  const auto a = std::make_shared<stage_metrics>();
  const auto b = std::make_shared<stage_metrics>();
  const std::vector<instance_status> now{status_of("count", 0, 0, a), status_of("count", 1, 0, b)};
  late_log log;
  CHECK(log.lines(now).empty());
  a->late_unclaimed.add(3);
  b->late_unclaimed.add(14);
  b->late.add({"hours", R"({"key":7})", at(5), at(60)}, at(0));
  CHECK(log.lines(now) ==
        std::vector<std::string>{"stage 'count': 17 events came late and went nowhere; for "
                                 "example, at 'hours', {\"key\":7} of 1970-01-01T00:00:05Z when "
                                 "the watermark was 1970-01-01T00:01:00Z"});
  CHECK(log.lines(now).empty());
  a->late_unclaimed.add(1);  // none was noted: that was less than a second ago
  CHECK(log.lines(now) ==
        std::vector<std::string>{"stage 'count': 1 event came late and went nowhere"});
}

TEST_CASE("late events that a side output takes are not told of") {
  const auto m = std::make_shared<stage_metrics>();
  m->late_events.add(5);
  CHECK(late_log{}.lines({status_of("count", 0, 0, m)}).empty());
}

TEST_CASE("the counts of a new attempt begin at nothing") {
  late_log log;
  const auto before = std::make_shared<stage_metrics>();
  before->late_unclaimed.add(10);
  CHECK(log.lines({status_of("count", 0, 0, before)}).size() == 1);
  const auto after = std::make_shared<stage_metrics>();
  after->late_unclaimed.add(2);
  CHECK(log.lines({status_of("count", 0, 1, after)}) ==
        std::vector<std::string>{"stage 'count': 2 events came late and went nowhere"});
}

TEST_CASE("late events are logged while a pipeline runs, and no more often than asked for") {
  log_lines log;
  const push_source<reading> input;
  auto running =
      start(seconds_of(input, false),
            {.log = [&](const std::string& line) { log.add(line); }, .log_late_every = 20ms});
  input.push({1, 7, at(1'000)});
  input.push({2, 7, at(3)});
  // The first may share a batch with the second, and is then judged by the watermark before it.
  for (std::uint64_t i = 3; log.size() == 0 && i < 30'000; ++i) {
    input.push({i, 7, at(3)});
    CHECK_FALSE(running.wait_for(1ms));
  }
  const std::string line = log.wait_for("stage 'per second': ");
  CHECK(line.find("came late and went nowhere; for example, at 'per second', {\"number\":") !=
        std::string::npos);
  CHECK(line.find(R"("key":7,"at":"1970-01-01T00:00:03Z"} of 1970-01-01T00:00:03Z when the )"
                  "watermark was 1970-01-01T00:16:3") != std::string::npos);
  input.close();
  const run_summary done = running.wait();
  CHECK_FALSE(done.failure);
  CHECK(done.late_events > 0);
  CHECK(log.size() <= static_cast<std::size_t>(done.elapsed / 20ms) + 1);
}

TEST_CASE("nothing is logged of late events that somebody takes, or if it is not wanted") {
  for (const bool takes_late : {true, false}) {
    log_lines log;
    const push_source<reading> input;
    auto running = start(seconds_of(input, takes_late),
                         {.log = [&](const std::string& line) { log.add(line); },
                          .log_late_every = takes_late ? 5ms : 0ms});
    // An event a millisecond: the interval passes several times.
    for (std::uint64_t i = 0; running.summary().late_events < 30 && i < 30'000; ++i) {
      input.push({i, 7, i == 0 ? at(1'000) : at(3)});
      CHECK_FALSE(running.wait_for(1ms));
    }
    input.close();
    CHECK(running.wait().late_events > 0);
    CHECK(log.size() == 0);
  }
}

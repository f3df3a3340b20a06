// SPDX-License-Identifier: BSD-3-Clause
#include "actors/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/connectors/file/file.hpp"
#include "weir/runtime/push_source.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr restart_policy quick_restarts{
    .restarts = 10, .within = 1min, .first_backoff = 1ms, .longest_backoff = 5ms};

struct numbered {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(numbered, (), (key, count, number))

/// Counts the readings of each key; each must be counted once.
struct counting {
  using output = numbered;
  value_state<std::uint64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const reading& r, process_context<std::uint64_t, numbered>& c) {
    seen.update([](std::uint64_t& n) { ++n; });
    c.emit({r.key, *seen.get(), r.number});
  }
};

/// Fails at each of the given numbers once in the process.
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

struct run_settings {
  std::uint64_t events = 60'000;
  double rate = 0;
  std::set<std::uint64_t> fails_at;
  std::uint32_t parallelism = 2;
};

pipeline counts(const std::string& directory, const run_settings& how) {
  pipeline p{"counts", {.parallelism = how.parallelism}};
  auto read = p.from(generator{reading_of, {.events = how.events, .rate = how.rate}})
                  .event_time(&reading::at, bounded_out_of_orderness{0s})
                  .named("readings")
                  .map(fails_once{how.fails_at})
                  .on_error(directive::restart());
  auto keyed = std::move(read).key_by(&reading::key);
  keyed.process(counting{})
      .named("counting")
      .to(to_file(directory + "/counts.jsonl"))
      .named("counts file");
  keyed.window(tumbling{1s})
      .aggregate(count{})
      .named("windows")
      .map([](const window_result<std::uint64_t, std::uint64_t>& r) {
        return numbered{
            r.key, r.value,
            static_cast<std::uint64_t>(r.window.start.time_since_epoch().count() / 1'000'000)};
      })
      .to(to_file(directory + "/windows.jsonl"))
      .named("windows file");
  return p;
}

std::vector<std::string> lines(const std::string& path) {
  std::ifstream in{path};
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  std::sort(all.begin(), all.end());
  return all;
}

/// Whether the files hold what counting the readings by hand gives.
void check_results(const std::string& directory, std::uint64_t events) {
  std::map<std::uint64_t, std::uint64_t> seen;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> windows;
  std::vector<std::string> wanted;
  for (std::uint64_t i = 0; i < events; ++i) {
    const reading r = reading_of(i);
    wanted.push_back(to_json(numbered{r.key, ++seen[r.key], i}));
    ++windows[{r.key, i / 1000}];
  }
  std::vector<std::string> wanted_windows;
  for (const auto& [at, n] : windows)
    wanted_windows.push_back(to_json(numbered{at.first, n, at.second}));
  std::sort(wanted.begin(), wanted.end());
  std::sort(wanted_windows.begin(), wanted_windows.end());
  CHECK(lines(directory + "/counts.jsonl") == wanted);
  CHECK(lines(directory + "/windows.jsonl") == wanted_windows);
}

runtime_options with_checkpoints(const std::string& directory, duration interval) {
  runtime_options options{.restarts = quick_restarts};
  options.checkpoints.store = directory_store::open(directory).value();
  options.checkpoints.timing.interval = interval;
  return options;
}

}  // namespace

TEST_CASE("a region that fails goes on from the newest checkpoint, and nothing is lost or twice") {
  const temporary_directory dir;
  const run_settings how{.rate = 150'000, .fails_at = {20'000, 40'000}};
  auto running = start(counts(dir / "out", how), with_checkpoints(dir / "state", 20ms));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 2);
  CHECK(done.events_lost == 0);
  CHECK(done.checkpoints > 2);
  check_results(dir / "out", how.events);
}

TEST_CASE("a region that fails before the first checkpoint begins anew") {
  const temporary_directory dir;
  const run_settings how{.fails_at = {30'000}};
  auto running = start(counts(dir / "out", how), with_checkpoints(dir / "state", 1h));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 1);
  CHECK(done.events_lost == 0);
  check_results(dir / "out", how.events);
}

TEST_CASE("a stop leaves windows open, and another run goes on, at any parallelism") {
  for (const std::uint32_t next : {1U, 2U, 3U, 4U}) {
    INFO("from 2 to " << next);
    const temporary_directory dir;
    {
      auto running =
          start(counts(dir / "out", {.rate = 100'000}), with_checkpoints(dir / "state", 1h));
      while (running.summary().events_read < 10'000) (void)running.wait_for(1ms);
      running.stop();
      const run_summary done = running.wait();
      REQUIRE_FALSE(done.failure);
      CHECK(done.stopped);
      CHECK(done.checkpoints == 1);
      REQUIRE(done.events_read < 60'000);
    }
    auto running =
        start(counts(dir / "out", {.parallelism = next}), with_checkpoints(dir / "state", 1h));
    const run_summary done = running.wait();
    REQUIRE_FALSE(done.failure);
    CHECK(done.restored_from == 1);
    CHECK(done.events_read < 60'000);
    check_results(dir / "out", 60'000);
  }
}

TEST_CASE("a run that was aborted is taken up where its newest checkpoint was taken") {
  const temporary_directory dir;
  {
    auto running =
        start(counts(dir / "out", {.rate = 100'000}), with_checkpoints(dir / "state", 10ms));
    while (running.summary().checkpoints < 3) (void)running.wait_for(1ms);
    running.abort();
    CHECK(running.wait().failure->code == errc::aborted);
  }
  auto running = start(counts(dir / "out", {}), with_checkpoints(dir / "state", 10ms));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restored_from.value_or(0) >= 3);
  check_results(dir / "out", 60'000);
}

TEST_CASE("a fresh run does not go on, and its checkpoints are the ones that are left") {
  const temporary_directory dir;
  for (int round = 0; round < 2; ++round) {
    runtime_options options = with_checkpoints(dir / "state", 1h);
    options.checkpoints.fresh = true;
    auto running = start(counts(dir / "out", {}), std::move(options));
    const run_summary done = running.wait();
    REQUIRE_FALSE(done.failure);
    CHECK(done.events_read == 60'000);
    CHECK_FALSE(done.restored_from);
  }
  check_results(dir / "out", 60'000);
  const auto left = list_checkpoints(dir / "state").value();
  REQUIRE(left.size() == 1);
  CHECK(left.front().id == 2);
}

TEST_CASE("a finished run that is started again changes nothing") {
  const temporary_directory dir;
  for (int round = 0; round < 2; ++round) {
    auto running = start(counts(dir / "out", {}), with_checkpoints(dir / "state", 1h));
    const run_summary done = running.wait();
    REQUIRE_FALSE(done.failure);
    CHECK(done.events_read == (round == 0 ? 60'000U : 0U));
  }
  check_results(dir / "out", 60'000);
}

TEST_CASE("at least once loses nothing") {
  const temporary_directory dir;
  pipeline p = counts(dir / "out", {.rate = 150'000, .fails_at = {20'000, 40'000}});
  p.options().guarantee = processing_guarantee::at_least_once;
  auto running = start(std::move(p), with_checkpoints(dir / "state", 20ms));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  std::set<std::uint64_t> numbers;
  for (const std::string& line : lines(dir / "out/counts.jsonl"))
    numbers.insert(from_json<numbered>(line).value().number);
  CHECK(numbers.size() == 60'000);
}

namespace {

/// A store whose writes fail as often as it is told.
class failing_store final : public checkpoint_store {
public:
  failing_store(std::shared_ptr<checkpoint_store> real, int failures)
      : real_(std::move(real)), left_(failures) {}
  result<std::uint64_t> write(const checkpoint& c) override {
    if (left_-- > 0) return error{errc::io_failed, "no space left"};
    return real_->write(c);
  }
  result<std::vector<stored_checkpoint>> list() override { return real_->list(); }
  result<checkpoint> read(const stored_checkpoint& which) override { return real_->read(which); }
  result<void> remove(const stored_checkpoint& which) override { return real_->remove(which); }

private:
  std::shared_ptr<checkpoint_store> real_;
  std::atomic<int> left_;
};

}  // namespace

TEST_CASE("checkpoints that can't be stored are counted, and the stream goes on") {
  const temporary_directory dir;
  runtime_options options = with_checkpoints(dir / "state", 10ms);
  options.checkpoints.store = std::make_shared<failing_store>(options.checkpoints.store, 3);
  const run_settings how{.rate = 150'000, .fails_at = {50'000}};
  auto running = start(counts(dir / "out", how), std::move(options));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.failed_checkpoints >= 3);  // one more if the failure met one being taken
  check_results(dir / "out", how.events);
}

TEST_CASE(
    "a run whose last checkpoint can't be stored fails, and commits nothing behind the one "
    "before") {
  const temporary_directory dir;
  runtime_options options = with_checkpoints(dir / "state", 1h);
  options.checkpoints.store = std::make_shared<failing_store>(options.checkpoints.store, 100);
  {
    auto running = start(counts(dir / "out", {}), std::move(options));
    const run_summary done = running.wait();
    REQUIRE(done.failure);
    CHECK(done.failure->message.find("no space left") != std::string::npos);
    CHECK(lines(dir / "out/counts.jsonl").empty());
  }
}

TEST_CASE("an event that makes its stage fail again and again is put aside as a dead letter") {
  const temporary_directory dir;
  pipeline p{"poisoned"};
  p.from(readings(20'000))
      .named("readings")
      .stage("fragile", {.on_error = directive::restart(2)})
      .map([](const reading& r) {
        if (r.number == 5'000) throw std::runtime_error("always");
        return r;
      })
      .to(to_file(dir / "out.jsonl"))
      .named("out");
  auto running = start(std::move(p), with_checkpoints(dir / "state", 5ms));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 2);
  CHECK(lines(dir / "out.jsonl").size() == 19'999);
  REQUIRE(running.dead_letters().size() == 1);
  CHECK(from_json<reading>(running.dead_letters().front().text).value().number == 5'000);
}

TEST_CASE("events that were pushed come again to a region that failed") {
  const temporary_directory dir;
  const push_source<reading> input{256};
  pipeline p{"pushed"};
  p.from(input)
      .named("pushed")
      .map(fails_once{{5'000, 25'000}})
      .on_error(directive::restart())
      .to(to_file(dir / "out.jsonl"))
      .named("out");
  auto running = start(std::move(p), with_checkpoints(dir / "state", 5ms));
  for (std::uint64_t i = 0; i < 40'000; ++i) REQUIRE(input.push(reading_of(i)));
  input.close();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 2);
  std::vector<std::string> wanted;
  for (std::uint64_t i = 0; i < 40'000; ++i) wanted.push_back(to_json(reading_of(i)));
  std::sort(wanted.begin(), wanted.end());
  CHECK(lines(dir / "out.jsonl") == wanted);
}

TEST_CASE("a program that goes on pushes behind what the run before it had read") {
  const temporary_directory dir;
  for (std::uint64_t run = 0; run < 2; ++run) {
    const push_source<reading> input;
    pipeline p{"pushed"};
    p.from(input)
        .named("pushed")
        .key_by(&reading::key)
        .process(counting{})
        .named("counting")
        .to(to_file(dir / "counts.jsonl"))
        .named("counts");
    for (std::uint64_t i = 0; i < 1'000; ++i) REQUIRE(input.push(reading_of(run * 1'000 + i)));
    auto running = start(std::move(p), with_checkpoints(dir / "state", 1h));
    running.stop();
    REQUIRE_FALSE(running.wait().failure);
  }
  const auto rows = lines(dir / "counts.jsonl");
  CHECK(rows.size() == 2'000);
  std::uint64_t most = 0;
  for (const std::string& row : rows) most = std::max(most, from_json<numbered>(row).value().count);
  CHECK(most == 100);
}

TEST_CASE("a run from a savepoint restarts from that, and not from what was newer before") {
  const temporary_directory dir;
  std::string place;
  {
    auto running =
        start(counts(dir / "out", {.rate = 100'000}), with_checkpoints(dir / "state", 10ms));
    while (running.summary().events_read < 5'000) (void)running.wait_for(1ms);
    running.savepoint();
    while (running.summary().savepoints == 0) (void)running.wait_for(1ms);
    place = dir / ("state/savepoint-" + std::to_string(*running.summary().last_savepoint));
    REQUIRE_FALSE(running.wait().failure);
  }
  for (const duration interval : {duration{1h}, duration{10ms}}) {
    runtime_options options = with_checkpoints(dir / "state", interval);
    options.checkpoints.from = read_checkpoint(place).value();
    auto running =
        start(counts(dir / "out", {.rate = 150'000, .fails_at = {50'000}}), std::move(options));
    const run_summary done = running.wait();
    REQUIRE_FALSE(done.failure);
    CHECK(done.restarts == 1);
    check_results(dir / "out", 60'000);
  }
}

TEST_CASE("a fresh run that fails before its first checkpoint does not take up an old savepoint") {
  const temporary_directory dir;
  {
    auto running =
        start(counts(dir / "out", {.rate = 100'000}), with_checkpoints(dir / "state", 1h));
    while (running.summary().events_read < 5'000) (void)running.wait_for(1ms);
    running.stop_with_savepoint();
    REQUIRE_FALSE(running.wait().failure);
  }
  runtime_options options = with_checkpoints(dir / "state", 1h);
  options.checkpoints.fresh = true;
  auto running = start(counts(dir / "out", {.fails_at = {50'000}}), std::move(options));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 1);
  CHECK_FALSE(done.restored_from);
  check_results(dir / "out", 60'000);
}

// SPDX-License-Identifier: BSD-3-Clause
#include "actors/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/test/simulator.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <vector>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct counted {
  std::uint64_t key = 0;
  std::uint64_t count = 0;

  friend auto operator<=>(const counted&, const counted&) = default;
};
BOOST_DESCRIBE_STRUCT(counted, (), (key, count))

struct counting {
  using output = counted;
  value_state<std::uint64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const reading& r, process_context<std::uint64_t, counted>& c) {
    seen.update([](std::uint64_t& n) { ++n; });
    c.emit({r.key, *seen.get()});
  }
};

/// What a database with a table of units makes of them. Fails now and then, before it has written
/// and after, as one does whose answer is lost.
class database {
public:
  explicit database(std::uint64_t seed, int failures) : random_(seed), failures_left_(failures) {}

  void apply(const std::string& unit, std::span<const counted> rows) {
    const std::lock_guard lock{mutex_};
    fail_at_times("away");
    if (!units_.insert(unit).second) {
      ++repeated_;
      return;
    }
    rows_.insert(rows_.end(), rows.begin(), rows.end());
    fail_at_times("answer lost");
  }
  [[nodiscard]] std::vector<counted> rows() const {
    const std::lock_guard lock{mutex_};
    std::vector<counted> sorted = rows_;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }
  void mend() {
    const std::lock_guard lock{mutex_};
    failures_left_ = 0;
  }
  [[nodiscard]] std::uint64_t repeated() const {
    const std::lock_guard lock{mutex_};
    return repeated_;
  }

private:
  void fail_at_times(const char* why) {
    if (failures_left_ == 0 || random_() % 4 != 0) return;
    --failures_left_;
    throw std::runtime_error(why);
  }

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  int failures_left_;
  std::uint64_t repeated_ = 0;
  std::set<std::string> units_;
  std::vector<counted> rows_;
};

sink_instance instance_of(std::string id, std::uint32_t number) {
  sink_instance at{.id = std::move(id), .instance = number};
  at.pipeline = "p";
  at.checkpoint_interval = 1s;
  return at;
}

pipeline counts_into(const std::shared_ptr<database>& to, std::uint64_t events, double rate = 0) {
  pipeline p{"counts", {.parallelism = 2}};
  p.from(generator{reading_of, {.events = events, .splits = 2, .rate = rate}})
      .named("readings")
      .key_by(&reading::key)
      .process(counting{})
      .named("counting")
      .to(write_ahead_sink{
          [to](const std::string& unit, std::span<const counted> rows) { to->apply(unit, rows); }})
      .named("database")
      .parallelism(2);
  return p;
}

std::vector<counted> counts_of(std::uint64_t events) {
  std::map<std::uint64_t, std::uint64_t> seen;
  std::vector<counted> wanted;
  for (std::uint64_t i = 0; i < events; ++i) {
    const std::uint64_t key = reading_of(i).key;
    wanted.push_back({key, ++seen[key]});
  }
  std::sort(wanted.begin(), wanted.end());
  return wanted;
}

runtime_options with_checkpoints(const std::string& directory) {
  runtime_options options{
      .restarts = {.restarts = 20, .within = 1min, .first_backoff = 1ms, .longest_backoff = 5ms}};
  options.checkpoints.store = directory_store::open(directory).value();
  options.checkpoints.timing.interval = 10ms;
  return options;
}

}  // namespace

TEST_CASE("a unit has a name of its own, and its rows as they were") {
  std::vector<std::pair<std::string, std::vector<int>>> seen;
  const write_ahead_sink sink{[&](const std::string& unit, std::span<const int> rows) {
    seen.emplace_back(unit, std::vector<int>{rows.begin(), rows.end()});
  }};
  const sink_instance at = instance_of("rows", 3);
  const auto to = sink.make_writer<int>(at);
  const std::vector<int> rows{1, 2, 3};
  const std::vector<timestamp> times(3);
  REQUIRE(to->write(std::span{rows}.first(2), std::span{times}.first(2)).events == 2);
  const bytes first = to->pre_commit(7).value();
  CHECK(to->pre_commit(8).value().empty());
  REQUIRE(to->write(std::span{rows}.last(1), std::span{times}.last(1)).events == 1);
  const bytes second = to->pre_commit(9).value();
  CHECK(seen.empty());
  const auto another = sink.make_writer<int>(instance_of("rows", 0));
  REQUIRE(another->commit(first));
  REQUIRE(to->commit(first));
  REQUIRE(to->commit(second));
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].first.starts_with("p/rows/3/7/"));
  CHECK(seen[0].second == std::vector<int>{1, 2});
  CHECK(seen[1] == seen[0]);
  CHECK(seen[2].first.starts_with("p/rows/3/9/"));
  CHECK(seen[2].second == std::vector<int>{3});
  const auto damaged = to->commit(std::span{first}.first(first.size() - 1));
  CHECK(damaged.error().code == errc::incompatible);
}

namespace {

struct payment {
  std::string card;
  std::int32_t cents = 0;

  friend bool operator==(const payment&, const payment&) = default;
};
BOOST_DESCRIBE_STRUCT(payment, (), (card, cents))

struct wider_payment {
  std::int64_t cents = 0;
  std::string card;
  std::string shop = "unknown";

  friend bool operator==(const wider_payment&, const wider_payment&) = default;
};
BOOST_DESCRIBE_STRUCT(wider_payment, (), (cents, card, shop))

struct other_payment {
  std::string card;
  std::string cents;
};
BOOST_DESCRIBE_STRUCT(other_payment, (), (card, cents))

/// Writes `rows` as one unit.
template <class T>
bytes unit_of(const std::vector<T>& rows) {
  const write_ahead_sink sink{[](const std::string&, std::span<const T>) {}};
  const auto to = sink.template make_writer<T>(instance_of("rows", 0));
  (void)to->write(rows, std::vector<timestamp>(rows.size()));
  return to->pre_commit(1).value();
}

template <class T>
result<void> commit_as(const bytes& unit, std::vector<T>& got) {
  const write_ahead_sink sink{
      [&](const std::string&, std::span<const T> rows) { got.assign(rows.begin(), rows.end()); }};
  return sink.template make_writer<T>(instance_of("rows", 0))->commit(unit);
}

}  // namespace

TEST_CASE("rows that wait are written by a program whose type has changed, or are refused") {
  const bytes unit = unit_of<payment>({{"4111", 250}, {"4222", -1}});
  std::vector<wider_payment> wider;
  REQUIRE(commit_as(unit, wider));
  CHECK(wider == std::vector<wider_payment>{{250, "4111", "unknown"}, {-1, "4222", "unknown"}});
  std::vector<payment> same;
  REQUIRE(commit_as(unit_of<payment>({{"4333", 7}}), same));
  CHECK(same == std::vector<payment>{{"4333", 7}});
  std::vector<other_payment> others;
  const auto refused = commit_as(unit, others);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::incompatible);
  CHECK(refused.error().message.find("cents") != std::string::npos);
  CHECK(others.empty());
}

TEST_CASE("rows wait for checkpoints, and not without end") {
  const auto nothing = [](const std::string&, std::span<const payment>) {};
  CHECK_THROWS_AS(write_ahead_sink{nothing}.make_writer<payment>({.id = "rows"}), exception);
  sink_instance replays{.id = "rows"};
  replays.start = sink_start::restored;
  CHECK_NOTHROW(write_ahead_sink{nothing}.make_writer<payment>(replays));
  const auto to =
      write_ahead_sink{nothing}.holding(20).make_writer<payment>(instance_of("rows", 0));
  const std::vector<payment> one{{"4111", 1}};
  CHECK(to->write(one, std::vector<timestamp>(1)).events == 1);
  CHECK_THROWS_AS(to->write(one, std::vector<timestamp>(1)), exception);
}

TEST_CASE("a database has each row once, whatever fails") {
  constexpr std::uint64_t events = 600;
  const std::vector<counted> wanted = counts_of(events);
  std::uint64_t repeated = 0;
  tallies seen;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    const auto to = std::make_shared<database>(seed, 2);
    simulation_options how{.seed = seed};
    how.checkpoint_every = 40;
    how.crash = 0.002;
    how.store_crash = how.commit_crash = how.restore_crash = 0.1;
    how.failed_store = 0.1;
    how.max_crashes = 5;
    how.max_restarts = 2;
    simulator sim{counts_into(to, events).build().value(), how};
    REQUIRE(sim.run() == simulator::outcome::finished);
    CHECK(to->rows() == wanted);
    repeated += to->repeated();
    seen += sim.seen();
  }
  CHECK(repeated >= 50);
  CHECK(seen[met::crash_before_commit] >= 50);
}

TEST_CASE("a database that is away for several attempts is waited for") {
  const temporary_directory dir;
  const auto to = std::make_shared<database>(1, 0);
  auto failures = std::make_shared<std::atomic<int>>(4);
  pipeline p{"counts", {.parallelism = 2}};
  p.from(generator{reading_of, {.events = 20'000, .splits = 2, .rate = 100'000}})
      .named("readings")
      .key_by(&reading::key)
      .process(counting{})
      .named("counting")
      .to(write_ahead_sink{[to, failures](const std::string& unit, std::span<const counted> rows) {
        if (failures->fetch_sub(1) > 0) throw std::runtime_error("away");
        to->apply(unit, rows);
      }})
      .named("database");
  auto running = start(std::move(p), with_checkpoints(dir / "state"));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 4);
  CHECK(to->rows() == counts_of(20'000));
}

TEST_CASE("a run whose first commit fails does not begin, and leaves it to the next one") {
  const temporary_directory dir;
  const auto to = std::make_shared<database>(1, 0);
  const auto is_away = std::make_shared<std::atomic<bool>>(true);
  const auto begin = [&] {
    pipeline p{"counts", {.parallelism = 2}};
    p.from(generator{reading_of, {.events = 20'000, .splits = 2, .rate = 200'000}})
        .named("readings")
        .key_by(&reading::key)
        .process(counting{})
        .named("counting")
        .to(write_ahead_sink{[to, is_away](const std::string& unit, std::span<const counted> rows) {
          if (*is_away) throw std::runtime_error("the database is away");
          to->apply(unit, rows);
        }})
        .named("database");
    runtime_options options = with_checkpoints(dir / "state");
    options.restarts.restarts = 0;
    return runtime::start(std::move(p), std::move(options));
  };
  {
    auto running = begin();
    REQUIRE(running);
    CHECK(running.value().wait().failure);
  }
  {
    const auto refused = begin();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("the database is away") != std::string::npos);
  }
  CHECK(to->rows().empty());
  *is_away = false;
  auto running = begin();
  REQUIRE(running);
  const run_summary done = running.value().wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restored_from);
  CHECK(to->rows() == counts_of(20'000));
}

TEST_CASE("a run that is aborted and taken up has written each row once") {
  const temporary_directory dir;
  const auto to = std::make_shared<database>(1, 6);
  {
    auto running = start(counts_into(to, 60'000, 100'000), with_checkpoints(dir / "state"));
    while (running.summary().checkpoints < 5 && !running.wait_for(1ms)) {
    }
    running.abort();
    CHECK(running.wait().failure->code == errc::aborted);
  }
  to->mend();  // a run whose first commit fails does not begin
  auto running = start(counts_into(to, 60'000), with_checkpoints(dir / "state"));
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restored_from);
  CHECK(to->rows() == counts_of(60'000));
}

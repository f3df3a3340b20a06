// SPDX-License-Identifier: BSD-3-Clause
// What checkpoints cost: throughput with one a second, how long results stop while a large state is
// saved, and how long a run that goes on from it takes to its first result.
#include "bench/harness.hpp"
#include "bench/random.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/runtime/push_source.hpp"
#include "weir/runtime/runtime.hpp"
#include "weir/stream.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <set>
#include <stdexcept>

namespace weir::bench {

namespace {

using clock_point = std::chrono::steady_clock::time_point;

/// With its key an entry of 32 bytes.
struct touch {
  std::uint64_t key = 0;
  std::uint64_t amount = 0;
  std::uint64_t touches = 1;

  friend touch operator+(const touch& a, const touch& b) {
    return {a.key, a.amount + b.amount, a.touches + b.touches};
  }
};
BOOST_DESCRIBE_STRUCT(touch, (), (key, amount, touches))

/// Notes when results come, and the longest time between two. Used by one sink instance.
struct arrivals {
  std::atomic<std::uint64_t> results{0};
  std::atomic<std::int64_t> longest_gap{0};  ///< Nanoseconds.
  clock_point first{};
  clock_point newest{};

  void note() {
    const auto now = std::chrono::steady_clock::now();
    if (results.fetch_add(1) == 0)
      first = now;
    else
      longest_gap = std::max<std::int64_t>(longest_gap, (now - newest).count());
    newest = now;
  }
};

/// Sums up amounts for each of `keys` keys, each touched once before any a second time; emits every
/// 64th sum, so that what lies between two results is a pause and no matter of throughput.
pipeline sums(std::uint64_t keys, std::uint64_t events, const std::shared_ptr<arrivals>& seen) {
  pipeline p{"checkpoint bench", {.parallelism = 2}};
  p.from(generator{[keys](std::uint64_t i) {
                     return touch{i < keys ? i : mix(i) % keys, i, 1};
                   },
                   {.events = events}})
      .named("touches")
      .key_by(&touch::key)
      .reduce(std::plus<touch>{})
      .named("sums")
      .filter([](const touch& t) { return t.amount % 64 == 0; })
      .to(callback_sink{[seen](const touch&) { seen->note(); }})
      .named("results");
  return p;
}

using place = state_options::place;

/// With enough memory for what the bench keeps, in RocksDB too.
runtime_options options_for(const std::string& directory, duration interval, place where) {
  runtime_options o;
  o.log = [](const std::string&) {};
  o.state.keep_in = where;
  o.state.memory = std::size_t{1} << 30;
  if (directory.empty()) return o;
  o.checkpoints.store = directory_store::open(directory).value();
  o.checkpoints.timing.interval = interval;
  return o;
}

/// What else a machine does only adds.
double least(const std::vector<double>& seconds) {
  return *std::min_element(seconds.begin(), seconds.end());
}

std::string case_of(const char* name, place where) {
  return where == place::memory ? name : std::string{name} + "_rocksdb";
}

double seconds_to_run(std::uint64_t keys, std::uint64_t events, const std::string& directory,
                      duration interval, place where, run_summary& done) {
  return seconds_of([&] {
    auto running = runtime::start(sums(keys, events, std::make_shared<arrivals>()),
                                  options_for(directory, interval, where));
    done = running.value().wait();
    if (done.failure) throw std::runtime_error(done.failure->message);
  });
}

/// From the start of a run that goes on from what is in the directory to its first result.
double seconds_to_first_result(std::uint64_t keys, const std::string& directory, place where) {
  const auto seen = std::make_shared<arrivals>();
  const auto began = std::chrono::steady_clock::now();
  auto started = runtime::start(sums(keys, ~std::uint64_t{0}, seen),
                                options_for(directory, std::chrono::hours{1}, where));
  runtime& running = started.value();
  while (seen->results == 0)
    if (running.wait_for(std::chrono::milliseconds{1}))
      throw std::runtime_error("the run ended without a result");
  const double seconds = std::chrono::duration<double>(seen->first - began).count();
  running.abort();
  (void)running.wait();
  return seconds;
}

void throughput(std::vector<measurement>& out, place where) {
  constexpr std::uint64_t keys = 1'000'000;
  constexpr std::uint64_t events = 120'000'000;  // so that the last one, at the end, counts little
  std::vector<double> with;
  std::vector<double> without;
  run_summary done;
  for (int round = 0; round < 5; ++round) {
    const test::temporary_directory dir;
    without.push_back(seconds_to_run(keys, events, "", {}, where, done));
    with.push_back(seconds_to_run(keys, events, dir.path(), std::chrono::seconds{1}, where, done));
  }
  const double size =
      done.last_checkpoint ? static_cast<double>(done.last_checkpoint->size) / 1e6 : 0;
  out.push_back(rate("checkpoints", case_of("throughput", where), static_cast<double>(events),
                     least(with), least(without),
                     "a running sum of 1 million keys, a checkpoint each second ÷ without, the "
                     "fastest of 5 turns each; " +
                         std::to_string(done.checkpoints) + " of " + std::to_string(size) +
                         " MB in the last run"));
}

/// How long a run takes to its first result that goes on from a checkpoint behind ten others, in
/// each of which all keys had changed.
void restore_after_ten(std::vector<measurement>& out, place where) {
  constexpr std::uint64_t keys = 1'000'000;
  const test::temporary_directory dir;
  {
    auto started = runtime::start(sums(keys, ~std::uint64_t{0}, std::make_shared<arrivals>()),
                                  options_for(dir.path(), std::chrono::seconds{1}, where));
    runtime& running = started.value();
    while (running.summary().checkpoints < 11)
      if (running.wait_for(std::chrono::milliseconds{10}))
        throw std::runtime_error("the run ended too early");
    running.abort();
    (void)running.wait();
  }
  out.push_back({"checkpoints",
                 case_of("restore_after_ten", where),
                 seconds_to_first_result(keys, dir.path(), where),
                 "s",
                 {},
                 {},
                 "from the start to the first result of a run that goes on from the eleventh "
                 "checkpoint of 1 million keys that all change"});
}

void wait_for_events(runtime& running, std::uint64_t events) {
  while (running.summary().events_read < events)
    if (running.wait_for(std::chrono::milliseconds{10}))
      throw std::runtime_error("the run ended too early");
}
/// Waits for one more savepoint, and answers its size in MB.
double take_savepoint(runtime& running) {
  const std::uint64_t before = running.summary().savepoints;
  running.savepoint();
  while (running.summary().savepoints == before)
    if (running.wait_for(std::chrono::milliseconds{10}))
      throw std::runtime_error("the run ended too early");
  return static_cast<double>(running.summary().last_checkpoint->size) / 1e6;
}

/// Fills a state, has one savepoint taken under load, and goes on from it.
void pause_and_restore(std::vector<measurement>& out, place where) {
  constexpr std::uint64_t keys = (std::uint64_t{1} << 30) / 32;
  const test::temporary_directory dir;
  const auto seen = std::make_shared<arrivals>();
  double size = 0;
  {
    auto started = runtime::start(sums(keys, ~std::uint64_t{0}, seen),
                                  options_for(dir.path(), std::chrono::hours{1}, where));
    runtime& running = started.value();
    wait_for_events(running, keys + keys / 8);
    seen->longest_gap = 0;
    size = take_savepoint(running);
    running.abort();
    (void)running.wait();
  }
  const std::string note = std::to_string(keys) + " keys, " + std::to_string(size) + " MB";
  out.push_back({"checkpoints",
                 case_of("longest_gap", where),
                 static_cast<double>(seen->longest_gap) / 1e6,
                 "ms",
                 {},
                 {},
                 "between two results while a savepoint is taken; " + note});
  out.push_back({"checkpoints",
                 case_of("restore", where),
                 seconds_to_first_result(keys, dir.path(), where),
                 "s",
                 {},
                 {},
                 "from the start to the first result of a run that goes on; " + note});
}

/// Bytes of the files of a checkpoint that are not in the one before: tables and logs have a name
/// once.
std::uint64_t bytes_written(const std::string& newer, const std::string& before) {
  std::set<std::string> there;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{before})
    if (entry.path().extension() == ".sst" || entry.path().extension() == ".changes")
      there.insert(entry.path().filename().string());
  std::uint64_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{newer})
    if (entry.is_regular_file() && !there.contains(entry.path().filename().string()))
      sum += entry.file_size();
  return sum;
}

/// What a checkpoint writes when one key of a hundred has changed since the one before.
void changed_keys(std::vector<measurement>& out) {
  constexpr std::uint64_t keys = 2'000'000;
  const test::temporary_directory dir;
  push_source<touch> touches{3 * keys};
  std::atomic<std::uint64_t> results{0};
  pipeline p{"changes"};
  p.from(touches)
      .named("touches")
      .key_by(&touch::key)
      .reduce(std::plus<touch>{})
      .named("sums")
      .to(callback_sink{[&results](const touch&) { ++results; }})
      .named("results");
  auto started =
      runtime::start(std::move(p), options_for(dir.path(), std::chrono::hours{1}, place::rocksdb));
  runtime& running = started.value();
  const auto touch_each = [&](std::uint64_t step) {
    const std::uint64_t wanted = results + keys / step;
    for (std::uint64_t k = 0; k < keys; k += step) (void)touches.push({mix(k), 1, 1});
    while (results < wanted && !running.wait_for(std::chrono::milliseconds{10})) {
    }
    return take_savepoint(running);
  };
  touch_each(1);
  const double size = touch_each(100);
  const auto all = list_checkpoints(dir.path()).value();
  const double written = static_cast<double>(bytes_written(all[0].place, all[1].place)) / 1e6;
  running.abort();
  (void)running.wait();
  out.push_back({"checkpoints", "bytes_of_one_percent_rocksdb", written, "MB", size, written / size,
                 "written by a checkpoint when 1 % of 2 million keys have changed since the one "
                 "before ÷ all that is in it"});
}

}  // namespace

void checkpoints_bench(std::vector<measurement>& out) {
  throughput(out, place::memory);
  pause_and_restore(out, place::memory);
}

void rocksdb_checkpoints_bench(std::vector<measurement>& out) {
  throughput(out, place::rocksdb);
  restore_after_ten(out, place::rocksdb);
  pause_and_restore(out, place::rocksdb);
  changed_keys(out);
}

}  // namespace weir::bench

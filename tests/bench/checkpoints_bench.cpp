// SPDX-License-Identifier: BSD-3-Clause
// What checkpoints cost: throughput with one a second, how long results stop while a large state is
// saved, and how long a run that goes on from it takes to its first result.
#include "bench/harness.hpp"
#include "bench/random.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/runtime/runtime.hpp"
#include "weir/stream.hpp"

#include <boost/describe/class.hpp>

#include <atomic>
#include <stdexcept>

namespace weir::bench {

namespace {

using clock_point = std::chrono::steady_clock::time_point;

struct touch {
  std::uint64_t key = 0;
  std::uint64_t amount = 0;
};
BOOST_DESCRIBE_STRUCT(touch, (), (key, amount))

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
/// 4,096th sum.
pipeline sums(std::uint64_t keys, std::uint64_t events, const std::shared_ptr<arrivals>& seen) {
  pipeline p{"checkpoint bench", {.parallelism = 2}};
  p.from(generator{[keys](std::uint64_t i) {
                     return touch{i < keys ? i : mix(i) % keys, i};
                   },
                   {.events = events}})
      .named("touches")
      .key_by(&touch::key)
      .reduce([](const touch& a, const touch& b) {
        return touch{a.key, a.amount + b.amount};
      })
      .named("sums")
      .filter([](const touch& t) { return t.amount % 4096 == 0; })
      .to(callback_sink{[seen](const touch&) { seen->note(); }})
      .named("results");
  return p;
}

runtime_options options_for(const std::string& directory, duration interval) {
  runtime_options o;
  o.log = [](const std::string&) {};
  if (directory.empty()) return o;
  o.checkpoints.store = directory_store::open(directory).value();
  o.checkpoints.timing.interval = interval;
  return o;
}

double seconds_to_run(std::uint64_t keys, std::uint64_t events, const std::string& directory,
                      duration interval, run_summary& done) {
  return seconds_of([&] {
    auto running = runtime::start(sums(keys, events, std::make_shared<arrivals>()),
                                  options_for(directory, interval));
    done = running.value().wait();
    if (done.failure) throw std::runtime_error(done.failure->message);
  });
}

void throughput(std::vector<measurement>& out) {
  constexpr std::uint64_t keys = 1'000'000;
  constexpr std::uint64_t events = 60'000'000;
  std::vector<double> with;
  std::vector<double> without;
  run_summary done;
  for (int round = 0; round < 3; ++round) {
    const test::temporary_directory dir;
    without.push_back(seconds_to_run(keys, events, "", {}, done));
    with.push_back(seconds_to_run(keys, events, dir.path(), std::chrono::seconds{1}, done));
  }
  const double size =
      done.last_checkpoint ? static_cast<double>(done.last_checkpoint->size) / 1e6 : 0;
  out.push_back(rate("checkpoints", "throughput", static_cast<double>(events), median(with),
                     median(without),
                     "a running sum of 1 million keys, a checkpoint each second ÷ without; " +
                         std::to_string(done.checkpoints) + " of " + std::to_string(size) +
                         " MB in the last run"));
}

/// Fills a state, has one savepoint taken under load, and goes on from it.
void pause_and_restore(std::vector<measurement>& out) {
  constexpr std::uint64_t keys = 16'000'000;
  const test::temporary_directory dir;
  const auto seen = std::make_shared<arrivals>();
  double size = 0;
  {
    auto started = runtime::start(sums(keys, ~std::uint64_t{0}, seen),
                                  options_for(dir.path(), std::chrono::hours{1}));
    runtime& running = started.value();
    while (running.summary().events_read < 2 * keys)
      (void)running.wait_for(std::chrono::milliseconds{10});
    seen->longest_gap = 0;
    running.savepoint();
    while (running.summary().savepoints == 0) (void)running.wait_for(std::chrono::milliseconds{10});
    size = static_cast<double>(running.summary().last_checkpoint->size) / 1e6;
    running.abort();
    (void)running.wait();
  }
  const std::string note = std::to_string(keys) + " keys, " + std::to_string(size) + " MB";
  out.push_back({"checkpoints",
                 "longest_gap",
                 static_cast<double>(seen->longest_gap) / 1e6,
                 "ms",
                 {},
                 {},
                 "between two results while a savepoint is taken; " + note});
  const auto again = std::make_shared<arrivals>();
  const auto began = std::chrono::steady_clock::now();
  auto started = runtime::start(sums(keys, ~std::uint64_t{0}, again),
                                options_for(dir.path(), std::chrono::hours{1}));
  runtime& running = started.value();
  while (again->results == 0) (void)running.wait_for(std::chrono::milliseconds{1});
  const double to_first = std::chrono::duration<double>(again->first - began).count();
  running.abort();
  (void)running.wait();
  out.push_back({"checkpoints",
                 "restore",
                 to_first,
                 "s",
                 {},
                 {},
                 "from the start to the first result of a run that goes on; " + note});
}

}  // namespace

void checkpoints_bench(std::vector<measurement>& out) {
  throughput(out);
  pause_and_restore(out);
}

}  // namespace weir::bench

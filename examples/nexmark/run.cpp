// SPDX-License-Identifier: BSD-3-Clause
#include "run.hpp"

#include "weir/checkpoints/directory_store.hpp"
#include "weir/codec/json.hpp"
#include "weir/core/error.hpp"
#include "weir/runtime/runtime.hpp"

#include <sys/resource.h>

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>

namespace nexmark {

namespace {

namespace fs = std::filesystem;

double cpu_seconds(clockid_t of) {
  timespec t{};
  clock_gettime(of, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::uint64_t peak_rss() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

/// What the input costs by itself, for each event.
struct input_cost {
  std::uint64_t events = 0;
  double seconds_each = 0;
};
input_cost measure_input(const input& from) {
  constexpr std::uint64_t enough = 4'000'000;
  input some = from;
  some.events = std::min(from.events, enough);
  input_cost cost;
  for (int round = 0; round < 2; ++round) {  // the first one warms up
    event_feed feed{some};
    const double began = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    cost.events = 0;
    for (auto part = feed.next(); !part.empty(); part = feed.next()) cost.events += part.size();
    const double took = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - began;
    cost.seconds_each = took / static_cast<double>(std::max<std::uint64_t>(cost.events, 1));
  }
  return cost;
}

/// A directory that is gone when the run is over.
class scratch {
public:
  scratch() : path_(fs::temp_directory_path() / ("nexmark-" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const char* name) const { return (path_ / name).string(); }

private:
  fs::path path_;
};

/// A report's times, from clocks that run from its making to `stop`.
class stopwatch {
public:
  void stop(run_report& r) const {
    r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    r.cpu_seconds = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_began_;
  }

private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  double cpu_began_ = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
};

void take(const tally& total, run_report& r) {
  r.output_rows = total.rows();
  r.rows_written = total.written();
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(total.hash()));
  r.output_hash = hash;
}

void run_by_hand(const query& q, const run_options& options, row_file* rows, run_report& r) {
  tally total{rows};
  const stopwatch watch;
  q.by_hand(event_feed{options.what.from}, options.what, total);
  watch.stop(r);
  take(total, r);
}

double in_ms(std::chrono::nanoseconds d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

weir::runtime_options runtime_options_of(const run_options& options, const scratch& directory) {
  weir::runtime_options made;
  made.state = options.state;
  made.memory = options.memory;
  if (!options.checkpoints) {
    // What is said at the start of a run without checkpoints is known here.
    made.log = [](const std::string&) {};
    return made;
  }
  auto store = weir::directory_store::open(directory / "checkpoints");
  if (!store) throw weir::exception(store.error());
  made.checkpoints.store = std::move(store).value();
  made.checkpoints.timing.interval = *options.checkpoints;
  return made;
}

void run_pipeline(const query& q, run_options options, row_file* rows, run_report& r) {
  const scratch directory;
  if (options.what.directory.empty()) options.what.directory = directory / "out";
  options.what.from.splits = options.what.parallelism;
  const tally_sink to{rows};
  weir::pipeline p{"nexmark-" + std::string{q.name}};
  p.options().parallelism = options.what.parallelism;
  q.build(p, options.what, to);

  const stopwatch watch;
  auto running = weir::runtime::start(std::move(p), runtime_options_of(options, directory));
  if (!running) throw weir::exception(running.error());
  const weir::run_summary done = running->wait();
  watch.stop(r);
  if (done.failure) throw weir::exception(*done.failure);
  take(to.total(), r);
  r.late_events = done.late_events;
  r.dead_letters = done.dead_letters;
  r.checkpoints = done.checkpoints;
  const auto& l = done.latency;
  r.latency = latency_ms{in_ms(l.p50), in_ms(l.p99), in_ms(l.p999), in_ms(l.max)};
}

}  // namespace

run_report run(const query& q, const run_options& options) {
  std::optional<row_file> rows;
  if (!options.output.empty()) rows.emplace(options.output);
  run_report r;
  r.query = q.name;
  r.baseline = options.by_hand;
  r.parallelism = options.by_hand ? 1 : options.what.parallelism;
  const input_cost cost = measure_input(options.what.from);
  r.events = options.what.from.file.empty() ? options.what.from.events : cost.events;
  if (options.by_hand)
    run_by_hand(q, options, rows ? &*rows : nullptr, r);
  else
    run_pipeline(q, options, rows ? &*rows : nullptr, r);
  const auto events = static_cast<double>(r.events);
  r.generator_cpu_seconds = cost.seconds_each * events;
  r.events_per_second = events / r.seconds;
  r.events_per_core_second = events / r.cpu_seconds;
  r.generator_events_per_core_second = 1 / cost.seconds_each;
  r.query_events_per_core_second = events / std::max(r.cpu_seconds - r.generator_cpu_seconds, 1e-9);
  r.peak_rss_bytes = peak_rss();
  return r;
}

std::string json_line(const run_report& r) {
  std::string line = weir::to_json(r);
  const std::string name = "\"latency\":";
  line.replace(line.find(name), name.size(), "\"latency_ms\":");
  return line;
}

std::string table_head() {
  char line[256];
  std::snprintf(line, sizeof line, "%-7s %12s %9s %9s %12s %12s %10s %12s  %s", "query", "events",
                "seconds", "cpu s", "events/core s", "without gen.", "peak MiB", "rows", "hash");
  return line;
}

std::string table_line(const run_report& r) {
  char line[256];
  std::snprintf(line, sizeof line, "%-7s %12llu %9.3f %9.3f %12.0f %12.0f %10.0f %12lld  %s",
                r.query.c_str(), static_cast<unsigned long long>(r.events), r.seconds,
                r.cpu_seconds, r.events_per_core_second, r.query_events_per_core_second,
                static_cast<double>(r.peak_rss_bytes) / (1024.0 * 1024.0),
                static_cast<long long>(r.output_rows), r.output_hash.c_str());
  return line;
}

}  // namespace nexmark

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/describe/class.hpp>

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::bench {

/// One measured case. `ratio` is value ÷ baseline, both measured in the same run.
struct measurement {
  std::string bench;
  std::string case_name;
  double value = 0;
  std::string unit;
  std::optional<double> baseline;
  std::optional<double> ratio;
  std::string note;
};

/// A bench, or a part of one, adds its measurements to a list.
struct entry {
  std::string_view name;  ///< `bench` or `bench/part`.
  std::function<void(std::vector<measurement>&)> run;
};

inline double seconds_of(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// Seconds that this thread has had a core.
inline double core_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// Seconds of one core that `work` takes; the machine may do other things meanwhile.
inline double core_seconds_of(const std::function<void()>& work) {
  const double began = core_seconds();
  work();
  return core_seconds() - began;
}

/// Bytes of the heap that are in use.
inline std::size_t bytes_in_use() {
  const struct mallinfo2 m = mallinfo2();
  return m.uordblks + m.hblkhd;
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

/// Runs the candidates in turn, `rounds` times, and returns the median time of each: machines
/// drift, turns share the drift.
inline std::vector<double> in_turn(const std::vector<std::function<void()>>& candidates,
                                   int rounds = 5) {
  std::vector<std::vector<double>> times(candidates.size());
  for (int round = 0; round <= rounds; ++round)
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const double t = seconds_of(candidates[i]);
      if (round != 0) times[i].push_back(t);  // the first round warms up
    }
  std::vector<double> medians;
  for (auto& t : times) medians.push_back(median(std::move(t)));
  return medians;
}

/// Million events a second against a baseline's.
inline measurement rate(std::string bench, std::string name, double events, double seconds,
                        double baseline_seconds, std::string note) {
  const double value = events / seconds / 1e6;
  const double baseline = events / baseline_seconds / 1e6;
  return {std::move(bench), std::move(name),  value,          "million events/s",
          baseline,         value / baseline, std::move(note)};
}

void checkpoints_bench(std::vector<measurement>& out);
void rocksdb_checkpoints_bench(std::vector<measurement>& out);
void joins_bench(std::vector<measurement>& out);
void enrich_bench(std::vector<measurement>& out);
void patterns_bench(std::vector<measurement>& out);
void pipeline_bench(std::vector<measurement>& out);
void tumbling_by_hand_bench(std::vector<measurement>& out);
void window_engines_bench(std::vector<measurement>& out);
void tumbling_bytes_bench(std::vector<measurement>& out);
void day_against_minute_bench(std::vector<measurement>& out);

}  // namespace weir::bench

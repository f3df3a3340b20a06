// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

#include "weir/runtime/memory_watch.hpp"
#include "weir/runtime/state_options.hpp"

#include <optional>
#include <string>

namespace nexmark {

struct run_options {
  setting what;
  std::string output;                         ///< A file for the rows, if it has a name.
  std::optional<weir::duration> checkpoints;  ///< How often to take one, if at all.
  weir::state_options state;
  weir::memory_options memory;
  bool by_hand = false;
};

struct latency_ms {
  double p50 = 0, p99 = 0, p999 = 0, max = 0;
};
BOOST_DESCRIBE_STRUCT(latency_ms, (), (p50, p99, p999, max))

/// What a run came to; the `--json` line.
struct run_report {
  std::string query;
  bool baseline = false;
  std::uint32_t parallelism = 1;
  std::uint64_t events = 0;
  double seconds = 0;
  double cpu_seconds = 0;            ///< Of all threads, the generator's work included.
  double generator_cpu_seconds = 0;  ///< What making so many events costs, measured alone.
  double events_per_second = 0;
  double events_per_core_second = 0;
  double generator_events_per_core_second = 0;
  double query_events_per_core_second = 0;  ///< With the generator's work taken off.
  std::optional<latency_ms> latency;        ///< From when an event was due to its row's writing.
  std::uint64_t peak_rss_bytes = 0;
  std::int64_t output_rows = 0;
  std::uint64_t rows_written = 0;  ///< Those that were replaced later, too.
  std::string output_hash;
  std::uint64_t late_events = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t checkpoints = 0;

  BOOST_DESCRIBE_CLASS(run_report, (),
                       (query, baseline, parallelism, events, seconds, cpu_seconds,
                        generator_cpu_seconds, events_per_second, events_per_core_second,
                        generator_events_per_core_second, query_events_per_core_second, latency,
                        peak_rss_bytes, output_rows, rows_written, output_hash, late_events,
                        dead_letters, checkpoints),
                       (), ())
};

/// Runs a query. Throws `weir::exception` if that fails.
[[nodiscard]] run_report run(const query& q, const run_options& options);

/// The report for people: a headline, and a line a run.
[[nodiscard]] std::string table_head();
[[nodiscard]] std::string table_line(const run_report& r);
/// The report as a line of JSON, with the latency's name as `latency_ms`.
[[nodiscard]] std::string json_line(const run_report& r);

}  // namespace nexmark

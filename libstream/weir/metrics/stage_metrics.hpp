// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/metrics/histogram.hpp"
#include "weir/metrics/hot_keys.hpp"
#include "weir/metrics/input_names.hpp"
#include "weir/metrics/late_sample.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace weir {

/// A number that one thread changes and any thread reads; a plain load and store, no locked
/// instruction.
template <class Number>
class single_writer {
public:
  void add(Number n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(Number n) noexcept { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] Number get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<Number> value_{};
};

using counter = single_writer<std::uint64_t>;
using gauge = single_writer<std::int64_t>;

/// What one stage instance counts. The instance writes; any thread reads.
class stage_metrics {
public:
  counter events_in;
  counter events_out;
  counter frames_in;
  counter frames_out;
  counter late_events;
  counter late_unclaimed;  ///< Those of them that no side output takes.
  counter dead_letters;
  counter passed_over;     ///< Before the time that the run begins with.
  counter replayed;        ///< Events of dead letters that were brought back.
  counter skipped_events;  ///< Failed under the directive `skip`.
  counter retries;
  counter refused_frames;  ///< Of an earlier attempt.
  counter refused_grants;
  counter unclaimed_outputs;  ///< Sent to a side output that nobody consumes.
  counter results;            ///< Window results emitted.
  hot_key_list hot_keys;      ///< Of a keyed stage, if it looks for them.
  late_sample late;           ///< Of late events that no side output takes.
  gauge watermark{};          ///< Microseconds since 1970; merged over the inputs.
  gauge watermark_since;      ///< Wall-clock microseconds since 1970: when it came to this.
  gauge watermark_holder;     ///< The input it waits for, a number in `inputs`; -1 for none.
  input_names inputs;         ///< Splits of a source, or channels.
  gauge credits;              ///< Frames the outputs may still send, summed.
  gauge frames_queued;
  counter busy_nanos;
  counter blocked_nanos;  ///< Had input but an output was full.
  histogram latency;      ///< Nanoseconds from a source's read to here; recorded by sinks.

  /// Registers an operator's own metric under a name; the reference stays valid. Call while the
  /// instance is made, before anything reads.
  counter& add_counter(std::string name) { return counters_.emplace_back(std::move(name)).second; }
  gauge& add_gauge(std::string name) { return gauges_.emplace_back(std::move(name)).second; }
  histogram& add_histogram(std::string name) {
    return histograms_.emplace_back(std::move(name)).second;
  }

  template <class F>
  void each_counter(F f) const {
    for (const auto& [name, c] : counters_) f(name, c.get());
  }
  template <class F>
  void each_gauge(F f) const {
    for (const auto& [name, g] : gauges_) f(name, g.get());
  }
  template <class F>
  void each_histogram(F f) const {
    for (const auto& [name, h] : histograms_) f(name, h);
  }

private:
  template <class Metric>
  struct named {
    explicit named(std::string n) : first(std::move(n)) {}
    std::string first;
    Metric second;
  };

  std::deque<named<counter>> counters_;
  std::deque<named<gauge>> gauges_;
  std::deque<named<histogram>> histograms_;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/core/time.hpp"
#include "weir/metrics/stage_metrics.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// Quantiles of a time that was measured for many events.
struct latency_summary {
  std::uint64_t events = 0;
  std::chrono::nanoseconds p50{}, p99{}, p999{}, max{};
};
latency_summary summarize(const histogram& h);

/// One stage instance as it stands.
struct instance_status {
  std::string stage;
  std::string kind;  ///< "source", "operators", "sink" or "dead letters".
  std::uint32_t instance = 0;
  std::uint32_t attempt = 0;
  std::shared_ptr<const stage_metrics>
      metrics;  ///< Of this attempt; goes on counting while it is looked at.
};

/// A key that has at least a fifth of its stage instance's events, recently.
struct hot_key_summary {
  std::string stage;
  std::uint32_t instance = 0;
  std::string key;      ///< As JSON.
  double at_least = 0;  ///< Bounds on its share.
  double at_most = 0;
};
BOOST_DESCRIBE_STRUCT(hot_key_summary, (), (stage, instance, key, at_least, at_most))

/// A checkpoint that was taken.
struct checkpoint_note {
  std::uint64_t id = 0;
  std::uint64_t size = 0;           ///< Bytes in its store.
  std::chrono::nanoseconds took{};  ///< From its beginning until it was durable.
  /// Of that, how long a stage's inputs waited for each other: the longest of all instances.
  std::chrono::nanoseconds alignment{};
};

/// What a run came to.
struct run_summary {
  std::optional<error>
      failure;  ///< Why it ended, if not because its work was done or a stop was asked for.
  bool stopped = false;              ///< On request, before the sources had ended.
  std::uint64_t events_read = 0;     ///< By sources.
  std::uint64_t events_written = 0;  ///< By sinks, dead letters left out.
  std::uint64_t late_events = 0;
  std::vector<late_note> late_sample;  ///< A few of those that no side output took.
  std::uint64_t dead_letters = 0;
  /// Those of them that their sink refused, or that newer ones took the place of.
  std::uint64_t dead_letters_not_kept = 0;
  std::uint64_t replayed = 0;  ///< Dead letters that were brought back.
  std::uint64_t skipped_events = 0;
  std::uint64_t passed_over = 0;  ///< Before the time that the run begins with.
  std::uint64_t window_results = 0;
  std::uint64_t unclaimed_outputs = 0;
  std::uint32_t restarts = 0;
  std::uint64_t events_lost = 0;  ///< In flight when a region failed without a checkpoint.
  std::uint64_t checkpoints = 0;  ///< That were completed, savepoints included.
  std::uint64_t failed_checkpoints = 0;
  std::uint64_t memory = 0;       ///< Resident bytes of the process, a moment ago.
  std::uint64_t peak_memory = 0;  ///< The most that was seen of them.
  std::uint64_t memory_limit = 0;
  std::uint32_t memory_holds = 0;  ///< How often sources had to wait for memory.
  bool store_hangs = false;        ///< It ended because its checkpoint store did not answer.
  std::optional<checkpoint_note> last_checkpoint;
  std::uint64_t savepoints = 0;
  std::optional<std::uint64_t> last_savepoint;  ///< Its id.
  std::optional<std::uint64_t> restored_from;   ///< The checkpoint that the run went on from.
  std::chrono::nanoseconds elapsed{};
  latency_summary latency;                ///< From a source's read to a sink's write.
  std::vector<hot_key_summary> hot_keys;  ///< If `pipeline_options::hot_keys` asks for them.
};

}  // namespace weir

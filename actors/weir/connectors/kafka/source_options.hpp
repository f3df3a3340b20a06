// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace weir::kafka {

/// Where the reading of a partition begins if no checkpoint says so. Partitions that appear while
/// the source is read, or between two runs, begin with their first record.
class start_at {
public:
  enum class kind : std::uint8_t { earliest, latest, time, offsets, group };

  static start_at earliest() { return start_at{kind::earliest}; }
  static start_at latest() { return start_at{kind::latest}; }
  /// The first record that is not older, by the record's own time.
  static start_at time(timestamp t) {
    start_at s{kind::time};
    s.time_ = t;
    return s;
  }
  /// By split, `topic/partition`; partitions that are not named begin with their first record.
  static start_at offsets(std::map<std::string, std::int64_t> by_split) {
    start_at s{kind::offsets};
    s.offsets_ = std::move(by_split);
    return s;
  }
  /// What was committed to the option `group`; without that, the first record.
  static start_at group() { return start_at{kind::group}; }

  [[nodiscard]] kind what() const noexcept { return kind_; }
  [[nodiscard]] timestamp when() const noexcept { return time_; }
  [[nodiscard]] const std::map<std::string, std::int64_t>& by_split() const noexcept {
    return offsets_;
  }

private:
  explicit start_at(kind k) : kind_(k) {}

  kind kind_;
  timestamp time_{};
  std::map<std::string, std::int64_t> offsets_;
};

/// What is done if the records that come next are not there any more.
enum class when_gone : std::uint8_t {
  fail,      ///< The stage fails.
  earliest,  ///< Goes on with the first record that is there; what was lost is told.
  latest,    ///< Goes on with what comes next.
};

/// Who deals the partitions of a topic to those who read it.
enum class assignment : std::uint8_t {
  /// Weir, to the instances of this pipeline in turn: all of them are read by it.
  by_number,
  /// The brokers, to the processes of the consumer group `group`, one member each, and anew when
  /// one comes or goes. For pipelines without state.
  by_group,
};

/// How topics are read; see `topic`.
struct source_options {
  start_at start = start_at::earliest();
  /// Ends with the records that are there when it starts: for working a topic off as a batch.
  bool bounded = false;
  /// A consumer group to which offsets are committed, for tools that watch it. Nothing
  /// is read from it but by `start_at::group`.
  std::string group{};
  kafka::assignment assignment = kafka::assignment::by_number;
  when_gone gone = when_gone::fail;
  /// Records of transactions are read when these have been committed; else at once.
  bool read_committed = true;
  /// What one instance fetches ahead, in bytes; a share for each partition, of 256 KiB at least.
  std::size_t queue_bytes = 64 << 20;
  /// How often to look for further partitions and, with a pattern, topics; zero for never.
  duration find_interval = std::chrono::seconds{10};
  /// A line is logged when what is left to read has grown for so long; zero for never.
  duration warn_when_lag_grows = std::chrono::minutes{5};
};

}  // namespace weir::kafka

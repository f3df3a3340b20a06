// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/core/time.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir::kafka {

/// How far the reading of a partition is behind.
struct partition_lag {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t position = 0;   ///< The offset that is read next.
  std::int64_t end = 0;        ///< Behind the last record, as of the last fetch.
  std::uint64_t messages = 0;  ///< What is left, in offsets.
  double seconds = 0;          ///< The age of the record that was read last; 0 if nothing is left.
};
BOOST_DESCRIBE_STRUCT(partition_lag, (), (topic, partition, position, end, messages, seconds))

/// How far a source is behind, over all of its instances.
struct lag_report {
  std::vector<partition_lag> partitions;  ///< By topic and number.
  std::uint64_t messages = 0;
  double seconds = 0;  ///< Of the partition that is furthest behind.
  double rate = 0;     ///< Records read a second, over the last ten seconds or so.
  std::optional<double> catch_up_seconds;  ///< At the present pace; none if the lag does not fall.
};
BOOST_DESCRIBE_STRUCT(lag_report, (), (partitions, messages, seconds, rate, catch_up_seconds))

/// Where a source's instances say how far they are, and others look. Safe to use from any thread; a
/// mutex, taken by an instance about once a second.
class lag_board {
public:
  /// Notes where one partition stands.
  void note(const partition_lag& at);
  /// A partition is read elsewhere now.
  void forget(const std::string& topic, std::int32_t partition);
  /// Notes how many records an instance has read since it did so last, and what time it is.
  void note_read(std::uint64_t records, steady_time now);

  [[nodiscard]] lag_report report() const;
  /// For how long what is left has been more than ten seconds before, whatever it did in between.
  [[nodiscard]] duration growing_for(steady_time now) const;

private:
  struct sample {
    steady_time at;
    std::uint64_t read = 0;  ///< Records since the beginning.
    std::uint64_t left = 0;
  };
  [[nodiscard]] std::uint64_t left() const;

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::int32_t>, partition_lag> partitions_;
  std::deque<sample> samples_;  ///< Of the last ten seconds or so.
  std::uint64_t read_ = 0;
  std::optional<steady_time> growing_since_;
};

/// "lag 1,200 messages (3.2 s), 50,000/s, caught up in 12 s".
[[nodiscard]] std::string show(const lag_report& lag);

}  // namespace weir::kafka

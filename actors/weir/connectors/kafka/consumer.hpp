// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/cluster.hpp"
#include "weir/connectors/kafka/lag.hpp"
#include "weir/connectors/kafka/record.hpp"
#include "weir/connectors/kafka/source_options.hpp"
#include "weir/source/source.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir::kafka {

/// Whether a topic is the one of that name or, if the name begins with '^', whether the expression
/// fits it; false if that is none.
[[nodiscard]] bool fits_topic(const std::string& name_or_expression, const std::string& topic);

/// A split's name: `topic/partition`.
[[nodiscard]] std::string split_of(const std::string& topic, std::int32_t partition);

/// The position of a split that is to be read from offset 0 whatever `start_at` says. Other
/// positions are offsets; 0 says that reading has not begun.
inline constexpr std::uint64_t begun_at_zero = std::uint64_t{1} << 63;

/// What `consumer::fetch` brings: records of one partition, in order.
struct fetched {
  std::size_t lane = 0;
  std::span<const record_view> records;  ///< Until the next call.
  std::uint64_t position = 0;            ///< Of the split, behind the records.
  bool moved = false;                    ///< The position is news, without a record.
  bool ended = false;                    ///< A bounded partition has been read.
};

/// The name of the one split that a process reads of a topic that a group shares.
[[nodiscard]] std::string group_split(const std::string& topic);

/// Reads partitions. What is fetched ahead is bounded. For one thread.
class consumer_inside {
public:
  virtual ~consumer_inside() = default;
  virtual void assign(std::size_t lane, const std::string& split, std::uint64_t position) = 0;
  virtual read_state fetch(fetched& out, std::vector<std::size_t>& at_end, std::size_t max,
                           const clock& time) = 0;
  [[nodiscard]] virtual timestamp next_fetch() const noexcept = 0;
  virtual void pause(std::size_t lane, bool paused) = 0;
  virtual void on_ready(std::function<void()> wake) = 0;
  virtual void commit_with_checkpoints() = 0;
  virtual void committed(std::size_t lane, std::uint64_t position) = 0;
  virtual void close() = 0;
};

/// Reads what one source instance reads: the partitions that are assigned to it, of which one that
/// is not asked for is not fetched any further; or, as a member of a group, those that the brokers
/// deal to it. For one thread.
class consumer {
public:
  consumer(const cluster& at, const std::string& topic, const source_options& options,
           std::shared_ptr<lag_board> lag);

  [[nodiscard]] bool by_group() const noexcept { return by_group_; }

  void assign(std::size_t lane, const std::string& split, std::uint64_t position) {
    inside_->assign(lane, split, position);
  }
  /// Never waits for records. `at_end` gets the lanes whose end has been reached. Throws
  /// `weir::exception` when a partition can't be read any more.
  [[nodiscard]] read_state fetch(fetched& out, std::vector<std::size_t>& at_end, std::size_t max,
                                 const clock& time) {
    return inside_->fetch(out, at_end, max, time);
  }
  [[nodiscard]] timestamp next_fetch() const noexcept { return inside_->next_fetch(); }
  void pause(std::size_t lane, bool paused) { inside_->pause(lane, paused); }
  void on_ready(std::function<void()> wake) { inside_->on_ready(std::move(wake)); }
  /// Offsets are committed to the group as checkpoints say, and not by the clock.
  void commit_with_checkpoints() { inside_->commit_with_checkpoints(); }
  void committed(std::size_t lane, std::uint64_t position) { inside_->committed(lane, position); }
  /// Nothing more is read.
  void close() { inside_->close(); }

private:
  std::unique_ptr<consumer_inside> inside_;
  bool by_group_;
};

/// The partitions of topics that are there: of one topic, or, if the name begins with '^', of all
/// whose name the regular expression (ECMAScript) fits as a whole.
[[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator(
    const cluster& at, const std::string& topic, const source_options& options,
    std::shared_ptr<std::atomic<bool>> began);

}  // namespace weir::kafka

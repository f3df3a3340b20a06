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

/// Reads the partitions of one source instance: no consumer group deals them. What is fetched ahead
/// is bounded; a partition that is not asked for is not fetched any further. For one thread.
class consumer {
public:
  consumer(const cluster& at, const source_options& options, std::shared_ptr<lag_board> lag);
  consumer(consumer&&) noexcept;
  ~consumer();

  void assign(std::size_t lane, const std::string& split, std::uint64_t position);
  /// Never waits for records. `at_end` gets the lanes whose end has been reached. Throws
  /// `weir::exception` when a partition can't be read any more.
  [[nodiscard]] read_state fetch(fetched& out, std::vector<std::size_t>& at_end, std::size_t max,
                                 const clock& time);
  [[nodiscard]] timestamp next_fetch() const noexcept;
  void pause(std::size_t lane, bool paused);
  void on_ready(std::function<void()> wake);
  /// Offsets are committed to the group as checkpoints say, and not by the clock.
  void commit_with_checkpoints();
  void committed(std::size_t lane, std::uint64_t position);
  /// Nothing more is read.
  void close();

private:
  class inside;
  std::unique_ptr<inside> inside_;
};

/// The partitions of topics that are there: of one topic, or, if the name begins with '^', of all
/// whose name the regular expression (ECMAScript) fits as a whole.
[[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator(
    const cluster& at, const std::string& topic, const source_options& options,
    std::shared_ptr<std::atomic<bool>> began);

}  // namespace weir::kafka

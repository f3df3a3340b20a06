// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weir::kafka {

/// What a sink promises.
enum class delivery : std::uint8_t {
  /// Nothing is lost; what was written since the last checkpoint comes again after a failure.
  at_least_once,
  /// Each row once, for readers that read committed records only. Wants checkpoints; rows become
  /// visible with them.
  exactly_once,
};

/// How a topic is written; see `to_topic`.
struct sink_options {
  kafka::delivery delivery = delivery::at_least_once;
  std::string compression = "lz4";  ///< none, gzip, snappy, lz4 or zstd.
  /// How long a record waits for others to be sent with it.
  duration linger = std::chrono::milliseconds{2};
  std::size_t batch_bytes = 1 << 20;   ///< Of records that are sent together, at most.
  std::size_t queue_bytes = 64 << 20;  ///< Not answered for yet; then the stream is held up.
  std::size_t max_record = 1 << 20;    ///< In bytes; a larger one follows the sink's directive.
  /// How records are dealt to partitions: murmur2_random as Kafka's own clients do, consistent,
  /// fnv1a_random, …
  std::string partitioner = "murmur2_random";
  /// A record that has not been taken for so long is a failure; 0: it is waited for, for ever. Not
  /// with `exactly_once`.
  duration delivery_timeout{0};

  // With `exactly_once`:
  /// Transactions are called `<this>/<instance>/<slot>`; `<pipeline>/<sink>` unless told. No two
  /// pipelines of a cluster may have the same.
  std::string transactional_id{};
  /// A transaction that is not committed for so long is lost, and its rows are written again; 0:
  /// 15 minutes, or what the broker allows if that is less.
  duration transaction_timeout{0};
  /// Transactions of an instance at a time: one fills while the others wait for their checkpoint.
  std::uint32_t transactions = 2;
};

}  // namespace weir::kafka

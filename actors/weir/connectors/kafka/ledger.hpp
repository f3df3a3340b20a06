// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/client.hpp"
#include "weir/core/bytes.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

namespace weir::kafka {

/// The rows that a sink instance wrote for one checkpoint: what its transaction holds, and what the
/// checkpoint keeps to write them again if the transaction is lost.
struct epoch_rows {
  std::string base;   ///< What the ids of the sink's transactions begin with.
  std::string topic;  ///< Whose partition 0 the ledger's entries name.
  std::uint32_t instance = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t slots = 0;
  std::uint64_t run = 0;       ///< A number by chance; each start of a sink has another.
  std::uint64_t sequence = 0;  ///< Of the instance's transactions, over all runs; 0: no rows.
  std::uint64_t checkpoint = 0;
  bytes rows;  ///< `outgoing` one behind the other, in the binary codec.
};
BOOST_DESCRIBE_STRUCT(epoch_rows, (),
                      (base, topic, instance, parallelism, slots, run, sequence, checkpoint, rows))

/// The last transaction of a sink instance that was committed.
struct ledger_entry {
  std::uint64_t sequence = 0;  ///< 0 if there is none.
  std::uint64_t run = 0;
  std::uint32_t parallelism = 0;  ///< Of the run, and of its instances' transactions; 0 if unknown.
  std::uint32_t slots = 0;

  /// Whether these rows are committed, by their own transaction or before a later one.
  [[nodiscard]] bool covers(const epoch_rows& e) const noexcept {
    return sequence > e.sequence || (sequence == e.sequence && run == e.run);
  }
};

/// The group that a sink instance's transactions commit their number to.
[[nodiscard]] std::string ledger_group(const std::string& base, std::uint32_t instance);
[[nodiscard]] std::string transaction_id(const std::string& base, std::uint32_t instance,
                                         std::uint32_t slot);

/// Reads it, once no transaction is under way that would change it; waits for that for at most
/// `wait`, and answers errc::already_running if there still is one.
[[nodiscard]] result<ledger_entry> read_ledger(const cluster& at, const std::string& base,
                                               std::uint32_t instance, const std::string& topic,
                                               duration wait);

/// Adds the entry to the transaction that is open.
[[nodiscard]] error_handle enter(rd_kafka_t* producer, const epoch_rows& epoch, duration wait);

}  // namespace weir::kafka

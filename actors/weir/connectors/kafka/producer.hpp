// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/client.hpp"
#include "weir/connectors/kafka/record.hpp"
#include "weir/connectors/kafka/sink_options.hpp"

#include <map>
#include <string>
#include <vector>

namespace weir::kafka {

/// What became of a record.
enum class taken : std::uint8_t {
  yes,
  full,     ///< There is no room for now.
  refused,  ///< It can't be sent: too large, say.
  broken,   ///< The producer can send nothing any more in this transaction, or at all.
};

/// A producer that is idempotent: a record that it sends again is not there twice.
class producer {
public:
  /// With a transactional id it wants transactions.
  producer(const cluster& at, std::string topic, const sink_options& options,
           const std::string& transactional_id = {}, duration transaction_timeout = {});

  /// Puts a copy of a record into the queue; `why` says why it was refused.
  [[nodiscard]] taken produce(const outgoing& record, error& why);
  /// Handles what brokers have answered; waits for something for at most `wait`.
  void serve(duration wait = duration{0});
  /// Waits until all is answered for, or something went wrong, or for at most `wait`; whether
  /// nothing is left.
  [[nodiscard]] bool flush(duration wait);

  [[nodiscard]] client& link() noexcept { return link_; }
  [[nodiscard]] rd_kafka_t* get() const noexcept { return link_.get(); }
  [[nodiscard]] std::size_t waiting() const {
    return static_cast<std::size_t>(rd_kafka_outq_len(link_.get()));
  }

private:
  [[nodiscard]] rd_kafka_topic_t* topic(const std::string& name);
  void await_leaders(const std::string& name, rd_kafka_topic_t* to);
  [[nodiscard]] rd_kafka_resp_err_t send(const outgoing& record);

  client link_;
  std::string own_topic_;
  std::string partitioner_;
  std::map<std::string, topic_handle, std::less<>> topics_;
  std::vector<rd_kafka_vu_t> values_;
};

}  // namespace weir::kafka

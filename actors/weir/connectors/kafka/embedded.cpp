// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/embedded.hpp"

#include "weir/connectors/net/log.hpp"
#include "weir/core/error.hpp"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>

namespace weir::kafka {

namespace {

/// Never ended: clients may live as long as the process does.
rd_kafka_mock_cluster_t* start() {
  std::array<char, 512> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_t* owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
  rd_kafka_mock_cluster_t* made = owner == nullptr ? nullptr : rd_kafka_mock_cluster_new(owner, 1);
  if (made == nullptr)
    throw exception({errc::unsupported,
                     "kafka: the embedded cluster does not start: " + std::string{why.data()}});
  net::log_to_stderr(
      "kafka: an embedded cluster serves this process alone: it keeps nothing, drops what is "
      "beyond "
      "about 5 MB in a partition, and shows records before their transaction is committed");
  return made;
}

rd_kafka_mock_cluster_t* cluster() {
  static rd_kafka_mock_cluster_t* const started = start();
  return started;
}

}  // namespace

const std::string& embedded_address() {
  static const std::string address = rd_kafka_mock_cluster_bootstraps(cluster());
  return address;
}

result<void> make_embedded_topic(const std::string& name, std::int32_t partitions) {
  const auto why = rd_kafka_mock_topic_create(cluster(), name.c_str(), partitions, 1);
  if (why == RD_KAFKA_RESP_ERR_NO_ERROR || why == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {};
  return error{errc::io_failed,
               "kafka: the embedded topic '" + name + "' can't be made: " + rd_kafka_err2str(why)};
}

}  // namespace weir::kafka

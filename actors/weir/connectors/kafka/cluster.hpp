// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/secret.hpp"
#include "weir/connectors/net/log.hpp"
#include "weir/core/result.hpp"
#include "weir/core/time.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::kafka {

/// Who we are to a cluster, and how we know that it is the right one.
struct security_options {
  bool tls = false;
  std::string authorities{};  ///< A PEM file of those that are trusted; empty for the system's.
  bool check_host = true;     ///< The certificate must be of the broker's host.
  std::string certificate{};  ///< Our own, a PEM file, where the broker asks for one (mutual TLS).
  std::string key{};          ///< Of the certificate, a PEM file.
  secret key_password{};      ///< Of the key, if it has one.
  std::string mechanism{};    ///< PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty for no login.
  std::string user{};
  secret password{};
};

/// A Kafka cluster, and how to reach it.
struct cluster {
  /// `host:port`, several separated by commas; or `embedded` for a broker within the process that
  /// keeps nothing, see `embedded_cluster`.
  std::string brokers;
  security_options security{};
  /// librdkafka's own properties, for what has no option here. Those that Weir sets are refused.
  std::map<std::string, std::string> properties{};
  /// A pipeline is refused at its start if no broker has answered for so long.
  duration connect_timeout = std::chrono::seconds{8};
  net::log_function log = net::log_to_stderr;  ///< A line when the brokers go and come back.
};

/// Makes a topic with that many partitions; it is no error if there is one.
result<void> make_topic(const cluster& at, const std::string& name, std::int32_t partitions,
                        std::int16_t replicas = 1);

}  // namespace weir::kafka

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "kafka/raw_client.hpp"
#include "weir/connectors/kafka/kafka.hpp"
#include "weir/runtime/runtime.hpp"
#include "weir/stream.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// The broker that broker.py has started, by the name of one of its addresses.
inline std::string broker(const char* which = "BROKERS") {
  const char* at = std::getenv((std::string{"WEIR_KAFKA_"} + which).c_str());
  if (at == nullptr)
    throw std::runtime_error("run by tests/kafka/broker.py, which starts a broker");
  return at;
}

inline kafka::cluster quiet(std::string brokers = broker()) {
  return {.brokers = std::move(brokers), .log = [](const std::string&) {}};
}

/// A topic of the test's own.
inline std::string fresh_topic(std::int32_t partitions = 1, const kafka::cluster& at = quiet()) {
  static std::atomic<int> number{0};
  static const std::string run = std::to_string(std::random_device{}());
  std::string name = "test-" + run + "-" + std::to_string(number++);
  kafka::make_topic(at, name, partitions).value();
  return name;
}

/// What readers of committed records see, partition by partition.
inline std::vector<std::string> committed(const std::string& topic) {
  std::vector<std::string> all;
  raw::read_all(broker(), topic.c_str(), [&](const rd_kafka_message_t& m) {
    all.emplace_back(static_cast<const char*>(m.payload), m.len);
  });
  return all;
}

inline runtime start(pipeline p, runtime_options options = {}) {
  options.log = [](const std::string&) {};
  auto running = runtime::start(std::move(p), std::move(options));
  if (!running) throw exception(running.error());
  return std::move(running).value();
}

inline void run(pipeline p) {
  const auto done = start(std::move(p)).wait();
  INFO((done.failure ? done.failure->message : ""));
  REQUIRE_FALSE(done.failure);
}

/// Writes texts as records.
inline void write(const std::string& topic, std::vector<std::string> texts,
                  const kafka::cluster& at = quiet()) {
  pipeline p{"writing"};
  p.from(memory_source{std::move(texts)}).to(kafka::to_topic(at, topic));
  run(std::move(p));
}

/// Reads what is there.
template <class T>
std::vector<T> read(const std::string& topic, kafka::source_options how = {},
                    const kafka::cluster& at = quiet()) {
  how.bounded = true;
  memory_sink<T> out;
  pipeline p{"reading"};
  p.from(kafka::topic<T>(at, topic, how)).to(out);
  run(std::move(p));
  return out.values();
}

inline std::vector<std::string> sorted(std::vector<std::string> all) {
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace weir::test

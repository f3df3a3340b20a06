// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/admin.hpp"

#include "weir/connectors/kafka/embedded.hpp"

#include <array>
#include <charconv>
#include <cstring>

namespace weir::kafka {

namespace {

using event_handle = std::unique_ptr<rd_kafka_event_t, destroyer<rd_kafka_event_destroy>>;
using options_handle =
    std::unique_ptr<rd_kafka_AdminOptions_t, destroyer<rd_kafka_AdminOptions_destroy>>;
using new_topic = std::unique_ptr<rd_kafka_NewTopic_t, destroyer<rd_kafka_NewTopic_destroy>>;
using resource =
    std::unique_ptr<rd_kafka_ConfigResource_t, destroyer<rd_kafka_ConfigResource_destroy>>;

constexpr int wait_ms = 10'000;

/// The number of any broker.
result<std::int32_t> some_broker(client& of) {
  const rd_kafka_metadata_t* found = nullptr;
  const auto why = rd_kafka_metadata(of.get(), 0, nullptr, &found, wait_ms);
  if (why != RD_KAFKA_RESP_ERR_NO_ERROR) return of.fail("no broker answers", why);
  const std::int32_t id = found->broker_cnt == 0 ? -1 : found->brokers[0].id;
  rd_kafka_metadata_destroy(found);
  return id;
}

}  // namespace

result<void> make_topic(const cluster& at, const std::string& name, std::int32_t partitions,
                        std::int16_t replicas) {
  if (at.brokers == embedded_brokers) return make_embedded_topic(name, partitions);
  client admin{RD_KAFKA_PRODUCER, client_settings{at}, at};
  if (auto reached = admin.reach(at.connect_timeout); !reached) return reached;
  std::array<char, 512> text{};
  const new_topic wanted{
      rd_kafka_NewTopic_new(name.c_str(), partitions, replicas, text.data(), text.size())};
  if (!wanted)
    return admin.fail(errc::invalid_argument, "the topic '" + name + "': " + text.data());
  const queue_handle queue{rd_kafka_queue_new(admin.get())};
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(admin.get(), topics, 1, nullptr, queue.get());
  const event_handle answer{rd_kafka_queue_poll(queue.get(), 6 * wait_ms)};
  if (!answer) return admin.fail(errc::io_failed, "no answer to making the topic '" + name + "'");
  std::size_t n = 0;
  const rd_kafka_CreateTopics_result_t* done = rd_kafka_event_CreateTopics_result(answer.get());
  const rd_kafka_topic_result_t* const* all =
      done == nullptr ? nullptr : rd_kafka_CreateTopics_result_topics(done, &n);
  const auto why =
      n == 0 ? rd_kafka_event_error(answer.get()) : rd_kafka_topic_result_error(all[0]);
  if (why == RD_KAFKA_RESP_ERR_NO_ERROR || why == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {};
  return admin.fail("the topic '" + name + "' can't be made", why);
}

std::optional<duration> longest_transaction(client& of) {
  const result<std::int32_t> broker = some_broker(of);
  if (!broker || *broker < 0) return {};
  const resource asked{
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, std::to_string(*broker).c_str())};
  const queue_handle queue{rd_kafka_queue_new(of.get())};
  const options_handle options{
      rd_kafka_AdminOptions_new(of.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), wait_ms, nullptr, 0);
  rd_kafka_ConfigResource_t* resources[] = {asked.get()};
  rd_kafka_DescribeConfigs(of.get(), resources, 1, options.get(), queue.get());
  const event_handle answer{rd_kafka_queue_poll(queue.get(), wait_ms)};
  const rd_kafka_DescribeConfigs_result_t* done =
      answer ? rd_kafka_event_DescribeConfigs_result(answer.get()) : nullptr;
  if (done == nullptr) return {};
  std::size_t n = 0;
  const rd_kafka_ConfigResource_t** found = rd_kafka_DescribeConfigs_result_resources(done, &n);
  if (n == 0) return {};
  std::size_t entries = 0;
  const rd_kafka_ConfigEntry_t** all = rd_kafka_ConfigResource_configs(found[0], &entries);
  for (std::size_t i = 0; i < entries; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(all[i]);
    if (value == nullptr ||
        std::strcmp(rd_kafka_ConfigEntry_name(all[i]), "transaction.max.timeout.ms") != 0)
      continue;
    std::int64_t ms = 0;
    std::from_chars(value, value + std::strlen(value), ms);
    return std::chrono::milliseconds{ms};
  }
  return {};
}

}  // namespace weir::kafka

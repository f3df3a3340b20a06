// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weir::test::raw {

[[noreturn]] inline void die(const std::string& why) { throw std::runtime_error(why); }

inline rd_kafka_t* make_client(rd_kafka_type_t type, const std::string& brokers,
                               std::vector<std::pair<const char*, const char*>> more = {}) {
  char why[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  more.push_back({"bootstrap.servers", brokers.c_str()});
  more.push_back({"log_level", "0"});
  for (const auto& [name, value] : more)
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) die(why);
  rd_kafka_t* made = rd_kafka_new(type, conf, why, sizeof why);
  if (made == nullptr) die(why);
  return made;
}

inline void check(rd_kafka_resp_err_t why, const char* what) {
  if (why != RD_KAFKA_RESP_ERR_NO_ERROR) die(std::string{what} + ": " + rd_kafka_err2str(why));
}

inline void make(const std::string& brokers, const char* topic, int partitions, bool widen) {
  rd_kafka_t* rk = make_client(RD_KAFKA_PRODUCER, brokers);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
  char why[512];
  if (widen) {
    auto* wanted =
        rd_kafka_NewPartitions_new(topic, static_cast<std::size_t>(partitions), why, sizeof why);
    rd_kafka_CreatePartitions(rk, &wanted, 1, nullptr, queue);
    rd_kafka_NewPartitions_destroy(wanted);
  } else {
    auto* wanted = rd_kafka_NewTopic_new(topic, partitions, 1, why, sizeof why);
    rd_kafka_CreateTopics(rk, &wanted, 1, nullptr, queue);
    rd_kafka_NewTopic_destroy(wanted);
  }
  rd_kafka_event_t* done = rd_kafka_queue_poll(queue, 60'000);
  if (done == nullptr) die("no answer");
  check(rd_kafka_event_error(done), "make");
  std::size_t n = 0;
  const rd_kafka_topic_result_t** all =
      widen ? rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(done),
                                                      &n)
            : rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(done), &n);
  check(rd_kafka_topic_result_error(all[0]), topic);
  rd_kafka_event_destroy(done);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(rk);
}

inline void widen(const std::string& brokers, const char* topic, int partitions) {
  make(brokers, topic, partitions, true);
}

inline int partitions_of(rd_kafka_t* rk, const char* topic) {
  rd_kafka_topic_t* t = rd_kafka_topic_new(rk, topic, nullptr);
  const rd_kafka_metadata_t* found = nullptr;
  check(rd_kafka_metadata(rk, 0, t, &found, 30'000), "metadata");
  const int n = found->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(found);
  rd_kafka_topic_destroy(t);
  if (n == 0) die(std::string{"no topic "} + topic);
  return n;
}

/// Hands every committed record of a topic to `take`, one partition after the other.
inline void read_all(const std::string& brokers, const char* topic,
                     const std::function<void(const rd_kafka_message_t&)>& take) {
  rd_kafka_t* rk =
      make_client(RD_KAFKA_CONSUMER, brokers,
                  {{"enable.partition.eof", "true"}, {"auto.offset.reset", "earliest"}});
  const int n = partitions_of(rk, topic);
  rd_kafka_topic_t* t = rd_kafka_topic_new(rk, topic, nullptr);
  std::vector<rd_kafka_message_t*> some(10'000);
  for (int p = 0; p < n; ++p) {
    if (rd_kafka_consume_start(t, p, RD_KAFKA_OFFSET_BEGINNING) != 0) die("consume_start");
    for (bool ended = false; !ended;) {
      const auto got = rd_kafka_consume_batch(t, p, 1000, some.data(), some.size());
      for (ssize_t i = 0; i < got; ++i) {
        rd_kafka_message_t* m = some[static_cast<std::size_t>(i)];
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
          ended = true;
        else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
          take(*m);
        rd_kafka_message_destroy(m);
      }
    }
    rd_kafka_consume_stop(t, p);
  }
  rd_kafka_topic_destroy(t);
  rd_kafka_destroy(rk);
}

}  // namespace weir::test::raw

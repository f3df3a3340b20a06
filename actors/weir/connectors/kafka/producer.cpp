// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/producer.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace weir::kafka {

namespace {

client_settings settings_for(const cluster& at, const sink_options& o, const std::string& id,
                             duration timeout) {
  client_settings s{at};
  s.set("enable.idempotence", "true");
  s.set("compression.codec", o.compression);
  s.set("queue.buffering.max.ms",
        std::to_string(std::chrono::duration<double, std::milli>(o.linger).count()));
  s.set("batch.size", static_cast<std::int64_t>(o.batch_bytes));
  s.set("message.max.bytes", static_cast<std::int64_t>(o.max_record));
  s.set("queue.buffering.max.kbytes", static_cast<std::int64_t>(o.queue_bytes >> 10));
  s.set("queue.buffering.max.messages", 10'000'000);  // the bytes are what counts
  s.set("delivery.report.only.error", "true");
  if (id.empty()) {
    s.set("message.timeout.ms", millis(o.delivery_timeout));
  } else {
    s.set("transactional.id", id);
    s.set("transaction.timeout.ms", millis(timeout));
  }
  return s;
}

rd_kafka_vu_t value_of(rd_kafka_vtype_t type) {
  rd_kafka_vu_t v{};
  v.vtype = type;
  return v;
}

rd_kafka_vu_t memory(rd_kafka_vtype_t type, const std::string& text) {
  rd_kafka_vu_t v = value_of(type);
  v.u.mem.ptr = const_cast<char*>(text.data());
  v.u.mem.size = text.size();
  return v;
}

}  // namespace

producer::producer(const cluster& at, std::string topic, const sink_options& options,
                   const std::string& transactional_id, duration transaction_timeout)
    : link_(RD_KAFKA_PRODUCER, settings_for(at, options, transactional_id, transaction_timeout),
            at),
      own_topic_(std::move(topic)),
      partitioner_(options.partitioner) {}

rd_kafka_topic_t* producer::topic(const std::string& name) {
  const auto known = topics_.find(name);
  if (known != topics_.end()) return known->second.get();
  rd_kafka_topic_conf_t* conf = rd_kafka_topic_conf_new();
  char why[256];
  if (rd_kafka_topic_conf_set(conf, "partitioner", partitioner_.c_str(), why, sizeof why) !=
      RD_KAFKA_CONF_OK) {
    rd_kafka_topic_conf_destroy(conf);
    throw exception({errc::invalid_argument, "kafka: the option partitioner: " + std::string{why}});
  }
  topic_handle made{rd_kafka_topic_new(link_.get(), name.c_str(), conf)};
  if (!made) throw exception(link_.fail("the topic '" + name + "'", rd_kafka_last_error()));
  await_leaders(name, made.get());
  return topics_.emplace(name, std::move(made)).first->second.get();
}

/// Waits until the topic's partitions are served, for five seconds at most. Else the first rows to
/// a topic that has just been made may be lost without a word, as was seen; presumably because a
/// broker that puts a producer's first batch off takes its second for the first (compare
/// KAFKA-14359).
void producer::await_leaders(const std::string& name, rd_kafka_topic_t* to) {
  using namespace std::chrono_literals;
  const auto until = std::chrono::steady_clock::now() + 5s;
  const auto wait = [&] {
    if (link_.away() || std::chrono::steady_clock::now() >= until) return false;
    link_.poll(20ms);
    return true;
  };
  const rd_kafka_metadata_t* found = nullptr;
  while (rd_kafka_metadata(link_.get(), 0, to, &found, 1000) != RD_KAFKA_RESP_ERR_NO_ERROR ||
         found->topic_cnt != 1 || found->topics[0].partition_cnt == 0) {
    if (found != nullptr) rd_kafka_metadata_destroy(std::exchange(found, nullptr));
    if (!wait()) return;
  }
  const int partitions = found->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(found);
  std::int64_t low = 0, high = 0;
  for (int p = 0; p < partitions; ++p)
    while (rd_kafka_query_watermark_offsets(link_.get(), name.c_str(), p, &low, &high, 1000) !=
           RD_KAFKA_RESP_ERR_NO_ERROR)
      if (!wait()) return;
}

rd_kafka_resp_err_t producer::send(const outgoing& record) {
  rd_kafka_topic_t* to = topic(record.topic.empty() ? own_topic_ : record.topic);
  const std::int32_t partition = record.partition < 0 ? RD_KAFKA_PARTITION_UA : record.partition;
  if (record.value && !record.at && record.headers.empty()) {  // what most records are
    const std::string_view key = record.key ? std::string_view{*record.key} : std::string_view{};
    const int done = rd_kafka_produce(to, partition, RD_KAFKA_MSG_F_COPY,
                                      const_cast<char*>(record.value->data()), record.value->size(),
                                      record.key ? key.data() : nullptr, key.size(), nullptr);
    return done == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
  }
  values_.clear();
  values_.push_back(value_of(RD_KAFKA_VTYPE_RKT));
  values_.back().u.rkt = to;
  values_.push_back(value_of(RD_KAFKA_VTYPE_MSGFLAGS));
  values_.back().u.i = RD_KAFKA_MSG_F_COPY;
  values_.push_back(value_of(RD_KAFKA_VTYPE_PARTITION));
  values_.back().u.i32 = partition;
  if (record.value) values_.push_back(memory(RD_KAFKA_VTYPE_VALUE, *record.value));
  if (record.key) values_.push_back(memory(RD_KAFKA_VTYPE_KEY, *record.key));
  if (record.at) {
    const auto since = record.at->time_since_epoch();
    values_.push_back(value_of(RD_KAFKA_VTYPE_TIMESTAMP));
    values_.back().u.i64 = std::chrono::floor<std::chrono::milliseconds>(since).count();
  }
  for (const header& h : record.headers) {
    values_.push_back(value_of(RD_KAFKA_VTYPE_HEADER));
    values_.back().u.header = {h.name.c_str(), h.value.data(),
                               static_cast<ssize_t>(h.value.size())};
  }
  const error_handle failed{rd_kafka_produceva(link_.get(), values_.data(), values_.size())};
  return failed ? rd_kafka_error_code(failed.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

taken producer::produce(const outgoing& record, error& why) {
  const rd_kafka_resp_err_t code = send(record);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return taken::yes;
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return taken::full;
  why = link_.fail("a record for the topic '" + (record.topic.empty() ? own_topic_ : record.topic) +
                       "' can't be sent",
                   code);
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return taken::refused;
    default:
      return taken::broken;
  }
}

void producer::serve(duration wait) {
  const std::size_t before = link_.away() ? waiting() : 0;
  link_.poll(wait);
  if (waiting() < before) link_.note_answer();
}

bool producer::flush(duration wait) {
  const std::size_t before = link_.away() ? waiting() : 0;
  rd_kafka_flush(link_.get(), millis(wait));
  if (waiting() < before) link_.note_answer();
  return waiting() == 0;
}

}  // namespace weir::kafka

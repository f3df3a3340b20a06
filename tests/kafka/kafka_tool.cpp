// SPDX-License-Identifier: BSD-3-Clause
// What the tests' scripts do with a broker, by librdkafka alone, so that it can be held against
// what Weir does:
//
//   kafka_tool BROKERS make TOPIC PARTITIONS
//   kafka_tool BROKERS widen TOPIC PARTITIONS
//   kafka_tool BROKERS write TOPIC PARTITION          lines from standard input
//   kafka_tool BROKERS read TOPIC                     committed records to the end, a line each
//   kafka_tool BROKERS count TOPIC                    how many those are
//   kafka_tool BROKERS group GROUP TOPIC              committed offsets, a line a partition
//   kafka_tool BROKERS copy FROM TO PARTITIONS N      the bare loop: reads and writes N; seconds
#include "kafka/raw_client.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

using namespace weir::test::raw;

namespace {

void write(const std::string& brokers, const char* topic, int partition) {
  rd_kafka_t* rk = make_client(RD_KAFKA_PRODUCER, brokers, {{"linger.ms", "5"}});
  rd_kafka_topic_t* t = rd_kafka_topic_new(rk, topic, nullptr);
  for (std::string line; std::getline(std::cin, line);)
    while (rd_kafka_produce(t, partition, RD_KAFKA_MSG_F_COPY, line.data(), line.size(), nullptr, 0,
                            nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) die("produce");
      rd_kafka_poll(rk, 100);
    }
  check(rd_kafka_flush(rk, 60'000), "flush");
}

void group(const std::string& brokers, const char* name, const char* topic) {
  rd_kafka_t* rk = make_client(RD_KAFKA_CONSUMER, brokers, {{"group.id", name}});
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(8);
  for (int p = 0, n = partitions_of(rk, topic); p < n; ++p)
    rd_kafka_topic_partition_list_add(all, topic, p);
  check(rd_kafka_committed(rk, all, 30'000), "committed");
  for (int i = 0; i < all->cnt; ++i)
    std::printf("%d %lld\n", all->elems[i].partition, static_cast<long long>(all->elems[i].offset));
  rd_kafka_topic_partition_list_destroy(all);
  rd_kafka_destroy(rk);
}

/// One thread that reads all partitions through one queue and writes each record to another topic.
void copy(const std::string& brokers, const char* from, const char* to, int partitions, long n) {
  rd_kafka_t* in = make_client(RD_KAFKA_CONSUMER, brokers, {{"queued.min.messages", "1000000"}});
  rd_kafka_t* out = make_client(RD_KAFKA_PRODUCER, brokers,
                                {{"enable.idempotence", "true"},
                                 {"linger.ms", "2"},
                                 {"compression.codec", "lz4"},
                                 {"queue.buffering.max.messages", "10000000"},
                                 {"queue.buffering.max.kbytes", "65536"}});
  rd_kafka_topic_t* source = rd_kafka_topic_new(in, from, nullptr);
  rd_kafka_topic_t* target = rd_kafka_topic_new(out, to, nullptr);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(in);
  const auto began = std::chrono::steady_clock::now();
  for (int p = 0; p < partitions; ++p)
    rd_kafka_consume_start_queue(source, p, RD_KAFKA_OFFSET_BEGINNING, queue);
  std::vector<rd_kafka_message_t*> some(1024);
  for (long done = 0; done < n;) {
    const auto got = rd_kafka_consume_batch_queue(queue, 100, some.data(), some.size());
    for (ssize_t i = 0; i < got; ++i) {
      rd_kafka_message_t* m = some[static_cast<std::size_t>(i)];
      if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        while (rd_kafka_produce(target, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, m->payload,
                                m->len, m->key, m->key_len, nullptr) != 0)
          rd_kafka_poll(out, 10);
        ++done;
      }
      rd_kafka_message_destroy(m);
    }
    rd_kafka_poll(out, 0);
  }
  check(rd_kafka_flush(out, 60'000), "flush");
  std::printf("%.3f\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) die("say BROKERS COMMAND TOPIC …");
  const std::string brokers = argv[1], command = argv[2];
  const auto number = [&](int i) { return i < argc ? std::atol(argv[i]) : 0; };
  if (command == "make" || command == "widen") {
    make(brokers, argv[3], static_cast<int>(number(4)), command == "widen");
  } else if (command == "write") {
    write(brokers, argv[3], static_cast<int>(number(4)));
  } else if (command == "read") {
    read_all(brokers, argv[3], [](const rd_kafka_message_t& m) {
      std::fwrite(m.payload, 1, m.len, stdout);
      std::fputc('\n', stdout);
    });
  } else if (command == "count") {
    long n = 0;
    read_all(brokers, argv[3], [&](const rd_kafka_message_t&) { ++n; });
    std::printf("%ld\n", n);
  } else if (command == "group" && argc > 4) {
    group(brokers, argv[3], argv[4]);
  } else if (command == "copy" && argc > 6) {
    copy(brokers, argv[3], argv[4], static_cast<int>(number(5)), number(6));
  } else {
    die("no command " + command);
  }
} catch (const std::exception& e) {
  std::fprintf(stderr, "kafka_tool: %s\n", e.what());
  return 1;
}

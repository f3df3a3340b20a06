// SPDX-License-Identifier: BSD-3-Clause
// What tools/bench_kafka.py measures, a run a process, each with one line of JSON for a result:
//
//   kafka_bench BROKERS fill TOPIC N            writes N orders
//   kafka_bench BROKERS bare FROM TO            librdkafka alone: reads all and writes each again
//   kafka_bench BROKERS copy FROM TO            the same by a pipeline
//   kafka_bench BROKERS window FROM TO          reads orders, sums them by shop and minute, writes
//   kafka_bench BROKERS latency A B RATE SECONDS [DIRECTORY INTERVAL_MS]
//                                               from a producer by A, a pipeline and B to a
//                                               consumer; with a directory for checkpoints exactly
//                                               once
#include "../../examples/orders/order.hpp"
#include "kafka/raw_client.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/connectors/kafka/kafka.hpp"
#include "weir/runtime/runtime.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using test::raw::check;
using test::raw::die;
using test::raw::make_client;

namespace {

using steady = std::chrono::steady_clock;

double seconds_since(steady::time_point began) {
  return std::chrono::duration<double>(steady::now() - began).count();
}

std::int64_t nanos() { return steady::now().time_since_epoch().count(); }

void produce(rd_kafka_t* rk, rd_kafka_topic_t* to, const void* data, std::size_t size) {
  while (rd_kafka_produce(to, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, const_cast<void*>(data),
                          size, nullptr, 0, nullptr) != 0) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) die("produce");
    rd_kafka_poll(rk, 5);
  }
}

rd_kafka_t* make_producer(const std::string& brokers, const char* linger) {
  return make_client(RD_KAFKA_PRODUCER, brokers,
                     {{"enable.idempotence", "true"},
                      {"linger.ms", linger},
                      {"compression.codec", "lz4"},
                      {"batch.size", "1048576"},
                      {"delivery.report.only.error", "true"},
                      {"queue.buffering.max.messages", "10000000"},
                      {"queue.buffering.max.kbytes", "65536"}});
}

/// All partitions of a topic through one queue.
class bare_consumer {
public:
  bare_consumer(const std::string& brokers, const char* topic)
      : rk_(make_client(RD_KAFKA_CONSUMER, brokers,
                        {{"queued.min.messages", "1000000"},
                         {"queued.max.messages.kbytes", "65536"},
                         {"enable.partition.eof", "true"},
                         {"isolation.level", "read_committed"}})),
        partitions_(test::raw::partitions_of(rk_, topic)),
        topic_(rd_kafka_topic_new(rk_, topic, nullptr)),
        queue_(rd_kafka_queue_new(rk_)),
        some_(1024) {
    for (int p = 0; p < partitions_; ++p)
      rd_kafka_consume_start_queue(topic_, p, RD_KAFKA_OFFSET_BEGINNING, queue_);
  }
  bare_consumer(const bare_consumer&) = delete;
  bare_consumer& operator=(const bare_consumer&) = delete;
  ~bare_consumer() {
    for (int p = 0; p < partitions_; ++p) rd_kafka_consume_stop(topic_, p);
    rd_kafka_queue_destroy(queue_);
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(rk_);
  }

  /// Hands over what there is; answers how many partitions have been read to their end meanwhile.
  template <class F>
  int take(int wait_ms, F f) {
    int ended = 0;
    const auto got = rd_kafka_consume_batch_queue(queue_, wait_ms, some_.data(), some_.size());
    for (ssize_t i = 0; i < got; ++i) {
      rd_kafka_message_t* m = some_[static_cast<std::size_t>(i)];
      if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        f(*m);
      else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        ++ended;
      rd_kafka_message_destroy(m);
    }
    return ended;
  }
  [[nodiscard]] int partitions() const { return partitions_; }

private:
  rd_kafka_t* rk_;
  int partitions_;
  rd_kafka_topic_t* topic_;
  rd_kafka_queue_t* queue_;
  std::vector<rd_kafka_message_t*> some_;
};

void fill(const std::string& brokers, const char* topic, std::uint64_t n) {
  rd_kafka_t* rk = make_producer(brokers, "20");
  rd_kafka_topic_t* to = rd_kafka_topic_new(rk, topic, nullptr);
  std::size_t all = 0;
  std::string text;
  for (std::uint64_t i = 0; i < n; ++i) {
    text.clear();
    write_json(orders::make_order(i), text);
    all += text.size();
    produce(rk, to, text.data(), text.size());
  }
  check(rd_kafka_flush(rk, 120'000), "flush");
  rd_kafka_topic_destroy(to);
  rd_kafka_destroy(rk);
  std::printf("{\"events\": %llu, \"bytes\": %zu}\n", static_cast<unsigned long long>(n), all);
}

/// Of all threads, so far.
double core_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void report(std::uint64_t events, double seconds) {
  std::printf("{\"events\": %llu, \"seconds\": %.4f, \"core_seconds\": %.4f}\n",
              static_cast<unsigned long long>(events), seconds, core_seconds());
}

void bare(const std::string& brokers, const char* from, const char* to) {
  const auto began = steady::now();
  std::uint64_t n = 0;
  {
    bare_consumer in{brokers, from};
    rd_kafka_t* out = make_producer(brokers, "2");
    rd_kafka_topic_t* target = rd_kafka_topic_new(out, to, nullptr);
    for (int ended = 0; ended < in.partitions();) {
      ended += in.take(100, [&](const rd_kafka_message_t& m) {
        produce(out, target, m.payload, m.len);
        ++n;
      });
      rd_kafka_poll(out, 0);
    }
    check(rd_kafka_flush(out, 60'000), "flush");
    rd_kafka_topic_destroy(target);
    rd_kafka_destroy(out);
  }
  report(n, seconds_since(began));
}

run_summary run(pipeline p) {
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  if (!running) throw exception(running.error());
  auto done = std::move(running).value().wait();
  if (done.failure) throw exception(*done.failure);
  return done;
}

void copy(const std::string& brokers, const char* from, const char* to) {
  const kafka::cluster at{.brokers = brokers};
  const auto began = steady::now();
  pipeline p{"copy"};
  p.from(kafka::topic<std::string>(at, from, {.bounded = true})).to(kafka::to_topic(at, to));
  const auto done = run(std::move(p));
  report(done.events_read, seconds_since(began));
}

void sum_windows(const std::string& brokers, const char* from, const char* to) {
  using orders::order;
  const kafka::cluster at{.brokers = brokers};
  const auto began = steady::now();
  pipeline p{"window"};
  p.from(kafka::topic<order>(at, from, {.bounded = true}))
      .event_time(&order::at, bounded_out_of_orderness(1s))
      .key_by(&order::shop)
      .window(tumbling(1min))
      .aggregate<orders::revenue_numbers>(count{}, sum(&order::cents))
      .map([](const auto& r) {
        return orders::revenue{r.key, r.window.start, r.value.orders, r.value.cents};
      })
      .to(kafka::to_topic(at, to).key(&orders::revenue::shop));
  const auto done = run(std::move(p));
  report(done.events_read, seconds_since(began));
}

/// Writes `rate` records a second for so long, each with the moment at which it should be written:
/// what is held up counts as latency.
void write_paced(const std::string& brokers, const char* topic, double rate, double seconds,
                 std::atomic<bool>& over) {
  rd_kafka_t* rk = make_producer(brokers, "1");
  rd_kafka_topic_t* to = rd_kafka_topic_new(rk, topic, nullptr);
  const std::int64_t began = nanos();
  const auto n = static_cast<std::int64_t>(rate * seconds);
  char text[100];
  std::memset(text, 'x', sizeof text);
  for (std::int64_t i = 0; i < n;) {
    const auto due = static_cast<std::int64_t>(static_cast<double>(nanos() - began) * 1e-9 * rate);
    for (; i < std::min(n, due); ++i) {
      const std::int64_t at =
          began + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / rate);
      std::memcpy(text, &at, sizeof at);
      produce(rk, to, text, sizeof text);
    }
    rd_kafka_poll(rk, 0);
    std::this_thread::sleep_for(1ms);
  }
  check(rd_kafka_flush(rk, 60'000), "flush");
  over = true;
  rd_kafka_topic_destroy(to);
  rd_kafka_destroy(rk);
}

runtime start_between(const std::string& brokers, const char* a, const char* b,
                      const std::string& directory, duration interval) {
  const kafka::cluster at{.brokers = brokers};
  kafka::sink_options how;
  runtime_options options{.log = [](const std::string&) {}};
  if (!directory.empty()) {
    how.delivery = kafka::delivery::exactly_once;
    options.checkpoints.store = directory_store::open(directory).value();
    options.checkpoints.timing.interval = interval;
  }
  pipeline p{"latency"};
  p.from(kafka::topic<std::string>(at, a))
      .map([](std::string s) {
        s.back() = 'y';
        return s;
      })
      .to(kafka::to_topic(at, b, how));
  auto running = runtime::start(std::move(p), std::move(options));
  if (!running) throw exception(running.error());
  return std::move(running).value();
}

/// What takes records from one topic to the other while it lives: a pipeline, or a bare loop.
struct between {
  std::optional<runtime> pipeline{};
  std::atomic<bool> over{false};
  std::thread loop{};

  ~between() {
    over = true;
    if (loop.joinable()) loop.join();
    if (!pipeline) return;
    pipeline->abort();
    pipeline->wait();
  }
  void copy_bare(const std::string& brokers, const char* a, const char* b) {
    bare_consumer in{brokers, a};
    rd_kafka_t* out = make_producer(brokers, "2");
    rd_kafka_topic_t* target = rd_kafka_topic_new(out, b, nullptr);
    while (!over) {
      in.take(5, [&](const rd_kafka_message_t& m) { produce(out, target, m.payload, m.len); });
      rd_kafka_poll(out, 0);
    }
    rd_kafka_topic_destroy(target);
    rd_kafka_destroy(out);
  }
};

void latency(const std::string& brokers, const char* a, const char* b, double rate, double seconds,
             bool bare_loop, const std::string& directory, duration interval) {
  between copier;
  if (bare_loop)
    copier.loop = std::thread{[&] { copier.copy_bare(brokers, a, b); }};
  else
    copier.pipeline.emplace(start_between(brokers, a, b, directory, interval));
  std::atomic<bool> over{false};
  const std::int64_t began = nanos();
  std::thread writer{[&] { write_paced(brokers, a, rate, seconds, over); }};
  bare_consumer in{brokers, b};
  const auto wanted = static_cast<std::uint64_t>(rate * seconds);
  const std::int64_t warm = began + 3'000'000'000;
  std::vector<float> seen;
  seen.reserve(wanted);
  std::uint64_t n = 0;
  for (auto until = steady::now() + 30s; n < wanted && steady::now() < until;) {
    if (!over) until = steady::now() + 30s;
    in.take(5, [&](const rd_kafka_message_t& m) {
      std::int64_t at = 0;
      std::memcpy(&at, m.payload, sizeof at);
      ++n;
      if (at > warm) seen.push_back(static_cast<float>(nanos() - at) * 1e-6F);
    });
    if (copier.pipeline && copier.pipeline->wait_for(0s)) die("the pipeline ended");
  }
  writer.join();
  if (n < wanted || seen.empty()) die("records are missing");
  std::sort(seen.begin(), seen.end());
  const auto at = [&](double q) {
    return seen[static_cast<std::size_t>(q * static_cast<double>(seen.size() - 1))];
  };
  std::printf("{\"events\": %llu, \"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"max\": %.3f}\n",
              static_cast<unsigned long long>(n), at(0.5), at(0.99), at(0.999), seen.back());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 5) die("say BROKERS COMMAND TOPIC …");
  const std::string brokers = argv[1], command = argv[2];
  if (command == "fill")
    fill(brokers, argv[3], std::strtoull(argv[4], nullptr, 10));
  else if (command == "bare")
    bare(brokers, argv[3], argv[4]);
  else if (command == "copy")
    copy(brokers, argv[3], argv[4]);
  else if (command == "window")
    sum_windows(brokers, argv[3], argv[4]);
  else if (command.starts_with("latency") && argc > 6)
    latency(brokers, argv[3], argv[4], std::atof(argv[5]), std::atof(argv[6]),
            command == "latency_bare", argc > 8 ? argv[7] : "",
            argc > 8 ? std::atoi(argv[8]) * 1ms : 0ms);
  else
    die("no command " + command);
} catch (const std::exception& e) {
  std::fprintf(stderr, "kafka_bench: %s\n", e.what());
  return 1;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "kafka/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct tick {
  std::int32_t partition = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(tick, (), (partition, at))

void write_ticks(const std::string& topic, std::vector<tick> ticks) {
  pipeline p{"writing"};
  p.from(memory_source{std::move(ticks)})
      .to(kafka::to_topic(quiet(), topic).partition(&tick::partition));
  run(std::move(p));
}

/// `n` ticks of a partition, a second from each other.
std::vector<tick> ticks(std::int32_t partition, timestamp from, int n) {
  std::vector<tick> all;
  for (int i = 0; i < n; ++i) all.push_back({partition, from + i * 1s});
  return all;
}

/// Counts ticks by the minute.
auto count_minutes(pipeline& p, const std::string& topic, kafka::source_options how,
                   event_time_options rules) {
  memory_sink<std::uint64_t> out;
  p.from(kafka::topic<tick>(quiet(), topic, how))
      .event_time(&tick::at, bounded_out_of_orderness(1s), rules)
      .key_by([](const tick&) { return 0; })
      .window(tumbling(1min))
      .aggregate(count{})
      .map([](const auto& r) { return r.value; })
      .to(out);
  return out;
}

constexpr timestamp noon{1'699'999'980s};  // a whole minute

}  // namespace

TEST_CASE("a partition without records does not hold windows back once it is idle") {
  const std::string topic = fresh_topic(2);
  write_ticks(topic, ticks(0, noon, 125));
  pipeline p{"counting"};
  auto out = count_minutes(p, topic, {}, {.idle_after = 100ms});
  runtime running = start(std::move(p));
  for (int i = 0; out.size() < 2 && !running.wait_for(20ms); ++i)  // the other one goes on
    write_ticks(topic, ticks(0, noon + (125 + i) * 1s, 1));
  CHECK(out.values() == std::vector<std::uint64_t>{60, 60});
  running.stop();
  running.wait();
}

TEST_CASE("a partition that is read ten minutes behind makes nothing late") {
  const std::string topic = fresh_topic(2);
  write_ticks(topic, ticks(0, noon, 1'200));
  write_ticks(topic, ticks(1, noon - 10min, 1'200));
  pipeline p{"counting"};
  auto out = count_minutes(p, topic, {.bounded = true}, {.max_drift = 1min});
  runtime running = start(std::move(p));
  const auto done = running.wait();
  CHECK(done.late_events == 0);
  std::uint64_t sum = 0;
  for (const std::uint64_t n : out.values()) sum += n;
  CHECK(sum == 2'400);
  CHECK(out.size() == 30);
}

TEST_CASE("reading goes on where a checkpoint stands, also with a partition that had nothing yet") {
  const std::string topic = fresh_topic(2);
  const temporary_directory work;
  // A checkpoint of a run that has begun at the end and found nothing.
  const auto run_on = [&](std::size_t wanted) {
    memory_sink<tick> out;
    pipeline p{"reading"};
    auto source = kafka::topic<tick>(quiet(), topic, {.start = kafka::start_at::latest()});
    const auto lag = source.lag();
    p.from(std::move(source)).to(out);
    runtime_options options;
    options.checkpoints.store = directory_store::open(work.path()).value();
    options.checkpoints.timing.interval = 10ms;
    runtime running = start(std::move(p), std::move(options));
    while ((out.size() < wanted || lag->report().partitions.size() < 2) && !running.wait_for(5ms))
      continue;
    running.stop();
    running.wait();
    return out.size();
  };
  CHECK(run_on(0) == 0);
  write_ticks(topic, ticks(0, noon, 3));
  write_ticks(topic, ticks(1, noon, 4));
  CHECK(run_on(7) == 7);
  write_ticks(topic, ticks(1, noon, 2));
  CHECK(run_on(2) == 2);
}

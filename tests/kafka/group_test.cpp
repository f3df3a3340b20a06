// SPDX-License-Identifier: BSD-3-Clause
// Partitions that a consumer group deals to several processes; two pipelines stand for these.
#include "kafka/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

kafka::source_options member_of(const std::string& group) {
  return {.group = group, .assignment = kafka::assignment::by_group};
}

/// A process that reads a topic as a member of a group.
struct process {
  test::temporary_directory where;
  memory_sink<std::string> out;
  std::shared_ptr<const kafka::lag_board> lag;
  runtime running;

  process(const std::string& topic, const std::string& group) : running(begin(topic, group)) {}

  runtime begin(const std::string& topic, const std::string& group) {
    auto source = kafka::topic<std::string>(quiet(), topic, member_of(group));
    lag = source.lag();
    pipeline p{"member"};
    p.from(std::move(source)).to(out);
    runtime_options options;
    options.checkpoints.store = directory_store::open(where / "checkpoints").value();
    options.checkpoints.timing.interval = 50ms;
    return start(std::move(p), std::move(options));
  }
};

void write_numbers(const std::string& topic, int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i < to; ++i) all.push_back(std::to_string(i));
  pipeline p{"writing"};
  p.from(memory_source{all}).to(kafka::to_topic(quiet(), topic).partition([](const std::string& s) {
    return std::stoi(s) % 4;
  }));
  run(std::move(p));
}

std::set<std::string> seen_by(const process& a, const process& b) {
  std::set<std::string> all;
  for (const process* p : {&a, &b})
    for (const std::string& s : p->out.values()) all.insert(s);
  return all;
}

/// What the group has committed, over all partitions.
std::int64_t committed_by(const std::string& group, const std::string& topic) {
  rd_kafka_t* rk = raw::make_client(RD_KAFKA_CONSUMER, broker(), {{"group.id", group.c_str()}});
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(4);
  for (int p = 0; p < 4; ++p) rd_kafka_topic_partition_list_add(all, topic.c_str(), p);
  raw::check(rd_kafka_committed(rk, all, 30'000), "committed");
  std::int64_t sum = 0;
  for (int i = 0; i < all->cnt; ++i) sum += std::max<std::int64_t>(0, all->elems[i].offset);
  rd_kafka_topic_partition_list_destroy(all);
  rd_kafka_destroy(rk);
  return sum;
}

}  // namespace

TEST_CASE("processes of a group share a topic, and one takes over what another leaves") {
  const std::string topic = fresh_topic(4), group = topic + "-group";
  write_numbers(topic, 0, 400);
  process a{topic, group};
  while (a.out.size() < 400) REQUIRE_FALSE(a.running.wait_for(5ms));
  while (committed_by(group, topic) < 400) REQUIRE_FALSE(a.running.wait_for(20ms));
  process b{topic, group};
  // Each is dealt some of the partitions, and then reads what comes there.
  for (int next = 400; b.out.size() == 0; next += 4) {
    write_numbers(topic, next, next + 4);
    REQUIRE_FALSE(b.running.wait_for(20ms));
  }
  a.running.stop();
  CHECK_FALSE(a.running.wait().failure);
  const std::size_t until_then = b.out.size();
  CHECK(until_then < 400);
  write_numbers(topic, 100'000, 100'040);
  const auto all_there = [&] {
    const auto seen = seen_by(a, b);
    for (int i = 100'000; i < 100'040; ++i)
      if (!seen.contains(std::to_string(i))) return false;
    return true;
  };
  while (!all_there()) REQUIRE_FALSE(b.running.wait_for(20ms));
  while (b.lag->report().partitions.size() != 4) REQUIRE_FALSE(b.running.wait_for(20ms));
  const auto seen = seen_by(a, b);
  for (int i = 0; i < 400; ++i) CHECK(seen.contains(std::to_string(i)));
  b.running.stop();
  CHECK_FALSE(b.running.wait().failure);
}

TEST_CASE("a group goes on where it stands, and what no checkpoint had comes again") {
  const std::string topic = fresh_topic(4), group = topic + "-group";
  write_numbers(topic, 0, 40);
  {
    process a{topic, group};
    while (a.out.size() < 40) REQUIRE_FALSE(a.running.wait_for(5ms));
    a.running.stop();
    CHECK_FALSE(a.running.wait().failure);
  }
  CHECK(committed_by(group, topic) == 40);
  write_numbers(topic, 40, 80);
  process b{topic, group};
  while (b.out.size() < 40) REQUIRE_FALSE(b.running.wait_for(5ms));
  b.running.stop();
  CHECK_FALSE(b.running.wait().failure);
  CHECK(b.out.size() == 40);
}

TEST_CASE("a pipeline with state is refused as a member of a group, and so are other settings") {
  const std::string topic = fresh_topic(1);
  pipeline p{"counting"};
  p.from(kafka::topic<std::string>(quiet(), topic, member_of("group")))
      .key_by([](const std::string& s) { return s; })
      .window(tumbling(1s))
      .aggregate(count{})
      .named("counts")
      .map([](const auto& r) { return r.value; })
      .to(memory_sink<std::uint64_t>{});
  const auto started = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  REQUIRE_FALSE(started);
  CHECK_THAT(started.error().message, ContainsSubstring("shares its topic with other processes") &&
                                          ContainsSubstring("'counts' has state"));
  kafka::source_options bounded = member_of("group");
  bounded.bounded = true;
  CHECK_THROWS_AS(kafka::topic<std::string>(quiet(), topic, bounded), exception);
  CHECK_THROWS_AS(kafka::topic<std::string>(quiet(), topic, member_of("")), exception);
}

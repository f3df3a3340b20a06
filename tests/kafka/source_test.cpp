// SPDX-License-Identifier: BSD-3-Clause
#include "kafka/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/connectors/file/file.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

#include <fstream>
#include <mutex>
#include <numeric>
#include <thread>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

struct sale {
  std::uint64_t number = 0;
  std::string shop;
  timestamp at;

  friend bool operator==(const sale&, const sale&) = default;
};
BOOST_DESCRIBE_STRUCT(sale, (), (number, shop, at))

std::string failure_of(pipeline p) {
  auto started = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  if (!started) return started.error().message;
  const auto done = std::move(started).value().wait();
  return done.failure ? done.failure->message : "";
}

template <class... Args>
std::string failure_of_reading(Args&&... args) {
  pipeline p{"reading"};
  p.from(kafka::topic<std::string>(std::forward<Args>(args)...)).to(memory_sink<std::string>{});
  return failure_of(std::move(p));
}

std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i < to; ++i) all.push_back(std::to_string(i));
  return all;
}

}  // namespace

TEST_CASE("what is written to a topic is read from it") {
  const std::string topic = fresh_topic(4);
  std::vector<sale> sales;
  for (std::uint64_t i = 0; i < 5'000; ++i)
    sales.push_back({i, "shop-" + std::to_string(i % 17), timestamp{1'700'000'000s + i * 1ms}});
  pipeline p{"writing"};
  p.from(memory_source{sales}).to(kafka::to_topic(quiet(), topic).key(&sale::shop));
  run(std::move(p));
  auto got = read<sale>(topic);
  std::sort(got.begin(), got.end(),
            [](const sale& a, const sale& b) { return a.number < b.number; });
  CHECK(got == sales);
}

TEST_CASE("a message has the key, headers, time and place of its record") {
  const std::string topic = fresh_topic(3);
  pipeline p{"writing"};
  p.from(memory_source<std::string>({"hello"}))
      .event_time([](const std::string&) { return timestamp{1'700'000'000'123ms}; },
                  monotonous_timestamps{})
      .to(kafka::to_topic(quiet(), topic)
              .key([](const std::string& s) { return s + "-key"; })
              .headers([](const std::string&) {
                return std::vector<kafka::header>{{"a", "1"}, {"b", ""}};
              })
              .partition([](const std::string&) { return 2; })
              .event_times());
  run(std::move(p));
  const auto got = read<kafka::message<std::string>>(topic);
  REQUIRE(got.size() == 1);
  CHECK(got[0].value == "hello");
  CHECK(got[0].key == "hello-key");
  CHECK(got[0].headers == std::vector<kafka::header>{{"a", "1"}, {"b", ""}});
  CHECK(got[0].at == timestamp{1'700'000'000'123ms});
  CHECK(got[0].topic == topic);
  CHECK(got[0].partition == 2);
  CHECK(got[0].offset == 0);
}

TEST_CASE("tombstones are empty optionals, and rejected where there is none") {
  const std::string topic = fresh_topic();
  pipeline p{"writing"};
  p.from(memory_source{std::vector<std::optional<std::string>>{"one", std::nullopt, "three"}})
      .to(kafka::to_topic(quiet(), topic));
  run(std::move(p));
  const auto got = read<std::optional<std::string>>(topic);
  CHECK(got == std::vector<std::optional<std::string>>{"one", std::nullopt, "three"});
  pipeline q{"reading"};
  memory_sink<std::string> out;
  q.from(kafka::topic<std::string>(quiet(), topic, {.bounded = true})).to(out);
  runtime running = start(std::move(q));
  running.wait();
  CHECK(out.values() == std::vector<std::string>{"one", "three"});
  REQUIRE(running.dead_letters().size() == 1);
  CHECK(running.dead_letters()[0].source == topic + "/0");
  CHECK(running.dead_letters()[0].offset == 1);
}

TEST_CASE("records that were rejected are decoded anew by a replay, as far as their letters go") {
  const std::string topic = fresh_topic();
  write(topic, {"one", "2", "not \xFF text"});
  const auto make = [&](bool strict, const memory_sink<std::string>& to) {
    pipeline p{"reading"};
    const auto decode = [strict](const kafka::record_view& r, std::string& event) -> result<void> {
      if (strict) return error{errc::decode_failed, "this is " + std::string{*r.value}};
      event = std::string{r.topic.substr(0, 5)} + " " + std::string{*r.value};
      return {};
    };
    p.from(kafka::topic<std::string>(quiet(), topic, decode, {.bounded = true})).to(to);
    return p;
  };
  memory_sink<std::string> none;
  runtime first = start(make(true, none));
  first.wait();
  REQUIRE(first.dead_letters().size() == 3);
  CHECK(none.size() == 0);

  memory_sink<std::string> out;
  auto letters = first.dead_letters();
  // As a file of letters has it: JSON is text.
  letters[2] = from_json<dead_letter>(to_json(letters[2])).value();
  runtime second = start(make(false, out), {.replay = letters});
  CHECK_FALSE(second.wait().failure);
  CHECK(out.values() == std::vector<std::string>{"test- one", "test- 2"});
  REQUIRE(second.dead_letters().size() == 1);
  CHECK_THAT(second.dead_letters()[0].error, ContainsSubstring("the record is no text"));
}

TEST_CASE("records that can't be decoded go to a dead-letter topic with where they came from") {
  const std::string topic = fresh_topic();
  const std::string failed = fresh_topic();
  write(topic, {R"({"number": 1, "shop": "a", "at": 0})", "no JSON", R"({"number": 2})"});
  pipeline p{"reading"};
  p.dead_letters_to(kafka::dead_letter_topic(quiet(), failed));
  memory_sink<sale> out;
  p.from(kafka::topic<sale>(quiet(), topic, {.bounded = true})).to(out);
  run(std::move(p));
  CHECK(out.size() == 1);
  const auto letters = read<kafka::message<std::string>>(failed);
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].value == "no JSON");
  const auto header = [&](const char* name) {
    for (const kafka::header& h : letters[0].headers)
      if (h.name == name) return h.value;
    return std::string{"(none)"};
  };
  CHECK(header("weir.stage") == "kafka-1");
  CHECK(header("weir.source.topic") == topic);
  CHECK(header("weir.source.partition") == "0");
  CHECK(header("weir.source.offset") == "1");
  CHECK_THAT(header("weir.error"), ContainsSubstring("JSON"));
}

TEST_CASE("reading begins where it is told to") {
  const std::string topic = fresh_topic();
  pipeline p{"writing"};
  p.from(memory_source{numbers(0, 10)})
      .event_time(
          [](const std::string& s) { return timestamp{1'700'000'000s + std::stoi(s) * 1s}; },
          monotonous_timestamps{})
      .to(kafka::to_topic(quiet(), topic).event_times());
  run(std::move(p));
  using kafka::start_at;
  CHECK(read<std::string>(topic) == numbers(0, 10));
  CHECK(read<std::string>(topic, {.start = start_at::latest()}).empty());
  CHECK(read<std::string>(topic, {.start = start_at::offsets({{topic + "/0", 7}})}) ==
        numbers(7, 10));
  CHECK(read<std::string>(topic, {.start = start_at::time(timestamp{1'700'000'003s})}) ==
        numbers(3, 10));
  CHECK(read<std::string>(topic, {.start = start_at::time(timestamp{1'800'000'000s})}).empty());

  for (const int first : {0, 7}) {  // offsets of the run go before those of the source
    const auto offset = static_cast<std::uint64_t>(first);
    pipeline at_offset{"reading", {.from_offsets = {{topic + "/0", offset}}}};
    const memory_sink<std::string> out;
    at_offset
        .from(kafka::topic<std::string>(quiet(), topic,
                                        {.start = start_at::latest(), .bounded = true}))
        .to(out);
    run(std::move(at_offset));
    CHECK(out.values() == numbers(first, 10));
  }
}

TEST_CASE("offsets are committed to a group, and reading may begin with them") {
  const std::string topic = fresh_topic();
  write(topic, numbers(0, 5));
  const kafka::source_options how{.start = kafka::start_at::group(), .group = topic + "-readers"};
  CHECK(read<std::string>(topic, how) == numbers(0, 5));
  write(topic, numbers(5, 8));
  CHECK(read<std::string>(topic, how) == numbers(5, 8));
  CHECK(read<std::string>(topic, how).empty());
}

TEST_CASE("a pattern reads all topics that it fits") {
  const std::string a = fresh_topic(2), b = fresh_topic(2);
  write(a, {"a"});
  write(b, {"b"});
  CHECK(sorted(read<std::string>("^(" + a + "|" + b + ")")) == std::vector<std::string>{"a", "b"});
  CHECK_THAT(failure_of_reading(quiet(), "^no-such-.*"), ContainsSubstring("no topic fits"));
  CHECK_THAT(failure_of_reading(quiet(), "^("), ContainsSubstring("no regular expression"));
}

TEST_CASE("a topic that is not there is one line, and is not made") {
  const std::string why = failure_of_reading(quiet(), "missing");
  CHECK_THAT(why, ContainsSubstring("there is no topic 'missing'"));
  CHECK(failure_of_reading(quiet(), "missing") == why);
}

TEST_CASE("brokers that don't answer are one line within the time told") {
  kafka::cluster nobody = quiet("127.0.0.1:1");
  nobody.connect_timeout = 2s;
  const auto began = std::chrono::steady_clock::now();
  CHECK_THAT(failure_of_reading(nobody, "any"),
             ContainsSubstring("kafka 127.0.0.1:1: no broker answers"));
  CHECK(std::chrono::steady_clock::now() - began < 10s);
  pipeline p{"writing"};
  p.from(memory_source{numbers(0, 1)}).to(kafka::to_topic(nobody, "any"));
  CHECK_THAT(failure_of(std::move(p)), ContainsSubstring("no broker answers"));
}

TEST_CASE("records that are gone are an error, or skipped with a line, as told") {
  const std::string topic = fresh_topic();
  write(topic, numbers(0, 3));
  using kafka::start_at;
  kafka::source_options beyond{.start = start_at::offsets({{topic + "/0", 50}}), .bounded = false};
  CHECK_THAT(failure_of_reading(quiet(), topic, beyond),
             ContainsSubstring("no record at offset 50 any more"));
  std::string line;
  kafka::cluster at = quiet();
  at.log = [&](const std::string& l) { line = l; };
  beyond.gone = kafka::when_gone::earliest;
  pipeline p{"reading"};
  memory_sink<std::string> out;
  p.from(kafka::topic<std::string>(at, topic, beyond)).to(out);
  runtime running = start(std::move(p));
  while (out.size() < 3 && !running.wait_for(5ms)) continue;
  running.stop();
  running.wait();
  CHECK(out.values() == numbers(0, 3));
  CHECK_THAT(line, ContainsSubstring("going on at 0"));
}

TEST_CASE(
    "partitions that are added while a topic is read are found, and read from their beginning") {
  const std::string topic = fresh_topic(1);
  write(topic, {"first"});
  pipeline p{"reading"};
  memory_sink<std::string> out;
  auto source = kafka::topic<std::string>(
      quiet(), topic, {.start = kafka::start_at::latest(), .find_interval = 50ms});
  const auto lag = source.lag();
  p.from(std::move(source)).to(out);
  runtime running = start(std::move(p));
  while (lag->report().partitions.empty() && !running.wait_for(5ms)) continue;
  raw::widen(broker(), topic.c_str(), 3);
  pipeline w{"writing"};
  w.from(memory_source<std::string>({"0", "1", "2"}))
      .to(kafka::to_topic(quiet(), topic).partition([](const std::string& s) {
        return std::stoi(s);
      }));
  run(std::move(w));
  while (out.size() < 3 && !running.wait_for(5ms)) continue;
  running.stop();
  running.wait();
  CHECK(sorted(out.values()) == numbers(0, 3));
}

TEST_CASE("a source that falls behind says so") {
  const std::string topic = fresh_topic();
  std::mutex mutex;
  std::string said;
  kafka::cluster at = quiet();
  at.log = [&](const std::string& line) {
    const std::lock_guard lock{mutex};
    said += line + "\n";
  };
  const auto text = [](std::uint64_t i) { return std::to_string(i); };
  pipeline writing{"writing"};
  writing.from(generator{text, {.rate = 2'000}}).to(kafka::to_topic(quiet(), topic));
  pipeline reading{"reading"};
  reading.from(kafka::topic<std::string>(at, topic, {.warn_when_lag_grows = 1s}))
      .to(callback_sink{[](const std::string&) {
            std::this_thread::sleep_for(5ms);  // 200 a second at most
          }}.blocking(true));
  runtime writer = start(std::move(writing));
  runtime reader = start(std::move(reading));
  const auto fell_behind = [&] {
    const std::lock_guard lock{mutex};
    return said.find("falling behind: lag ") != said.npos;
  };
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (!fell_behind()) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    REQUIRE_FALSE(reader.wait_for(20ms));
  }
  writer.abort();
  reader.abort();
  writer.wait();
  reader.wait();
}

TEST_CASE("lag says what is left to read") {
  const std::string topic = fresh_topic(2);
  write(topic, numbers(0, 100));
  pipeline p{"reading"};
  memory_sink<std::string> out;
  auto source = kafka::topic<std::string>(quiet(), topic, {.queue_bytes = 1 << 20});
  const auto lag = source.lag();
  p.from(std::move(source)).to(out);
  runtime running = start(std::move(p));
  kafka::lag_report all;
  const auto read = [&] {
    all = lag->report();
    return all.partitions.size() == 2 &&
           all.partitions[0].position + all.partitions[1].position == 100;
  };
  while (!read()) REQUIRE_FALSE(running.wait_for(5ms));
  CHECK(out.size() == 100);
  CHECK(all.partitions[0].end + all.partitions[1].end == 100);
  CHECK(all.partitions[0].position == all.partitions[0].end);
  CHECK(all.messages == 0);
  running.stop();
  running.wait();
}

namespace {

/// A file of JSON lines that is gone with it.
struct history_file {
  test::temporary_directory where;
  std::string path = where.path() + "/sales.jsonl";

  explicit history_file(const std::vector<sale>& sales) {
    std::ofstream to{path};
    for (const sale& s : sales) to << to_json(s) << '\n';
  }
};

std::vector<sale> sales(std::uint64_t from, std::uint64_t to) {
  std::vector<sale> all;
  for (std::uint64_t i = from; i < to; ++i)
    all.push_back({i, "shop-" + std::to_string(i % 3), timestamp{1'700'000'000s + i * 1s}});
  return all;
}

}  // namespace

TEST_CASE("a source reads files first and goes on with the topic where they end") {
  const history_file past{sales(0, 300)};
  const std::string topic = fresh_topic(3);
  pipeline w{"writing"};
  w.from(memory_source{sales(200, 500)})
      .event_time(&sale::at, monotonous_timestamps{})
      .to(kafka::to_topic(quiet(), topic)
              .partition([](const sale& s) { return s.number % 3; })
              .event_times());
  run(std::move(w));
  pipeline p{"reading"};
  memory_sink<std::uint64_t> sums;
  p.from(history_then(files<sale>(past.path),
                      kafka::topic<sale>(quiet(), topic,
                                         {.start = kafka::start_at::time(timestamp{1'700'000'300s}),
                                          .bounded = true})))
      .parallelism(2)
      .event_time(&sale::at, bounded_out_of_orderness(1s))
      .key_by(&sale::shop)
      .window(tumbling(10s))
      .aggregate(count{})
      .map([](const auto& r) { return r.value; })
      .to(sums);
  runtime running = start(std::move(p));
  const auto done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  REQUIRE_FALSE(done.failure);
  CHECK(done.events_read == 500);
  CHECK(done.late_events == 0);
  const auto all = sums.values();
  CHECK(std::accumulate(all.begin(), all.end(), std::uint64_t{0}) == 500);
  CHECK_THROWS_AS(
      history_then(files<sale>(past.path),
                   kafka::topic<sale>(quiet(), topic, {.start = kafka::start_at::latest()})),
      exception);
}

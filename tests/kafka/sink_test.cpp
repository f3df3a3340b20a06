// SPDX-License-Identifier: BSD-3-Clause
// What a sink's options do, on the broker.
#include "kafka/sample.hpp"
#include "weir/runtime/memory_watch.hpp"

#include <algorithm>
#include <iterator>
#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

std::string long_text(std::uint64_t i) {
  std::string text = std::to_string(i) + " ";
  text.resize(1'000, static_cast<char>('a' + i % 26));
  return text;
}

}  // namespace

TEST_CASE("a sink whose queue is full holds the stream up, and all of it is written") {
  constexpr std::uint64_t rows = 30'000;  // 30 MB
  const std::string topic = fresh_topic(2);
  const std::uint64_t before = resident_bytes().value();
  std::uint64_t most = 0;
  pipeline p{"writing"};
  p.from(generator{long_text, {.events = rows}})
      .to(kafka::to_topic(quiet(), topic, {.compression = "none", .queue_bytes = 128 << 10}));
  runtime running = start(std::move(p));
  while (!running.wait_for(5ms)) most = std::max(most, resident_bytes().value());
  const run_summary done = running.wait();
  CHECK_FALSE(done.failure);
  CHECK(done.events_written == rows);
#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // they keep freed memory and shadows
  CHECK(most < before + (16 << 20));
#else
  static_cast<void>(before);
#endif
  CHECK(committed(topic).size() == rows);
}

TEST_CASE("rows go to topics by a function, packed and dealt to partitions as the options say") {
  const std::string odd = fresh_topic(3);
  const std::string even = fresh_topic(3);
  std::vector<std::string> all;
  for (int i = 0; i < 300; ++i) all.push_back(std::to_string(i));
  for (const char* compression : {"zstd", "gzip", "snappy", "lz4"}) {
    pipeline p{"writing"};
    p.from(memory_source{all})
        .to(kafka::to_topic(quiet(), even,
                            {.compression = compression,
                             .linger = 0ms,
                             .batch_bytes = 1'000,
                             .partitioner = "consistent"})
                .topic([=](const std::string& s) { return (s.back() - '0') % 2 != 0 ? odd : even; })
                .key([](const std::string&) { return std::string{"the same"}; }));
    runtime running = start(std::move(p));
    const run_summary done = running.wait();
    CAPTURE(compression);
    CHECK_FALSE(done.failure);
    CHECK(done.events_written == all.size());
    CHECK(done.restarts == 0);
    CHECK(done.events_lost == 0);
    for (const dead_letter& letter : running.dead_letters()) {
      CAPTURE(letter.text, letter.error);
      CHECK(false);
    }
  }
  std::set<std::int32_t> partitions;
  std::vector<std::string> got;
  for (const std::string& topic : {odd, even})
    for (const auto& m : read<kafka::message<std::string>>(topic)) {
      partitions.insert(m.partition);
      got.push_back(m.value);
      REQUIRE((m.topic == odd) == ((m.value.back() - '0') % 2 != 0));
    }
  CHECK(partitions.size() == 1);  // of one key
  std::vector<std::string> expected;
  for (int i = 0; i < 4; ++i) expected.insert(expected.end(), all.begin(), all.end());
  std::vector<std::string> missing;
  const auto all_got = sorted(got), wanted = sorted(expected);
  std::set_difference(wanted.begin(), wanted.end(), all_got.begin(), all_got.end(),
                      std::back_inserter(missing));
  CHECK(missing.empty());  // the first rows were lost where a topic has just been made
  CHECK(all_got.size() == wanted.size());
}

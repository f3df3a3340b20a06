// SPDX-License-Identifier: BSD-3-Clause
#include "kafka/sample.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("an embedded cluster serves the pipelines of its process") {
  const kafka::cluster at = quiet(kafka::embedded_brokers);
  const std::string topic = "embedded";
  kafka::make_topic(at, topic, 3).value();
  kafka::make_topic(at, topic, 3).value();
  std::vector<std::string> all;
  for (int i = 0; i < 1'000; ++i) all.push_back(std::to_string(1'000 + i));
  write(topic, all, at);
  CHECK(sorted(read<std::string>(topic, {}, at)) == all);
}

TEST_CASE(
    "lag grows if it is more than ten seconds before, though what is known of it goes to and fro") {
  kafka::lag_board board;
  steady_time now{};
  const auto at = [&](int left) {
    board.note({"t", 0, 0, left, static_cast<std::uint64_t>(left), 1});
    board.note_read(100, now);
    now += 1s;
  };
  for (int i = 0; i < 60; ++i) at(1'000 + 20 * i - (i % 3 == 0 ? 100 : 0));
  CHECK(board.growing_for(now) >= 50s);
  for (int i = 0; i < 60; ++i) at(2'000 + (i % 3 == 0 ? 100 : 0));
  CHECK(board.growing_for(now) < 15s);
}

TEST_CASE("lag is summed, and its growth is told by the time that it lasts") {
  kafka::lag_board board;
  steady_time now{};
  CHECK(board.report().messages == 0);
  const auto at = [&](std::int64_t position, std::int64_t end, double seconds) {
    board.note({"t", 0, position, end, static_cast<std::uint64_t>(end - position), seconds});
    board.note_read(100, now);
    now += 1s;
  };
  at(0, 1'000, 5);
  at(100, 1'200, 6);
  at(200, 1'400, 7);
  CHECK(board.report().messages == 1'200);
  CHECK(board.report().seconds == 7);
  CHECK(board.report().rate == 100);
  CHECK_FALSE(board.report().catch_up_seconds);
  CHECK(board.growing_for(now) == 3s);
  for (int i = 0; i < 20; ++i) at(300 + 50 * i, 1'450, 1);
  CHECK(board.growing_for(now) == 0s);
  CHECK(board.report().messages == 200);
  CHECK(board.report().catch_up_seconds == 4);
  CHECK(kafka::show(board.report()) == "lag 200 messages (1.0 s), 100/s, caught up in 4 s");
}

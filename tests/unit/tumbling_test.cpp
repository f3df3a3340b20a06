// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using row = window_result<std::string, std::uint64_t>;
using events = std::vector<std::pair<sale, timestamp>>;

/// source -> "window": counts in windows of 10 ms by shop -> sink
pipeline counting(pipeline_options o = {}) {
  pipeline p{"p", o};
  p.from(memory_source{std::vector<sale>{}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .aggregate(count{})
      .named("window")
      .to(memory_sink<row>{});
  return p;
}

events at(std::initializer_list<std::int64_t> times, const std::string& shop = "a") {
  events all;
  for (const std::int64_t t : times) all.emplace_back(sold(shop, 1, t), ms(t));
  return all;
}

row counted(std::int64_t from_ms, std::uint64_t n, std::string shop = "a") {
  return {std::move(shop), {ms(from_ms), ms(from_ms + 10)}, n};
}

}  // namespace

TEST_CASE("a tumbling window is half open and holds its start") {
  const tumbling w{10ms};
  CHECK(w.at(ms(0)) == window{ms(0), ms(10)});
  CHECK(w.at(ms(10) - 1us) == window{ms(0), ms(10)});
  CHECK(w.at(ms(10)) == window{ms(10), ms(20)});
  CHECK(w.at(ms(0)).last() == ms(10) - 1us);
}

TEST_CASE("tumbling windows go on in the same steps before 1970") {
  const tumbling w{10ms};
  CHECK(w.at(ms(-1)) == window{ms(-10), ms(0)});
  CHECK(w.at(ms(-10)) == window{ms(-10), ms(0)});
  CHECK(w.at(ms(-10) - 1us) == window{ms(-20), ms(-10)});
}

TEST_CASE("an offset moves the edges, whatever its sign") {
  for (const auto offset : {3ms, -7ms}) {
    INFO(offset.count());
    const tumbling w{10ms, offset};
    CHECK(w.at(ms(2)) == window{ms(-7), ms(3)});
    CHECK(w.at(ms(3)) == window{ms(3), ms(13)});
    CHECK(w.at(ms(-8)) == window{ms(-17), ms(-7)});
  }
}

TEST_CASE("windows agree with the division, for any size, offset and time") {
  std::mt19937_64 random{1};
  for (int i = 0; i < 10'000; ++i) {
    const duration size{1 + static_cast<std::int64_t>(random() % 1000)};
    const duration offset = duration{static_cast<std::int64_t>(random() % 4000) - 2000} % size;
    const timestamp t{duration{static_cast<std::int64_t>(random() % 100'000) - 50'000}};
    const window w = tumbling{size, offset}.at(t);
    REQUIRE((w.start <= t && t < w.end));
    REQUIRE(w.end - w.start == size);
    REQUIRE((w.start.time_since_epoch() - offset) % size == duration{0});
  }
}

TEST_CASE("a window without a size is refused") {
  CHECK_THROWS_AS(tumbling{0ms}, exception);
  CHECK_THROWS_AS(tumbling{-1ms}, exception);
  CHECK_THROWS_AS(tumbling{1ns}, exception);
}

TEST_CASE("a window is emitted when the watermark reaches its last instant, and not before") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send(0, at({1, 2, 9}), {ms(10) - 2us, false});
  s.work();
  CHECK(s.values<row>(0).empty());
  s.send_watermark(0, ms(10) - 1us);
  s.work();
  const auto frames = s.taken(0);
  REQUIRE(!frames.empty());
  const auto& body = static_cast<flow::batch_body<row>&>(*frames[0].body).events;
  CHECK(body.values == std::vector{counted(0, 3)});
  CHECK(body.times == std::vector{ms(10) - 1us});
  CHECK(s.metrics().results.get() == 1);
}

TEST_CASE("a window's results are not late for those who come behind it") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send(0, at({1}), {ms(10) - 1us, false});
  s.work();
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].progress.watermark == ms(10) - 1us);  // behind the result, with it
}

TEST_CASE("each key and window has a result of its own") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send(0, at({1, 11, 12, 25}));
  s.send(0, at({5, 25}, "b"), {ms(100), false});
  s.work();
  CHECK(s.values<row>(0).size() == 5);
}

TEST_CASE("windows are emitted in the order of time") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send(0, at({35, 15, 5, 25}), {ms(100), false});
  s.work();
  CHECK(s.values<row>(0) ==
        std::vector{counted(0, 1), counted(10, 1), counted(20, 1), counted(30, 1)});
}

TEST_CASE("the end lets go of windows that are still open") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send(0, at({1}));
  s.send_end(0);
  s.work();
  CHECK(s.values<row>(0) == std::vector{counted(0, 1)});
}

TEST_CASE("a stream without events has no windows") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send_watermark(0, ms(1000));
  s.send_end(0);
  s.work();
  CHECK(s.values<row>(0).empty());
}

TEST_CASE("a batch's events are judged by the watermark before it") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send(0, at({1}), {ms(50), false});
  s.work();
  CHECK(s.values<row>(0) == std::vector{counted(0, 1)});
  CHECK(s.metrics().late_events.get() == 0);
}

TEST_CASE("a late event is counted and changes no result") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send(0, at({1}), {ms(10) - 1us, false});
  s.send(0, at({2, 10}), {ms(30), false});
  s.work();
  CHECK(s.values<row>(0) == std::vector{counted(0, 1), counted(10, 1)});
  CHECK(s.metrics().late_events.get() == 1);
}

TEST_CASE("an event behind the watermark whose window is open still is not late") {
  one_stage s{counting(), "window"};
  s.grant_all();
  s.send(0, at({8}), {ms(8), false});
  s.send(0, at({2}), {ms(30), false});
  s.work();
  CHECK(s.values<row>(0) == std::vector{counted(0, 2)});
  CHECK(s.metrics().late_events.get() == 0);
}

TEST_CASE("a late event goes to the side output, with its timestamp") {
  static const side_output<sale> late{"late"};
  pipeline p{"p"};
  auto windows = p.from(memory_source{std::vector<sale>{}})
                     .event_time(&sale::at, monotonous_timestamps{})
                     .key_by(&sale::shop)
                     .window(tumbling{10ms})
                     .late_to(late)
                     .aggregate(count{})
                     .named("window");
  windows.side(late).to(memory_sink<sale>{});
  windows.to(memory_sink<row>{});
  one_stage s{p, "window"};
  s.grant_all();
  s.send(0, at({1}), {ms(20), false});
  s.send(0, at({2, 3, 25}));
  s.work();
  const auto frames = s.taken(0);
  REQUIRE(frames.size() >= 1);
  const auto& body = static_cast<flow::batch_body<sale>&>(*frames[0].body).events;
  CHECK(body.values == std::vector{sold("a", 1, 2), sold("a", 1, 3)});
  CHECK(body.times == std::vector{ms(2), ms(3)});
  CHECK(s.metrics().late_events.get() == 2);
}

TEST_CASE("more late events than the side output has room for are not lost") {
  static const side_output<sale> late{"late"};
  pipeline p{"p", {.batches = {.events = 2}}};
  auto windows = p.from(memory_source{std::vector<sale>{}})
                     .event_time(&sale::at, monotonous_timestamps{})
                     .key_by(&sale::shop)
                     .window(tumbling{10ms})
                     .late_to(late)
                     .aggregate(count{})
                     .named("window");
  windows.side(late).to(memory_sink<sale>{});
  windows.to(memory_sink<row>{});
  one_stage s{p, "window"};
  s.grant(1, 1000);
  s.send_watermark(0, ms(1000));
  s.send(0, at({1, 2, 3, 4, 5, 6, 7}));
  CHECK(s.work() == verdict::blocked);
  std::size_t got = 0;
  for (std::uint64_t up_to = 1; s.work() == verdict::blocked; ++up_to) {
    REQUIRE(up_to < 10);
    s.grant(0, up_to);
    got += s.values<sale>(0).size();
  }
  got += s.values<sale>(0).size();
  CHECK(got == 7);
}

TEST_CASE("windows that fire without credit stop between two results and go on there") {
  one_stage s{counting(), "window"};
  s.grant(0, 1, 3);
  events all;
  for (int shop = 0; shop < 50; ++shop)
    for (const auto& e : at({1, 11, 12}, std::to_string(shop))) all.push_back(e);
  s.send(0, all, {ms(100), false});
  CHECK(s.work() == verdict::blocked);
  std::vector<row> got = s.values<row>(0);
  CHECK(got.size() == 3);
  for (std::uint64_t up_to = 2; s.work() == verdict::blocked; ++up_to) {
    REQUIRE(up_to < 100);
    s.grant(0, up_to, 3);
    for (const row& r : s.values<row>(0)) got.push_back(r);
  }
  s.grant_all();  // for the batch that was not full
  s.work();
  for (const row& r : s.values<row>(0)) got.push_back(r);
  REQUIRE(got.size() == 100);
  for (const row& r : got) CHECK(r.value == (r.window.start == ms(0) ? 1 : 2));
}

TEST_CASE("a window's function gets all events of the window, in order of arrival") {
  using result = std::pair<std::string, std::vector<std::int64_t>>;
  pipeline p{"p"};
  memory_sink<result> out;
  p.from(memory_source{std::vector<sale>{sold("a", 1, 1), sold("b", 2, 2), sold("a", 3, 3),
                                         sold("a", 4, 14)}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .process<result>(
          [](const std::string& shop, const window&, std::span<const sale> all, auto emit) {
            result r{shop, {}};
            for (const sale& s : all) r.second.push_back(s.amount);
            emit(r);
          })
      .to(out);
  run(p);
  CHECK(sorted(out.values()) == std::vector<result>{{"a", {1, 3}}, {"a", {4}}, {"b", {2}}});
}

TEST_CASE("a window whose function fails is a dead letter, and the others come") {
  pipeline p{"p"};
  memory_sink<std::string> out;
  memory_sink<dead_letter> letters;
  p.from(memory_source{std::vector<sale>{sold("a", 1, 1), sold("b", 2, 2), sold("c", 3, 3)}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .process<std::string>(
          [](const std::string& shop, const window&, std::span<const sale>, auto emit) {
            if (shop == "b") throw std::runtime_error("closed");
            emit(shop);
          })
      .named("shops")
      .to(out);
  p.dead_letters_to(letters);
  run(p);
  CHECK(sorted(out.values()) == std::vector<std::string>{"a", "c"});
  REQUIRE(letters.size() == 1);
  CHECK(letters.values()[0].operator_name == "shops");
  CHECK(letters.values()[0].error == "closed");
}

TEST_CASE("a result that fails behind its window is a dead letter with the result") {
  pipeline p{"p"};
  memory_sink<std::string> out;
  memory_sink<dead_letter> letters;
  p.from(memory_source{std::vector<sale>{sold("a", 1, 1), sold("b", 2, 2)}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .aggregate(count{})
      .map([](const row& r) {
        if (r.key == "b") throw std::runtime_error("closed");
        return r.key;
      })
      .named("check")
      .to(out);
  p.dead_letters_to(letters);
  run(p);
  CHECK(out.values() == std::vector<std::string>{"a"});
  REQUIRE(letters.size() == 1);
  CHECK(letters.values()[0].operator_name == "check");
  CHECK(letters.values()[0].text.find("\"b\"") != std::string::npos);
}

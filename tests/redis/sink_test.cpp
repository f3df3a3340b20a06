// SPDX-License-Identifier: BSD-3-Clause
#include "redis/sample.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class T, class Sink>
runtime write(std::vector<T> events, Sink to, directive on_error = {}) {
  pipeline p{"writing"};
  p.from(memory_source{std::move(events)}).to(std::move(to)).on_error(on_error);
  auto running = start(std::move(p));
  const auto done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  CHECK_FALSE(done.failure);
  return running;
}

std::vector<std::string> texts(const redis::reply& list) {
  std::vector<std::string> all;
  for (const auto& r : list.items) all.push_back(r.text);
  return all;
}

const std::vector<click> three{{"a", 1}, {"b", 2}, {"a", 3}};
const redis::sink_options near{.server = quick()};

/// Each event goes to the list of its own campaign.
struct to_lists {
  static constexpr const char* name = "lists";
  static constexpr bool repeats = false;
  void write(const click& c, const redis::sink_options&, redis::command_list& to) const {
    to.add("RPUSH", c.campaign, c.number);
  }
};

change<click> insert(click c) { return {change_kind::insert, std::move(c), {}}; }

}  // namespace

TEST_CASE("a string a row holds the newest under its key") {
  const redis_server server;
  write(three,
        redis::strings(server.url(), &click::campaign, {}, {.prefix = "row:", .server = quick()}));
  CHECK(server.ask("GET", "row:a").text == to_json(click{"a", 3}));
  CHECK(server.ask("GET", "row:b").text == to_json(click{"b", 2}));
  write(three, redis::strings(server.url(), &click::campaign, &click::number, near));
  CHECK(server.ask("GET", "a").text == "3");
}

TEST_CASE("keys are forgotten after the time told") {
  const redis_server server;
  write(three,
        redis::strings(server.url(), &click::campaign, {}, {.expire = 1h, .server = quick()}));
  CHECK(server.ask("PTTL", "a").number > 3'500'000);
  CHECK(server.ask("PTTL", "a").number <= 3'600'000);
}

TEST_CASE("a hash a row has a field a member, and none for an optional without a value") {
  const redis_server server;
  server.ask("HSET", "name 1", "budget", "left over", "mine", "stays");
  write(std::vector<campaign>{campaign_of(1), campaign_of(2)},
        redis::hashes(server.url(), &campaign::name, near));
  CHECK(server.ask("HGET", "name 2", "budget").text == "2");
  CHECK(server.ask("HGET", "name 1", "price").text == "0.25");
  CHECK(server.ask("HGET", "name 1", "budget").what == redis::reply::kind::none);
  CHECK(server.ask("HGET", "name 1", "mine").text == "stays");
}

TEST_CASE("one hash takes a field a row, and a sorted set a member a row") {
  const redis_server server;
  write(three, redis::hash(server.url(), "newest", &click::campaign, &click::number, near));
  CHECK(server.ask("HGET", "newest", "a").text == "3");
  write(three, redis::sorted_set(server.url(), "ranks", &click::campaign, &click::number, near));
  CHECK(texts(server.ask("ZRANGE", "ranks", 0, -1, "WITHSCORES")) ==
        std::vector<std::string>{"b", "2", "a", "3"});
}

TEST_CASE("lists and streams take each event, and keep the newest") {
  const redis_server server;
  write(three, redis::list(server.url(), "all", near));
  CHECK(texts(server.ask("LRANGE", "all", 0, -1)) ==
        std::vector<std::string>{to_json(three[0]), to_json(three[1]), to_json(three[2])});
  write(three, redis::list(server.url(), "two", {.most = 2, .server = quick()}));
  CHECK(texts(server.ask("LRANGE", "two", 0, -1)) ==
        std::vector<std::string>{to_json(three[1]), to_json(three[2])});
  write(three, redis::stream(server.url(), "events", {.most = 1000, .server = quick()}));
  const auto entries = server.ask("XRANGE", "events", "-", "+");
  REQUIRE(entries.items.size() == 3);
  CHECK(texts(entries.items[2].items[1]) ==
        std::vector<std::string>{"campaign", "a", "number", "3"});
}

TEST_CASE("messages are published") {
  const redis_server server;
  write(three, redis::publish(server.url(), "news", near));
  CHECK(server.ask("INFO", "commandstats").text.find("cmdstat_publish:calls=3") !=
        std::string::npos);
}

TEST_CASE("changes upsert and erase, also where a row's key moves") {
  const redis_server server;
  const std::vector<change<click>> changes{
      insert({"a", 1}),
      insert({"b", 2}),
      {change_kind::update, {"c", 2}, click{"b", 2}},
      {change_kind::remove, {"a", 1}, {}},
  };
  write(changes, redis::strings(server.url(), &click::campaign, &click::number, near));
  CHECK(texts(server.ask("KEYS", "*")) == std::vector<std::string>{"c"});
  write(changes, redis::hash(server.url(), "h", &click::campaign, &click::number, near));
  CHECK(texts(server.ask("HGETALL", "h")) == std::vector<std::string>{"c", "2"});
  write(changes, redis::sorted_set(server.url(), "z", &click::campaign, &click::number, near));
  CHECK(texts(server.ask("ZRANGE", "z", 0, -1)) == std::vector<std::string>{"c"});
  server.ask("DEL", "c");
  write(changes, redis::hashes(server.url(), &click::campaign, near));
  CHECK(texts(server.ask("HGETALL", "c")) ==
        std::vector<std::string>{"campaign", "c", "number", "2"});
  CHECK(server.ask("EXISTS", "a").number == 0);
}

TEST_CASE("results of windows are written by their key") {
  const redis_server server;
  pipeline p{"sums"};
  p.from(clicks(1000, 10))
      .event_time([](const click& c) { return timestamp{duration{c.number}}; },
                  monotonous_timestamps{})
      .key_by(&click::campaign)
      .window(tumbling{1h})
      .aggregate(count{})
      .to(redis::hash(server.url(), "counts", &window_result<std::string, std::uint64_t>::key,
                      &window_result<std::string, std::uint64_t>::value, near));
  CHECK_FALSE(start(std::move(p)).wait().failure);
  CHECK(server.ask("HGET", "counts", "c7").text == "100");
}

TEST_CASE("an event that the server refuses is a dead letter, and each other is written once") {
  const redis_server server;
  server.ask("SET", "c3", "not a list");
  std::vector<click> events;
  for (std::int64_t i = 0; i < 40; ++i) events.push_back({"c" + std::to_string(i % 5), i});
  const redis::sink<to_lists> sink{redis::server::parse(server.url()), near, {}};
  auto running = write(events, sink);
  CHECK(running.dead_letters().size() == 8);
  CHECK_THAT(running.dead_letters()[0].error, ContainsSubstring("WRONGTYPE"));
  for (const int campaign : {0, 1, 2, 4}) {
    std::vector<std::string> wanted;
    for (int i = campaign; i < 40; i += 5) wanted.push_back(std::to_string(i));
    CHECK(texts(server.ask("LRANGE", "c" + std::to_string(campaign), 0, -1)) == wanted);
  }
  // Tried again, alone: what came behind it is still written once.
  server.ask("FLUSHALL");
  server.ask("SET", "c3", "not a list");
  auto again = write(events, sink, directive::retry(2, 1ms));
  CHECK(again.dead_letters().size() == 8);
  CHECK(server.ask("LLEN", "c0").number == 8);
  CHECK(server.ask("LLEN", "c4").number == 8);
}

TEST_CASE(
    "where rows are written by key, what is tried again does not replace what came behind it") {
  const redis_server server;
  server.ask("SET", "all", "no hash yet");
  std::vector<click> events;
  for (std::int64_t i = 0; i < 3000; ++i) events.push_back({"c" + std::to_string(i % 10), i});
  pipeline p{"writing"};
  p.options().batches.events = 100;
  p.from(memory_source{events})
      .stage("clicks")
      .to(redis::hash(server.url(), "all", &click::campaign, &click::number, near))
      .on_error(directive::retry(100, 10ms));
  auto running = start(std::move(p));
  while (server.ask("INFO", "errorstats").text.find("errorstat_WRONGTYPE") == std::string::npos)
    REQUIRE_FALSE(running.wait_for(1ms));
  server.ask("DEL", "all");
  CHECK_FALSE(running.wait().failure);
  CHECK(running.dead_letters().empty());
  for (std::int64_t i = 0; i < 10; ++i)
    CHECK(server.ask("HGET", "all", "c" + std::to_string(i)).text == std::to_string(2990 + i));
}

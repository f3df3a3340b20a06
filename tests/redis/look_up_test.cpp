// SPDX-License-Identifier: BSD-3-Clause
#include "redis/sample.hpp"
#include "redis/slow_proxy.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class R>
using row = enriched<click, R>;

std::map<std::string, std::uint64_t> counters(const runtime& r) {
  std::map<std::string, std::uint64_t> all;
  for (const auto& i : r.status())
    i.metrics->each_counter([&](const std::string& name, std::uint64_t n) {
      all[name.substr(name.find(": ") + 2)] += n;
    });
  return all;
}

/// Runs clicks through a look-up, and returns what came out by number.
template <class R, class LookUp>
std::vector<row<R>> enriched_clicks(LookUp of, std::uint64_t n, enrich_options<R> options = {},
                                    std::uint32_t parallelism = 1) {
  const memory_sink<row<R>> out;
  pipeline p{"clicks"};
  p.from(clicks(n)).stage("enriching", {.parallelism = parallelism}).enrich(of, options).to(out);
  auto running = start(std::move(p));
  const auto done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  CHECK_FALSE(done.failure);
  return sorted_by(out.values(), [](const row<R>& r) { return r.event.number; });
}

}  // namespace

TEST_CASE("values are looked up by key, as JSON for a described type") {
  const redis_server server;
  for (std::int64_t i = 0; i < 90; ++i)
    server.ask("SET", "campaign:c" + std::to_string(i), to_json(campaign_of(i)));
  const auto out = enriched_clicks<campaign>(
      redis::get<campaign>(server.url(), &click::campaign,
                           {.prefix = "campaign:", .batch = 16, .server = quick()}),
      1000, {}, 2);
  REQUIRE(out.size() == 1000);
  for (std::int64_t i = 0; i < 1000; ++i) {
    const auto& r = out[static_cast<std::size_t>(i)];
    CHECK(r.event.number == i);
    if (i % 100 < 90)
      CHECK(r.fact == campaign_of(i % 100));
    else
      CHECK(r.source == fact_source::missing);
  }
}

TEST_CASE("values that are text or numbers are taken as they are") {
  const redis_server server;
  for (int i = 0; i < 100; ++i) server.ask("SET", "c" + std::to_string(i), i * 2);
  const redis::look_up_options o{.server = quick()};
  const auto numbers = enriched_clicks<std::int64_t>(
      redis::get<std::int64_t>(server.url(), &click::campaign, o), 100);
  const auto texts =
      enriched_clicks<std::string>(redis::get<std::string>(server.url(), &click::campaign, o), 100);
  for (std::int64_t i = 0; i < 100; ++i) {
    CHECK(numbers[static_cast<std::size_t>(i)].fact == i * 2);
    CHECK(texts[static_cast<std::size_t>(i)].fact == std::to_string(i * 2));
  }
}

TEST_CASE("a hash's fields are the members of the fact, or all of a map") {
  const redis_server server;
  for (std::int64_t i = 0; i < 50; ++i) {
    const auto c = campaign_of(i);
    const std::string key = "c" + std::to_string(i);
    server.ask("HSET", key, "name", c.name, "price", std::to_string(c.price), "other", "x");
    if (c.budget) server.ask("HSET", key, "budget", *c.budget);
  }
  const redis::look_up_options o{.server = quick()};
  const auto described =
      enriched_clicks<campaign>(redis::get_hash<campaign>(server.url(), &click::campaign, o), 100);
  using map = std::map<std::string, std::string>;
  const auto maps =
      enriched_clicks<map>(redis::get_hash<map>(server.url(), &click::campaign, o), 100);
  for (std::int64_t i = 0; i < 100; ++i) {
    const auto n = static_cast<std::size_t>(i);
    if (i < 50) {
      CHECK(described[n].fact == campaign_of(i));
      CHECK(maps[n].fact->at("other") == "x");
    } else {
      CHECK(described[n].source == fact_source::missing);
      CHECK(maps[n].source == fact_source::missing);
    }
  }
}

TEST_CASE("fields of one hash are looked up together") {
  const redis_server server;
  for (int i = 0; i < 50; ++i) server.ask("HSET", "prices", "c" + std::to_string(i), i);
  const auto out = enriched_clicks<std::int64_t>(
      redis::get_field<std::int64_t>(server.url(), "prices", &click::campaign, {.server = quick()}),
      100);
  for (std::int64_t i = 0; i < 100; ++i)
    CHECK(out[static_cast<std::size_t>(i)].fact ==
          (i < 50 ? std::optional<std::int64_t>{i} : std::nullopt));
}

TEST_CASE("a value that is no fact fails for its key alone, and says what it found") {
  const redis_server server;
  server.ask("SET", "c0", to_json(campaign_of(0)));
  server.ask("SET", "c1", "no JSON");
  const auto out = enriched_clicks<campaign>(
      redis::get<campaign>(server.url(), &click::campaign, {.server = quick()}), 3,
      {.on_error = pass_through, .retry = {.tries = 0}});
  REQUIRE(out.size() == 3);
  CHECK(out[0].source == fact_source::found);
  CHECK(out[1].source == fact_source::failed);
  CHECK(out[2].source == fact_source::missing);
}

TEST_CASE("a key of another type is an error that goes to the dead letters") {
  const redis_server server;
  server.ask("SET", "c0", "text");
  const memory_sink<row<campaign>> out;
  pipeline p{"clicks"};
  p.from(clicks(1))
      .enrich(redis::get_hash<campaign>(server.url(), &click::campaign, {.server = quick()}),
              {.retry = {.tries = 0}})
      .to(out);
  auto running = start(std::move(p));
  CHECK_FALSE(running.wait().failure);
  const auto letters = running.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK_THAT(letters[0].error, ContainsSubstring("WRONGTYPE"));
}

TEST_CASE("the server is asked once for each key that the cache holds") {
  const redis_server server;
  for (int i = 0; i < 100; ++i) server.ask("SET", "c" + std::to_string(i), i);
  const memory_sink<row<std::int64_t>> out;
  pipeline p{"clicks"};
  p.from(clicks(100'000))
      .enrich(redis::get<std::int64_t>(server.url(), &click::campaign, {.server = quick()}),
              {.cache = {.entries = 1000}})
      .to(out);
  auto running = start(std::move(p));
  CHECK_FALSE(running.wait().failure);
  CHECK(out.size() == 100'000);
  CHECK(counters(running)["look-ups"] == 100'000);
  const auto told = server.ask("INFO", "stats").text;
  const auto at = told.find("keyspace_hits:") + 14;
  CHECK(std::stoull(told.substr(at)) == 100);
}

TEST_CASE("a slow server slows the stream down and loses nothing, at full capacity") {
  const redis_server server;
  for (int i = 0; i < 100; ++i) server.ask("SET", "c" + std::to_string(i), i);
  slow_proxy proxy{server.port(), 20ms};
  const auto out = enriched_clicks<std::int64_t>(
      redis::get<std::int64_t>(proxy.url(), &click::campaign, {.batch = 8, .server = quick()}),
      3000, {.capacity = 50, .timeout = 0s});
  REQUIRE(out.size() == 3000);
  for (std::int64_t i = 0; i < 3000; ++i) CHECK(out[static_cast<std::size_t>(i)].fact == i % 100);
}

TEST_CASE("events that a slow server keeps waiting too long go on without facts") {
  const redis_server server;
  slow_proxy proxy{server.port(), 0ms};
  const auto of = redis::get<std::int64_t>(proxy.url(), &click::campaign, {.server = quick()});
  proxy.set_delay(500ms);
  auto options = enrich_options<std::int64_t>{.timeout = 50ms, .on_timeout = std::int64_t{-1}};
  // The start of a pipeline asks the server, too.
  const auto out = enriched_clicks<std::int64_t>(of, 10, options);
  REQUIRE(out.size() == 10);
  for (const auto& r : out) {
    CHECK(r.source == fact_source::timed_out);
    CHECK(r.fact == -1);
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// Servers that are killed, restarted and slow in the middle of a run.
#include "redis/sample.hpp"
#include "redis/slow_proxy.hpp"
#include "weir/checkpoints/directory_store.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <thread>
#include <utility>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Waits until something holds of the server, or for half a minute.
template <class Holds>
void wait_until(Holds holds) {
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (!holds()) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::sleep_for(2ms);  // another process; there is nothing to wait on
  }
}

}  // namespace

TEST_CASE("a server killed and restarted in the middle gets each row, and none twice in effect") {
  redis_server server;
  constexpr std::int64_t n = 6000;
  pipeline p{"writing"};
  p.options().batches.events = 64;
  auto events = p.from(clicks(n, n, 10'000));
  events.to(redis::strings(server.url(), &click::campaign, &click::number, {.server = quick()}));
  events.to(redis::sorted_set(server.url(), "all", &click::campaign, &click::number,
                              {.server = quick()}));
  auto running = start(std::move(p));
  for (int round = 1; round <= 3; ++round) {
    wait_until([&] { return server.ask("DBSIZE").number > round * 1000; });
    server.kill();
    server.start();
  }
  const auto done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  CHECK_FALSE(done.failure);
  CHECK(running.dead_letters().empty());
  CHECK(server.ask("DBSIZE").number == n + 1);
  CHECK(server.ask("ZCARD", "all").number == n);
  redis::command_list all;
  for (std::int64_t i = 0; i < n; ++i) all.add("GET", "c" + std::to_string(i));
  const auto got = server.ask_all(all);
  for (std::int64_t i = 0; i < n; ++i)
    REQUIRE(got[static_cast<std::size_t>(i)].text == std::to_string(i));
}

TEST_CASE("look-ups wait for a server that is killed and restarted in the middle") {
  redis_server server;
  for (int i = 0; i < 100; ++i) server.ask("SET", "c" + std::to_string(i), i);
  const memory_sink<enriched<click, std::int64_t>> out;
  pipeline p{"clicks"};
  p.options().batches.events = 64;
  p.from(clicks(20'000, 100, 20'000))
      .enrich(redis::get<std::int64_t>(server.url(), &click::campaign,
                                       {.batch = 32, .server = quick()}),
              {.capacity = 500, .timeout = 0s, .order = enrich_order::whole})
      .to(out);
  auto running = start(std::move(p));
  for (int round = 1; round <= 3; ++round) {
    wait_until([&] { return out.size() > static_cast<std::size_t>(round) * 2000; });
    server.kill();
    server.start();
  }
  CHECK_FALSE(running.wait().failure);
  const auto rows = out.values();
  REQUIRE(rows.size() == 20'000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(rows[i].event.number == static_cast<std::int64_t>(i));
    REQUIRE(rows[i].fact == rows[i].event.number % 100);
  }
}

TEST_CASE("told to fail, a sink's events go to the dead letters while the server is away") {
  redis_server server;
  pipeline p{"writing"};
  p.options().batches.events = 16;
  p.from(clicks(4000, 4000, 20'000))
      .to(redis::strings(server.url(), &click::campaign, &click::number,
                         {.server = quick(redis::while_away::fail)}));
  auto running = start(std::move(p), {.kept_dead_letters = 10'000});
  wait_until([&] { return server.ask("DBSIZE").number > 500; });
  server.kill();
  wait_until([&] { return running.summary().dead_letters > 10; });
  server.start();
  CHECK_FALSE(running.wait().failure);
  const auto letters = running.dead_letters();
  CHECK_THAT(letters.front().error, ContainsSubstring("redis://127.0.0.1"));
  // What was under way when it was killed may have been written and be a dead letter as well.
  const auto written = static_cast<std::size_t>(server.ask("DBSIZE").number);
  CHECK(written + letters.size() >= 4000);
  CHECK(written + letters.size() <= 4000 + 1024);
}

TEST_CASE("look-ups told to fail follow the error's policy while the server is away") {
  redis_server server;
  server.ask("SET", "c0", 7);
  const memory_sink<enriched<click, std::int64_t>> out;
  pipeline p{"clicks"};
  p.options().batches.events = 16;
  p.from(clicks(4000, 1, 10'000))
      .enrich(redis::get<std::int64_t>(server.url(), &click::campaign,
                                       {.server = quick(redis::while_away::fail)}),
              {.on_error = pass_through, .retry = {.tries = 0}})
      .to(out);
  auto running = start(std::move(p));
  wait_until([&] { return out.size() > 200; });
  server.kill();
  const auto failed = [&] {
    const auto rows = out.values();
    return std::count_if(rows.begin(), rows.end(),
                         [](const auto& r) { return r.source == fact_source::failed; });
  };
  wait_until([&] { return failed() > 10; });
  server.start();
  CHECK_FALSE(running.wait().failure);
  CHECK(out.size() == 4000);
  CHECK(out.values().back().fact == 7);
}

TEST_CASE("a sink behind a slow server slows the stream down and loses nothing") {
  const redis_server server;
  slow_proxy proxy{server.port(), 10ms};
  pipeline p{"writing"};
  p.options().batches.events = 32;
  p.from(clicks(2000, 2000))
      .to(redis::strings(proxy.url(), &click::campaign, &click::number, {.server = quick()}));
  CHECK_FALSE(start(std::move(p)).wait().failure);
  CHECK(server.ask("DBSIZE").number == 2000);
}

TEST_CASE("a sink does not wait for the answer to one batch before it sends the next") {
  const redis_server server;
  constexpr auto delay = 50ms;
  constexpr int batches = 100;
  slow_proxy proxy{server.port(), delay};
  pipeline p{"writing"};
  p.options().batches.events = 32;
  p.from(clicks(32 * batches, 32 * batches))
      .to(redis::strings(proxy.url(), &click::campaign, &click::number, {.server = quick()}));
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(start(std::move(p)).wait().failure);
  CHECK(server.ask("DBSIZE").number == 32 * batches);
  // One after the other they take that long at the least.
  CHECK(std::chrono::steady_clock::now() - began < batches * delay);
}

TEST_CASE("a checkpoint is not complete before the server has answered") {
  const redis_server server;
  slow_proxy proxy{server.port(), 0ms};
  const temporary_directory dir;
  auto patient = quick();
  patient.timeout = 1min;
  pipeline p{"writing"};
  p.from(clicks(100'000, 100'000, 5000))
      .named("clicks")
      .to(redis::strings(proxy.url(), &click::campaign, &click::number, {.server = patient}))
      .named("rows");
  runtime_options options;
  options.checkpoints.store = directory_store::open(dir / "state").value();
  options.checkpoints.timing.interval = 5ms;
  auto running = start(std::move(p), options);
  wait_until([&] { return running.summary().checkpoints >= 2; });
  proxy.set_delay(1min);
  // From the first write on that is not answered none is complete any more.
  std::uint64_t seen = 0;
  wait_until([&] {
    CHECK_FALSE(running.wait_for(300ms));
    const std::uint64_t now = running.summary().checkpoints;
    return std::exchange(seen, now) == now;
  });
  running.abort();
  CHECK(running.wait_for(20s));
}

TEST_CASE("a run that is aborted while the server is away ends at once") {
  redis_server server;
  pipeline p{"writing"};
  p.from(clicks(100'000, 100'000, 1000))
      .to(redis::strings(server.url(), &click::campaign, {}, {.server = quick()}));
  auto running = start(std::move(p));
  wait_until([&] { return server.ask("DBSIZE").number > 10; });
  server.kill();
  running.abort();
  CHECK(running.wait_for(20s));
}

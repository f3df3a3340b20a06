// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/redis/client.hpp"
#include "redis/sample.hpp"
#include "redis/slow_proxy.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <future>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

redis::client client_of(const std::string& url, redis::server_options options = quick()) {
  return {redis::server::parse(url), std::move(options), std::make_shared<thread_executor>()};
}

template <class... Args>
std::future<redis::replies> begin(redis::client& c, const Args&... args) {
  redis::command_list one;
  one.add(args...);
  auto promise = std::make_shared<std::promise<redis::replies>>();
  auto answer = promise->get_future();
  c.send(std::move(one), [promise](redis::replies r) { promise->set_value(std::move(r)); });
  return answer;
}
template <class... Args>
redis::replies ask(redis::client& c, const Args&... args) {
  return begin(c, args...).get();
}

}  // namespace

TEST_CASE("commands under way at once get their own replies") {
  const redis_server server;
  auto c = client_of(server.url());
  std::vector<std::future<redis::replies>> all;
  for (int i = 0; i < 1000; ++i) all.push_back(begin(c, "ECHO", std::to_string(i)));
  for (int i = 0; i < 1000; ++i)
    CHECK((*all[static_cast<std::size_t>(i)].get()).at(0).text == std::to_string(i));
}

TEST_CASE("a database other than the first is selected before anything else") {
  const redis_server server;
  auto c = client_of(server.url("", 3));
  CHECK((*ask(c, "SET", "k", "three")).at(0).text == "OK");
  CHECK(server.ask("GET", "k").what == redis::reply::kind::none);
}

TEST_CASE("a coroutine awaits a reply") {
  const redis_server server;
  auto c = client_of(server.url());
  const auto add = [&]() -> task<std::int64_t> {
    (void)co_await c.ask("SET", "n", 41);
    const auto got = co_await c.ask("INCR", "n");
    co_return (*got).at(0).number;
  };
  std::promise<std::int64_t> sum;
  start(add(), [&](result<std::int64_t> r) { sum.set_value(*r); });
  CHECK(sum.get_future().get() == 42);
}

TEST_CASE("a server that comes late is waited for") {
  redis_server server;
  server.kill();
  auto c = client_of(server.url());
  auto answer = begin(c, "PING");
  CHECK(answer.wait_for(100ms) == std::future_status::timeout);
  server.start();
  CHECK((*answer.get()).at(0).text == "PONG");
}

TEST_CASE("commands under way when a server goes are sent again") {
  redis_server server;
  slow_proxy proxy{server.port(), 0ms};
  auto c = client_of(proxy.url());
  REQUIRE(ask(c, "SET", "k", "v"));
  proxy.set_delay(10s);
  auto answer = begin(c, "GET", "k");
  CHECK(answer.wait_for(50ms) == std::future_status::timeout);
  server.kill();
  proxy.set_delay(0ms);
  server.start();
  CHECK((*answer.get()).at(0).text == "v");
}

TEST_CASE("a server that does not answer is given up and tried anew") {
  redis_server server;
  slow_proxy proxy{server.port(), 0ms};
  auto options = quick();
  options.timeout = 100ms;
  auto c = client_of(proxy.url(), options);
  REQUIRE(ask(c, "SET", "k", "v"));
  proxy.set_delay(300ms);
  auto answer = begin(c, "GET", "k");
  CHECK(answer.wait_for(250ms) == std::future_status::timeout);
  proxy.set_delay(0ms);
  CHECK((*answer.get()).at(0).text == "v");
  CHECK(proxy.connections() >= 2);
}

TEST_CASE("told to fail, it answers at once that the server is away, and works when it is back") {
  redis_server server;
  std::atomic<int> lines = 0;
  auto options = quick(redis::while_away::fail);
  options.log = [&](const std::string&) { ++lines; };
  auto c = client_of(server.url(), options);
  REQUIRE(ask(c, "PING"));
  server.kill();
  auto lost = ask(c, "PING");
  for (int i = 0; i < 1000 && lost; ++i) lost = ask(c, "PING");  // the loss may not be seen yet
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code == errc::io_failed);
  CHECK_THAT(lost.error().message, ContainsSubstring(redis::server::parse(server.url()).shown()));
  server.start();
  auto back = ask(c, "PING");
  while (!back) back = ask(c, "PING");
  CHECK(lines == 2);  // one that it is away, one that it is back
}

TEST_CASE("a client may go while commands are under way") {
  redis_server server;
  slow_proxy proxy{server.port(), 0ms};
  for (int i = 0; i < 20; ++i) {
    auto c = client_of(proxy.url());
    for (int k = 0; k < i; ++k) (void)begin(c, "PING");
  }
  SUCCEED();
}

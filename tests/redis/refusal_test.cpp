// SPDX-License-Identifier: BSD-3-Clause
#include "redis/sample.hpp"
#include "weir/main/main.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace weir;
using namespace weir::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Why a pipeline is not started, or "started".
std::string refusal(pipeline p) {
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  if (!running) return running.error().message;
  running->abort();
  return "started";
}

pipeline looking_up(const std::string& url, redis::server_options options = quick()) {
  pipeline p{"clicks"};
  p.from(clicks(1))
      .enrich(redis::get<std::string>(url, &click::campaign, {.server = options}))
      .named("campaigns")
      .to(memory_sink<enriched<click, std::string>>{});
  return p;
}
pipeline writing(const std::string& url, redis::server_options options = quick()) {
  pipeline p{"clicks"};
  p.from(clicks(1)).to(redis::strings(url, &click::campaign, {}, {.server = options}));
  return p;
}

}  // namespace

TEST_CASE("a wrong password is one clear line at the start, without the password") {
  redis_server server{{"--requirepass", "right"}};
  server.set_login(":right");
  for (const auto& why : {refusal(looking_up(server.url(":wrong-secret"))),
                          refusal(writing(server.url(":wrong-secret")))}) {
    INFO(why);
    CHECK_THAT(why, ContainsSubstring("the server refuses the user or password; check the URL"));
    CHECK(why.find("wrong-secret") == std::string::npos);
    CHECK(why.find('\n') == std::string::npos);
  }
  for (const auto& why : {refusal(looking_up(server.url())), refusal(writing(server.url()))})
    CHECK_THAT(why, ContainsSubstring("the server wants a password"));
  CHECK(refusal(looking_up(server.url(":right"))) == "started");
  CHECK(refusal(writing(server.url(":right"))) == "started");
}

TEST_CASE("a user may have a password of its own") {
  const redis_server server;
  server.ask("ACL", "SETUSER", "bob", "on", ">pw", "~*", "+@all");
  CHECK(refusal(looking_up(server.url("bob:pw"))) == "started");
  CHECK_THAT(refusal(looking_up(server.url("bob:no"))), ContainsSubstring("refuses the user"));
  CHECK_THAT(refusal(looking_up(server.url("ann:pw"))), ContainsSubstring("refuses the user"));
}

TEST_CASE("a program with a wrong password ends with 2") {
  redis_server server{{"--requirepass", "right"}};
  server.set_login(":right");
  const std::string url = server.url(":wrong");
  char name[] = "clicks", run[] = "run";
  char* argv[] = {name, run, nullptr};
  const int code = weir::main(2, argv, "clicks", [&](pipeline& p, const args&) {
    p.from(clicks(1)).to(redis::strings(url, &click::campaign, {}, {.server = quick()}));
  });
  CHECK(code == 2);
}

TEST_CASE("a database that there isn't is refused at the start") {
  const redis_server server{{"--databases", "4"}};
  CHECK_THAT(refusal(looking_up(server.url("", 9))),
             ContainsSubstring("the server has no database of that number"));
}

TEST_CASE("a server that isn't there is refused at the start, unless it may come later") {
  const std::string url = "redis://127.0.0.1:" + std::to_string(free_port());
  const auto why = refusal(looking_up(url));
  CHECK_THAT(why, ContainsSubstring("operator 'campaigns'"));
  CHECK_THAT(why, ContainsSubstring("start the server, check the URL, or set must_be_there"));
  auto patient = quick();
  patient.must_be_there = false;
  CHECK(refusal(looking_up(url, patient)) == "started");
  CHECK(refusal(writing(url, patient)) == "started");
}

TEST_CASE("a node of a cluster is refused with a clear line") {
  const redis_server server{
      {"--cluster-enabled", "yes", "--cluster-port", std::to_string(free_port())}};
  CHECK_THAT(refusal(looking_up(server.url())),
             ContainsSubstring("a node of a Redis Cluster, which isn't supported"));
  CHECK_THAT(redis::explain("redis://h:1/0", "MOVED 3999 127.0.0.1:6381").message,
             ContainsSubstring("Redis Cluster"));
}

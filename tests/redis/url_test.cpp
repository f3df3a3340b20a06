// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/redis/commands.hpp"
#include "weir/connectors/redis/server.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace weir;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string refusal(const std::string& url) {
  try {
    redis::server::parse(url);
    return "accepted";
  } catch (const exception& e) {
    return e.why().message;
  }
}

}  // namespace

TEST_CASE("a URL gives host, port, database, user and password") {
  const auto all = redis::server::parse("redis://bob:s%40%3Acret@example.org:7000/3");
  CHECK(all.host == "example.org");
  CHECK(all.port == 7000);
  CHECK(all.user == "bob");
  CHECK(all.password == "s@:cret");
  CHECK(all.database == 3);
  const auto least = redis::server::parse("redis://localhost");
  CHECK(least.host == "localhost");
  CHECK(least.port == 6379);
  CHECK(least.user.empty());
  CHECK(least.password.empty());
  CHECK(least.database == 0);
  CHECK(redis::server::parse("redis://:pw@h/").password == "pw");
  CHECK(redis::server::parse("redis://[::1]:7000").host == "::1");
}

TEST_CASE("what is shown of a server has neither user nor password") {
  CHECK(redis::server::parse("redis://bob:secret@h:1/2").shown() == "redis://h:1/2");
  CHECK(redis::server::parse("redis://[::1]:7000").shown() == "redis://[::1]:7000/0");
}

TEST_CASE("a URL that is none is refused, without its password") {
  for (const std::string bad :
       {"secret", "http://:secret@h", "redis://:secret@", "redis://:secret@h:0",
        "redis://:secret@h:x", "redis://:secret@h:99999", "redis://:secret@h/x",
        "redis://:secret%2@h", "redis://:secret@[::1"}) {
    const std::string why = refusal(bad);
    INFO(bad << ": " << why);
    CHECK_THAT(why, ContainsSubstring("redis: the URL"));
    CHECK(why.find("secret") == std::string::npos);
  }
  CHECK_THAT(refusal("redis://user@h"), ContainsSubstring("a user without a password"));
}

TEST_CASE("TLS is refused in one clear line where hiredis has none") {
  if (redis::has_tls()) return;
  CHECK_THAT(
      refusal("rediss://:secret@h"),
      ContainsSubstring("rediss://h:6379/0: the hiredis that Weir was built with has no TLS"));
}

TEST_CASE("commands are written as the protocol says") {
  redis::command_list commands;
  commands.add("SET", std::string{"k"}, -12);
  commands.add("GET", "");
  REQUIRE(commands.size() == 2);
  CHECK(commands[0] == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n-12\r\n");
  CHECK(commands[1] == "*2\r\n$3\r\nGET\r\n$0\r\n\r\n");
}

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/http/http.hpp"
#include "actors/sample.hpp"
#include "look_ups/http_server.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <future>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

struct purchase {
  std::string user;
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(purchase, (), (user, number))
struct user {
  std::string name;
  std::int64_t age = 0;
  friend bool operator==(const user&, const user&) = default;
};
BOOST_DESCRIBE_STRUCT(user, (), (name, age))

using row = enriched<purchase, user>;

std::vector<purchase> purchases(std::int64_t n, std::int64_t users) {
  std::vector<purchase> all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back({"u" + std::to_string(i % users), i});
  return all;
}

std::vector<row> enriched_purchases(const std::string& url, std::vector<purchase> of,
                                    enrich_options<user> options = {},
                                    http::look_up_options how = {}) {
  const memory_sink<row> out;
  pipeline p{"purchases"};
  p.from(memory_source{std::move(of)})
      .enrich(http::get<user>(url, &purchase::user, std::move(how)), options)
      .to(out);
  CHECK_FALSE(start(std::move(p)).wait().failure);
  auto all = out.values();
  std::sort(all.begin(), all.end(),
            [](const row& a, const row& b) { return a.event.number < b.event.number; });
  return all;
}

/// Answers /users/uN with a user of that number.
http_answer answer_user(const http_server::request& r) {
  const std::string target{r.target()};
  const auto n = std::stoll(target.substr(target.find("/u", 1) + 2));
  return {.body = to_json(user{"name " + std::to_string(n), n})};
}

const enrich_options<user> no_retry{.on_error = pass_through, .retry = {.tries = 0}};

}  // namespace

TEST_CASE("answers are read as JSON, over connections that are kept") {
  http_server server{answer_user};
  const auto out = enriched_purchases(server.url() + "/users/{key}", purchases(2000, 50), {},
                                      {.client = {.connections = 4}});
  REQUIRE(out.size() == 2000);
  for (std::int64_t i = 0; i < 2000; ++i)
    CHECK(out[static_cast<std::size_t>(i)].fact == user{"name " + std::to_string(i % 50), i % 50});
  CHECK(server.connections() <= 4);
  CHECK(server.requests() >= 50);
}

TEST_CASE("status codes say found, missing or failed") {
  http_server server{[](const http_server::request& r) {
    const std::string target{r.target()};
    const unsigned status = static_cast<unsigned>(std::stoul(target.substr(target.rfind('/') + 1)));
    return http_answer{.status = status, .body = status == 204 ? "" : to_json(user{"x", 1})};
  }};
  std::vector<purchase> all;
  for (const char* status : {"200", "204", "404", "410", "500", "403"})
    all.push_back({status, static_cast<std::int64_t>(all.size())});
  const auto out = enriched_purchases(server.url() + "/{key}", all, no_retry);
  std::vector<fact_source> sources;
  for (const row& r : out) sources.push_back(r.source);
  using s = fact_source;
  CHECK(sources == std::vector{s::found, s::missing, s::missing, s::missing, s::failed, s::failed});
  const auto own = enriched_purchases(
      server.url() + "/{key}", {{"403", 1}}, no_retry, {.status = [](unsigned status) {
        return status == 403 ? http::meaning::missing : http::meaning::failed;
      }});
  CHECK(own[0].source == s::missing);
}

TEST_CASE("a failure is tried again, and says what the server said") {
  std::atomic<int> n = 0;
  http_server server{[&](const http_server::request& r) {
    return ++n < 3 ? http_answer{.status = 503} : answer_user(r);
  }};
  const auto out = enriched_purchases(server.url() + "/users/{key}", purchases(1, 1),
                                      {.retry = {.tries = 5, .backoff = 1ms}});
  CHECK(out[0].source == fact_source::found);
  CHECK(n == 3);
}

TEST_CASE("keys are escaped, and headers are sent") {
  std::string target, authorization;
  http_server server{[&](const http_server::request& r) {
    target = r.target();
    authorization = r[boost::beast::http::field::authorization];
    return http_answer{.body = to_json(user{"x", 1})};
  }};
  enriched_purchases(server.url() + "/find?who={key}&all=1", {{"a b/c?d&\xc3\xa4", 1}}, {},
                     {.client = {.headers = {{"Authorization", "Bearer secret"}}}});
  CHECK(target == "/find?who=a%20b%2Fc%3Fd%26%C3%A4&all=1");
  CHECK(authorization == "Bearer secret");
}

TEST_CASE("a server that closes its connections is asked over new ones") {
  SECTION("and says so") {
    http_server server{[](const http_server::request& r) {
      auto a = answer_user(r);
      a.close = true;
      return a;
    }};
    CHECK(enriched_purchases(server.url() + "/users/{key}", purchases(100, 100)).size() == 100);
    CHECK(server.connections() == 100);
  }
  SECTION("and doesn't say so") {
    http_server server{[](const http_server::request& r) {
      auto a = answer_user(r);
      a.hang_up = true;
      return a;
    }};
    const auto out =
        enriched_purchases(server.url() + "/users/{key}", purchases(100, 100),
                           {.on_error = pass_through, .retry = {.tries = 50, .backoff = 1ms}},
                           {.client = {.connections = 2}});
    CHECK(std::all_of(out.begin(), out.end(),
                      [](const row& r) { return r.source == fact_source::found; }));
  }
}

TEST_CASE("a server that does not answer fails after the timeout, by name") {
  http_server server{[](const http_server::request& r) {
    auto a = answer_user(r);
    a.delay = 10s;
    return a;
  }};
  const memory_sink<row> out;
  pipeline p{"purchases"};
  p.from(memory_source{purchases(3, 3)})
      .enrich(http::get<user>(server.url() + "/users/{key}", &purchase::user,
                              {.client = {.timeout = 50ms}}),
              {.retry = {.tries = 0}})
      .to(out);
  auto running = start(std::move(p));
  CHECK_FALSE(running.wait().failure);
  const auto letters = running.dead_letters();
  REQUIRE(letters.size() == 3);
  CHECK_THAT(letters[0].error, ContainsSubstring(server.url() + ": it does not answer"));
}

TEST_CASE("what is no JSON of the fact, or too large, is a failure") {
  http_server server{[](const http_server::request& r) {
    const std::string target{r.target()};
    return http_answer{.body = target == "/large" ? std::string(5000, 'x') : "{\"name\":1}"};
  }};
  const auto out = enriched_purchases(server.url() + "/{key}", {{"bad", 1}, {"large", 2}}, no_retry,
                                      {.client = {.largest_body = 1000}});
  CHECK(out[0].source == fact_source::failed);
  CHECK(out[1].source == fact_source::failed);
}

TEST_CASE("a URL without a key, or of another kind, is refused in one line") {
  const auto refusal = [](const std::string& url) {
    try {
      (void)http::get<user>(url, &purchase::user);
      return std::string{"accepted"};
    } catch (const exception& e) {
      return e.why().message;
    }
  };
  CHECK_THAT(refusal("http://h/users"), ContainsSubstring("no {key} in its path"));
  CHECK_THAT(refusal("ftp://h/{key}"), ContainsSubstring("use http:// or https://"));
}

TEST_CASE("a coroutine asks a server several times for one event") {
  http_server server{answer_user};
  auto to = std::make_shared<http::client>(server.url(), http::client_options{},
                                           std::make_shared<thread_executor>());
  const auto both = [to](const std::string& key) -> task<std::optional<std::string>> {
    const std::string own = key;
    const auto first = co_await to->get("/users/" + own);
    const auto second = co_await to->get("/users/u7");
    if (!first || !second) co_return std::nullopt;
    co_return first.operator->()->body + second.operator->()->body;
  };
  const memory_sink<enriched<purchase, std::string>> out;
  pipeline p{"purchases"};
  p.from(memory_source{purchases(100, 10)}).enrich(look_up(&purchase::user, both)).to(out);
  CHECK_FALSE(start(std::move(p)).wait().failure);
  REQUIRE(out.size() == 100);
  for (const auto& r : out.values()) {
    const auto n = r.event.number % 10;
    CHECK(r.fact == to_json(user{"name " + std::to_string(n), n}) + to_json(user{"name 7", 7}));
  }
}

TEST_CASE("a client may go while requests are under way") {
  http_server server{[](const http_server::request& r) {
    auto a = answer_user(r);
    a.delay = 5ms;
    return a;
  }};
  for (int i = 0; i < 20; ++i) {
    http::client c{server.url(), {}, std::make_shared<thread_executor>()};
    for (int k = 0; k < i; ++k) c.get("/users/u1", [](auto) {});
  }
  SUCCEED();
}

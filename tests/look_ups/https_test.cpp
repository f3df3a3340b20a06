// SPDX-License-Identifier: BSD-3-Clause
#include "actors/sample.hpp"
#include "connectors/temporary.hpp"
#include "look_ups/certificates.hpp"
#include "look_ups/http_server.hpp"
#include "weir/connectors/http/http.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <future>

using namespace weir;
using namespace weir::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct purchase {
  std::int64_t user = 0;
};
BOOST_DESCRIBE_STRUCT(purchase, (), (user))

using row = enriched<purchase, std::string>;

http_answer answer(const http_server::request& r) { return {.body = std::string{r.target()}}; }

/// Rows with a fact, and the errors of the others.
struct outcome {
  std::vector<row> rows;
  std::vector<std::string> errors;
};

outcome look_up(const http_server& at, http::client_options how) {
  const memory_sink<row> out;
  pipeline p{"purchases"};
  std::vector<purchase> all;
  for (std::int64_t i = 0; i < 200; ++i) all.push_back({i});
  p.from(memory_source{std::move(all)})
      .enrich(http::get<std::string>(at.url() + "/users/{key}", &purchase::user, {.client = how}),
              {.retry = {.tries = 0}})
      .to(out);
  auto running = start(std::move(p));
  CHECK_FALSE(running.wait().failure);
  outcome seen{out.values(), {}};
  for (const auto& letter : running.dead_letters()) seen.errors.push_back(letter.error);
  return seen;
}

std::string write_certificate(const temporary_directory& in, const authority& of) {
  const std::string file = in / "authority.pem";
  write_file(file, of.certificate());
  return file;
}

}  // namespace

TEST_CASE("a server is asked over TLS, and its connections are kept") {
  const temporary_directory work;
  const authority trusted;
  http_server server{answer, trusted.server("IP:127.0.0.1")};
  const outcome seen =
      look_up(server, {.connections = 3, .tls_authorities = write_certificate(work, trusted)});
  REQUIRE(seen.errors.empty());
  REQUIRE(seen.rows.size() == 200);
  for (const row& r : seen.rows) CHECK(r.fact == "/users/" + std::to_string(r.event.user));
  CHECK(server.connections() <= 3);
}

TEST_CASE("a server whose certificate is of another authority, or of another host, is refused") {
  const temporary_directory work;
  const authority trusted, other;
  const auto refused = [&](const authority& by, const std::string& names,
                           const std::string& authorities) {
    http_server server{answer, by.server(names)};
    const outcome seen = look_up(server, {.tls_authorities = authorities});
    CHECK(seen.rows.empty());
    REQUIRE(!seen.errors.empty());
    // What OpenSSL says of it depends on what it met first.
    CHECK_THAT(seen.errors[0], ContainsSubstring(server.url() + ": "));
    CHECK(server.requests() == 0);
  };
  const std::string file = write_certificate(work, trusted);
  refused(other, "IP:127.0.0.1", file);
  refused(trusted, "DNS:somebody.else", file);
  refused(trusted, "IP:127.0.0.1", "");  // the system's know nothing of it
}

TEST_CASE("a server that speaks no TLS fails, by name") {
  http_server server{answer};
  const std::string url = "https" + server.url().substr(4);
  std::promise<result<http::response>> got;
  http::client to{url, {}, std::make_shared<thread_executor>()};
  to.get("/", [&](result<http::response> r) { got.set_value(std::move(r)); });
  const auto answered = got.get_future().get();
  REQUIRE(!answered);
  CHECK_THAT(answered.error().message, ContainsSubstring(url + ": "));
}

TEST_CASE("authorities that can't be read are refused in one line, before anything runs") {
  const auto refusal = [](const std::string& file) {
    try {
      (void)http::get<std::string>("https://h/{key}", &purchase::user,
                                   {.client = {.tls_authorities = file}});
      return std::string{"accepted"};
    } catch (const exception& e) {
      return e.why().message;
    }
  };
  CHECK_THAT(refusal("/no/such/file.pem"),
             ContainsSubstring("'/no/such/file.pem'") && ContainsSubstring("tls_authorities"));
  CHECK(refusal("") == "accepted");
}

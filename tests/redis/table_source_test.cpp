// SPDX-License-Identifier: BSD-3-Clause
// Tables that are read from a server before a stream is answered.
#include "redis/sample.hpp"
#include "redis/slow_proxy.hpp"
#include "weir/checkpoints/directory_store.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <atomic>
#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class V>
using entries = std::map<std::string, V>;

/// Reads a source to its end, and returns the rows by their keys.
template <class Source>
auto rows_of(Source from, std::uint64_t letters = 0) {
  using row = typename Source::event_type;
  const memory_sink<row> out;
  pipeline p{"reading"};
  p.from(std::move(from)).to(out);
  auto running = start(std::move(p));
  const auto done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  CHECK_FALSE(done.failure);
  CHECK(done.dead_letters == letters);
  entries<decltype(row::value)> all;
  for (const row& r : out.values()) all[r.key] = r.value;
  return all;
}

template <class Source>
std::string refusal(Source from) {
  pipeline p{"reading"};
  p.from(std::move(from)).to(memory_sink<typename Source::event_type>{});
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  if (!running) return running.error().message;
  running->abort();
  return "started";
}

const redis::read_options near{.page = 100, .server = quick()};

void fill(const redis_server& server, const std::string& hash, std::int64_t rows) {
  redis::command_list all;
  for (std::int64_t i = 0; i < rows; ++i) all.add("HSET", hash, "c" + std::to_string(i), i * 3);
  (void)server.ask_all(all);
}

}  // namespace

TEST_CASE("a stream is joined with a table that is read from a hash first") {
  const redis_server server;
  fill(server, "prices", 5000);
  const memory_sink<std::int64_t> out;
  pipeline p{"priced", {.parallelism = 2}};
  const auto prices = p.from(redis::read_hash<std::int64_t>(server.url(), "prices", near))
                          .key_by(&redis::entry<std::int64_t>::key)
                          .to_table();
  p.from(clicks(20'000, 10'000))
      .key_by(&click::campaign)
      .join(prices)
      .once_loaded()
      .left()
      .apply([](const click& c, const redis::entry<std::int64_t>* price) {
        // What is wrong is -1.
        if (price == nullptr) return c.number % 10'000 < 5000 ? std::int64_t{-1} : 0;
        return price->value == c.number % 10'000 * 3 ? std::int64_t{1} : -1;
      })
      .named("pricing")
      .to(out);
  auto running = start(std::move(p));
  CHECK_FALSE(running.wait().failure);
  const auto seen = out.values();
  CHECK(seen.size() == 20'000);
  CHECK(std::count(seen.begin(), seen.end(), 1) == 10'000);
  CHECK(std::count(seen.begin(), seen.end(), -1) == 0);
}

TEST_CASE("the hashes and the strings of a prefix are tables, without what others hold") {
  const redis_server server;
  entries<campaign> wanted;
  redis::command_list all;
  for (std::int64_t i = 0; i < 700; ++i) {
    const campaign c = campaign_of(i);
    wanted["[a*" + std::to_string(i)] = c;
    all.add("SET", "json:[a*" + std::to_string(i), to_json(c));
    const std::string key = "user:[a*" + std::to_string(i);
    all.add("HSET", key, "name", c.name, "price", std::to_string(c.price), "other", "x");
    if (c.budget) all.add("HSET", key, "budget", *c.budget);
  }
  (void)server.ask_all(all);
  server.ask("SET", "user:text", "no hash");
  server.ask("HSET", "json:hash", "no", "string");
  server.ask("HSET", "users:1", "another", "prefix");
  CHECK(rows_of(redis::read_hashes<campaign>(server.url(), "user:", near)) == wanted);
  CHECK(rows_of(redis::read_strings<campaign>(server.url(), "json:", near)) == wanted);
  // A prefix is no pattern.
  CHECK(rows_of(redis::read_strings<campaign>(server.url(), "json:[a*", near)).size() == 700);
  CHECK(rows_of(redis::read_strings<campaign>(server.url(), "json:?", near)).empty());
  using map = std::map<std::string, std::string>;
  const auto maps = rows_of(redis::read_hashes<map>(server.url(), "users:", near));
  CHECK(maps == entries<map>{{"1", {{"another", "prefix"}}}});
}

TEST_CASE("what sinks write by key is read as it was") {
  const redis_server server;
  std::vector<campaign> rows;
  for (std::int64_t i = 0; i < 300; ++i) rows.push_back(campaign_of(i));
  pipeline p{"writing"};
  auto written = p.from(memory_source{rows});
  written.to(redis::hashes(server.url(), &campaign::name, {.prefix = "h:", .server = quick()}));
  written.to(redis::hash(server.url(), "all", &campaign::name, {}, {.server = quick()}));
  CHECK_FALSE(start(std::move(p)).wait().failure);
  entries<campaign> wanted;
  for (const campaign& c : rows) wanted[c.name] = c;
  CHECK(rows_of(redis::read_hashes<campaign>(server.url(), "h:", near)) == wanted);
  CHECK(rows_of(redis::read_hash<campaign>(server.url(), "all", near)) == wanted);
}

TEST_CASE("a value that can't be decoded is a dead letter with its key, and the others come") {
  const redis_server server;
  fill(server, "prices", 50);
  server.ask("HSET", "prices", "c7", "cheap", "c8", "dear");
  const memory_sink<redis::entry<std::int64_t>> out;
  pipeline p{"reading"};
  p.from(redis::read_hash<std::int64_t>(server.url(), "prices", near)).to(out);
  auto running = start(std::move(p));
  CHECK_FALSE(running.wait().failure);
  CHECK(out.size() == 48);
  const auto letters = running.dead_letters();
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].source == "hash prices");
  CHECK_THAT(letters[0].text + letters[1].text, ContainsSubstring("c7: cheap"));
  CHECK_THAT(letters[0].error, ContainsSubstring("is no"));
}

TEST_CASE("a hash that isn't there is an empty table, and is told of") {
  const redis_server server;
  std::string told;
  redis::read_options options = near;
  options.server.log = [&](const std::string& line) { told += line; };
  CHECK(rows_of(redis::read_hash<double>(server.url(), "prise", options)).empty());
  CHECK_THAT(told, ContainsSubstring("there are no rows of 'hash prise'"));
}

TEST_CASE("what can't be read as a table is refused with one line at the start") {
  redis_server server{{"--requirepass", "right"}};
  server.set_login(":right");
  server.ask("SET", "prices", "text");
  CHECK_THAT(refusal(redis::read_hash<double>(server.url(":right"), "prices", near)),
             ContainsSubstring("'prices' is a string, not a hash"));
  const auto why = refusal(redis::read_hash<double>(server.url(":wrong-secret"), "h", near));
  CHECK_THAT(why, ContainsSubstring("refuses the user or password"));
  CHECK(why.find("wrong-secret") == std::string::npos);
  const std::string nowhere = "redis://127.0.0.1:" + std::to_string(free_port());
  CHECK_THAT(refusal(redis::read_strings<double>(nowhere, "x:", near)),
             ContainsSubstring("start the server, check the URL, or set must_be_there"));
  redis::read_options patient = near;
  patient.server.must_be_there = false;
  CHECK(refusal(redis::read_strings<double>(nowhere, "x:", patient)) == "started");
}

TEST_CASE("a table is read to its end though the server is killed and restarted in the middle") {
  redis_server server;
  fill(server, "prices", 10'000);
  slow_proxy proxy{server.port(), 2ms};
  std::atomic<std::uint64_t> seen = 0;
  std::atomic<std::uint64_t> sum = 0;
  pipeline p{"reading"};
  p.options().batches.events = 64;
  p.from(redis::read_hash<std::int64_t>(proxy.url(), "prices", near))
      .key_by(&redis::entry<std::int64_t>::key)
      .to_table()
      .changes()
      .to(callback_sink{[&](const change<redis::entry<std::int64_t>>& c) {
        ++seen;
        if (c.kind == change_kind::insert) sum += static_cast<std::uint64_t>(c.value.value);
      }});
  auto running = start(std::move(p));
  for (const std::uint64_t until : {1000U, 6000U}) {
    while (seen < until) REQUIRE_FALSE(running.wait_for(1ms));
    server.kill();
    server.start();
  }
  const auto done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  CHECK_FALSE(done.failure);
  CHECK(sum == 3ULL * 9'999 * 10'000 / 2);  // each key once, whatever came twice
}

TEST_CASE("a restart in the middle of a table reads it again, and the join misses no row") {
  const redis_server server;
  fill(server, "prices", 3000);
  slow_proxy proxy{server.port(), 2ms};
  const temporary_directory dir;
  const auto failed = std::make_shared<std::atomic<bool>>(false);
  const memory_sink<std::int64_t> out;
  pipeline p{"priced"};
  const auto prices = p.from(redis::read_hash<std::int64_t>(proxy.url(), "prices", near))
                          .named("prices")
                          .map([failed, n = std::make_shared<std::atomic<int>>(0)](
                                   const redis::entry<std::int64_t>& e) {
                            if (++*n == 1500 && !failed->exchange(true))
                              throw std::runtime_error("once");
                            return e;
                          })
                          .on_error(directive::restart())
                          .key_by(&redis::entry<std::int64_t>::key)
                          .to_table();
  p.from(clicks(3000, 3000))
      .key_by(&click::campaign)
      .join(prices)
      .once_loaded()
      .left()
      .apply([](const click& c, const redis::entry<std::int64_t>* price) {
        return price == nullptr ? std::int64_t{-1} : price->value - 3 * c.number;
      })
      .named("pricing")
      .to(out);
  runtime_options options;
  options.checkpoints.store = directory_store::open(dir / "state").value();
  options.checkpoints.timing.interval = 5ms;
  auto running = start(std::move(p), options);
  const auto done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  CHECK_FALSE(done.failure);
  CHECK(*failed);
  CHECK(done.restarts >= 1);
  const auto seen = out.values();
  CHECK(seen.size() >= 3000);
  CHECK(std::count(seen.begin(), seen.end(), 0) == static_cast<std::ptrdiff_t>(seen.size()));
}

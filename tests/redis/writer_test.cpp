// SPDX-License-Identifier: BSD-3-Clause
// A sink's writer alone, played by the test as a stage would.
#include "redis/sample.hpp"
#include "redis/slow_proxy.hpp"
#include "weir/connectors/redis/command_writer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <deque>
#include <semaphore>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// RPUSH, or SET for those that repeat.
struct encode_click {
  bool by_key = false;

  void operator()(const click& c, redis::command_list& to) const {
    if (c.number < 0) throw std::runtime_error("negative");
    by_key ? to.add("SET", c.campaign, c.number) : to.add("RPUSH", c.campaign, c.number);
  }
};

/// Writes batches as a stage does, and waits for their answers.
class played_stage {
public:
  played_stage(const std::string& url, bool by_key, std::size_t most,
               redis::server_options options = quick())
      : writer_(redis::client{redis::server::parse(url), std::move(options),
                              std::make_shared<thread_executor>()},
                "the server", encode_click{by_key}, by_key, most, [this] { woken_.release(); }) {}

  void write(std::vector<click> batch) {
    while (under_way_.size() == writer_.most_under_way()) wait();
    under_way_.push_back(std::move(batch));
    writer_.begin(under_way_.back());
  }
  void finish() {
    while (!under_way_.empty()) wait();
  }
  [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }

  std::size_t written = 0;
  int tries_left = 0;  ///< What is refused is tried again so often.
  std::vector<std::string> failures;

private:
  void wait() {
    while (!writer_.has_answers()) REQUIRE(woken_.try_acquire_for(30s));
    settle();
  }
  void settle() {
    while (!under_way_.empty()) {
      const weir::written w = writer_.settle();
      written += w.events;
      at_ += w.events;
      if (w.failure && tries_left-- > 0) {
        writer_.try_again();
        continue;
      }
      if (w.failure) {
        failures.push_back(w.failure->message);
        writer_.pass_over();
        ++at_;
        continue;
      }
      if (at_ < under_way_.front().size()) return;
      at_ = 0;
      under_way_.pop_front();
    }
  }

  std::counting_semaphore<1'000'000> woken_{0};
  std::deque<std::vector<click>> under_way_;
  std::size_t at_ = 0;
  redis::command_writer<click, encode_click> writer_;
};

std::vector<click> numbers(std::int64_t from, std::int64_t to, const std::string& campaign) {
  std::vector<click> all;
  for (std::int64_t i = from; i < to; ++i) all.push_back({campaign, i});
  return all;
}

}  // namespace

TEST_CASE("a writer sends batches behind each other, and settles them in order") {
  const redis_server server;
  played_stage stage{server.url(), false, 8};
  for (std::int64_t i = 0; i < 200; ++i) stage.write(numbers(i * 10, i * 10 + 10, "list"));
  stage.finish();
  CHECK(stage.written == 2000);
  CHECK(stage.failures.empty());
  const auto all = server.ask("LRANGE", "list", 0, -1);
  REQUIRE(all.items.size() == 2000);
  for (std::size_t i = 0; i < 2000; ++i) REQUIRE(all.items[i].text == std::to_string(i));
}

TEST_CASE("a writer loses nothing when the server is killed with batches under way") {
  redis_server server;
  played_stage stage{server.url(), true, 8};
  for (std::int64_t i = 0; i < 300; ++i) {
    stage.write({{"a", 2 * i}, {"b", i}, {"a", 2 * i + 1}});
    if (i % 100 != 50) continue;
    server.kill();
    server.start();
  }
  stage.finish();
  CHECK(stage.written == 900);
  CHECK(server.ask("GET", "a").text == "599");
  CHECK(server.ask("GET", "b").text == "299");
}

TEST_CASE("a writer tells what was refused and what can't be encoded, each at its place") {
  const redis_server server;
  server.ask("SET", "text", "no list");
  played_stage stage{server.url(), false, 4};
  stage.write({{"list", 1}, {"text", 2}, {"list", -1}, {"list", 3}});
  stage.write({{"list", -2}});
  stage.write({{"list", 4}, {"text", 5}});
  stage.finish();
  CHECK(stage.written == 3);
  REQUIRE(stage.failures.size() == 4);
  CHECK_THAT(stage.failures[0], ContainsSubstring("the server: WRONGTYPE"));
  CHECK(stage.failures[1] == "negative");
  CHECK(stage.failures[2] == "negative");
  CHECK_THAT(stage.failures[3], ContainsSubstring("WRONGTYPE"));
  CHECK(server.ask("LLEN", "list").number == 3);
}

TEST_CASE("what is tried again is sent alone where that would double what came behind it") {
  const redis_server server;
  server.ask("SET", "text", "no list");
  played_stage stage{server.url(), false, 4};
  stage.tries_left = 5;
  stage.write({{"list", 1}, {"text", 2}, {"list", 3}});
  stage.write({{"list", 4}});
  stage.finish();
  CHECK(stage.failures.size() == 1);
  CHECK(stage.written == 3);
  CHECK(server.ask("LLEN", "list").number == 3);
}

TEST_CASE("told to fail, a writer says of each event that the server is away") {
  redis_server server;
  played_stage stage{server.url(), true, 4, quick(redis::while_away::fail)};
  stage.write({{"a", 1}});
  stage.finish();
  server.kill();
  while (stage.failures.empty()) stage.write({{"a", 2}, {"b", 3}});
  stage.finish();
  CHECK(stage.failures.size() % 2 == 0);
  CHECK_THAT(stage.failures[0], ContainsSubstring("redis://127.0.0.1"));
}

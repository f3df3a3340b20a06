// SPDX-License-Identifier: BSD-3-Clause
#include "enrich/sample.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <limits>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("an event that waits too long is a dead letter, and the stage goes on") {
  operator_run run{asking({.timeout = 2s}), held};
  run.push({"a", 7}, at(1));
  run.advance(1999ms);
  CHECK(run.dead_letters().empty());
  run.advance(1ms);
  const auto letters = run.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK_THAT(letters[0].error, ContainsSubstring("took longer than 2000 ms"));
  CHECK_THAT(letters[0].text, ContainsSubstring("\"number\":7"));
  CHECK(counted(run, "timeouts") == 1);
  CHECK(run.failure().empty());
  run.push_watermark(at(10));
  CHECK(run.watermark() == at(10));
}

TEST_CASE("a timeout is a dead letter even where the stage's directive is to stop") {
  const auto build = [](stream<order> in) {
    return asking({.timeout = 1s})(in).on_error(directive::stop());
  };
  operator_run run{build, held};
  run.push({"a", 7}, at(1));
  run.advance(1s);
  CHECK(run.dead_letters().size() == 1);
  CHECK(run.failure().empty());
}

TEST_CASE("an event that waits too long goes on without a fact, or with the value told") {
  operator_run plain{asking({.timeout = 1s, .on_timeout = pass_through}), held};
  plain.push({"a", 1}, at(1));
  plain.advance(1s);
  CHECK(plain.values() == rows{{{"a", 1}, std::nullopt, fact_source::timed_out}});
  operator_run value{asking({.timeout = 1s, .on_timeout = std::string{"unknown"}}), held};
  value.push({"a", 1}, at(1));
  value.advance(1s);
  CHECK(value.values() == rows{{{"a", 1}, "unknown", fact_source::timed_out}});
}

TEST_CASE("an answer that comes too late is for those who still wait") {
  operator_run run{asking({.timeout = 1s, .on_timeout = pass_through}), held};
  run.push({"a", 1}, at(1));
  run.advance(600ms);
  run.push({"a", 2}, at(2));
  run.advance(400ms);
  CHECK(run.values() == rows{{{"a", 1}, std::nullopt, fact_source::timed_out}});
  tell(run, 0, {"apple"});
  CHECK(run.values() == rows{{{"a", 2}, "apple", fact_source::found}});
}

TEST_CASE("an answer that nobody waits for any more is ignored, and the key is asked for anew") {
  operator_run run{asking({.timeout = 1s, .on_timeout = pass_through}), held};
  run.push({"a", 1}, at(1));
  run.advance(1s);
  run.push({"a", 2}, at(2));
  REQUIRE(run.requests().size() == 2);
  tell(run, 0, {"stale"});
  CHECK(run.values() == rows{{{"a", 1}, std::nullopt, fact_source::timed_out}});
  tell(run, 0, {"fresh"});
  CHECK(run.values() == rows{{{"a", 2}, "fresh", fact_source::found}});
}

TEST_CASE("the end doesn't wait for an answer that was given up") {
  operator_run run{asking({.timeout = 1s}), held};
  run.push({"a", 1}, at(1));
  run.end();
  CHECK(run.watermark() < max_timestamp);
  run.advance(1s);
  CHECK(run.watermark() == max_timestamp);
  CHECK(run.requests().size() == 1);
}

TEST_CASE("without a timeout an event waits for ever") {
  operator_run run{asking({.timeout = 0s}), held};
  run.push({"a", 1}, at(1));
  run.advance(24h);
  CHECK(run.dead_letters().empty());
  tell(run, 0, {"apple"});
  CHECK(run.values().size() == 1);
}

TEST_CASE("a look-up that failed is tried again after back-offs that double") {
  operator_run run{asking({.retry = {.tries = 3, .backoff = 100ms, .jitter = 0}}), held};
  run.push({"a", 1}, at(1));
  for (const auto wait : {100ms, 200ms, 400ms}) {
    tell(run, 0, {failure("down")});
    run.advance(wait - 1ms);
    CHECK(run.requests().empty());
    run.advance(1ms);
    REQUIRE(run.requests().size() == 1);
    CHECK(asked(run) == keys{"a"});
  }
  CHECK(counted(run, "retries") == 3);
  tell(run, 0, {"apple"});
  CHECK(run.values() == rows{{{"a", 1}, "apple", fact_source::found}});
}

TEST_CASE("a back-off has an upper bound, and chance only shortens it") {
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    operator_run run{asking({.timeout = 0s,
                             .retry = {.tries = retry_options::for_ever,
                                       .backoff = 100ms,
                                       .most = 1s,
                                       .jitter = 0.5}}),
                     held};
    for (std::uint32_t i = 0; i <= seed; ++i)  // other keys draw before
      run.push({"a" + std::to_string(i), i}, at(1));
    std::vector<fact_answer<std::string>> down(1, failure("down"));
    for (int n = 0; n < 10; ++n) {
      const auto before = run.now();
      while (!run.requests().empty())
        tell(run, 0, std::vector<fact_answer<std::string>>(asked(run).size(), down[0]));
      const duration whole = std::min<duration>(100ms * (1 << n), 1s);
      while (run.requests().empty() && run.now() - before < 2s) run.advance(1ms);
      INFO("after " << n << " failures, " << (run.now() - before).count() << " us");
      CHECK(run.now() - before <= whole);
      CHECK(run.now() - before >= whole / 2 - 1ms);
      run.advance(whole);  // so that all are at the same number
    }
  }
}

TEST_CASE("when the tries are used up the error's policy decides") {
  operator_run letters{asking({.retry = {.tries = 0}}), held};
  letters.push({"a", 1}, at(1));
  tell(letters, 0, {failure("the server is on fire")});
  const auto kept = letters.dead_letters();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].error == "the look-up failed: the server is on fire");
  CHECK(counted(letters, "failures") == 1);

  operator_run value{asking({.on_error = std::string{"?"}, .retry = {.tries = 0}}), held};
  value.push({"a", 1}, at(1));
  tell(value, 0, {failure("down")});
  CHECK(value.values() == rows{{{"a", 1}, "?", fact_source::failed}});
}

TEST_CASE("a timeout counts all tries together") {
  operator_run run{asking({.timeout = 1s,
                           .on_timeout = pass_through,
                           .retry = {.tries = 100, .backoff = 300ms, .most = 300ms, .jitter = 0}}),
                   held};
  run.push({"a", 1}, at(1));
  for (int i = 0; i < 4 && !run.requests().empty(); ++i) {
    tell(run, 0, {failure("down")});
    run.advance(300ms);
  }
  CHECK(run.values() == rows{{{"a", 1}, std::nullopt, fact_source::timed_out}});
  run.advance(10s);
  CHECK(run.requests().empty());
}

TEST_CASE("one key's failure doesn't touch the others of its request") {
  operator_run run{asking({.on_error = pass_through, .retry = {.tries = 0}}), held};
  run.push_batch({{{"a", 1}, at(1)}, {{"b", 2}, at(2)}});
  tell(run, 0, {failure("down"), std::optional<std::string>{"banana"}});
  CHECK(run.values() == rows{{{"a", 1}, std::nullopt, fact_source::failed},
                             {{"b", 2}, "banana", fact_source::found}});
}

TEST_CASE("an answer that does not decode is a failure of its keys") {
  operator_run run{asking({.retry = {.tries = 0}}), held};
  run.push_batch({{{"a", 1}, at(1)}, {{"b", 2}, at(2)}});
  run.answer(0, bytes{std::byte{0}});
  CHECK(run.values().size() == 1);
  const auto kept = run.dead_letters();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].error == "the look-up failed: the look-up's answer does not decode");
}

TEST_CASE("settings that make no sense are refused with what to do") {
  const auto refused = [](settings s) {
    try {
      operator_run run{asking(s)};
      return std::string{"accepted"};
    } catch (const exception& e) {
      return e.why().message;
    }
  };
  CHECK_THAT(refused({.capacity = 0}), ContainsSubstring("capacity is 0"));
  CHECK_THAT(refused({.timeout = -1s}), ContainsSubstring("the timeout is negative"));
  CHECK_THAT(refused({.retry = {.backoff = -1s}}), ContainsSubstring("back-off is negative"));
  CHECK_THAT(refused({.retry = {.jitter = 2}}), ContainsSubstring("between 0 and 1"));
  CHECK_THAT(refused({.cache = {.ttl = -1s}}), ContainsSubstring("time to live is negative"));
  CHECK_THAT(refused({.cache = {.refresh_ahead = 0}}), ContainsSubstring("above 0"));
}

namespace {

struct measured {
  double place = 0;
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(measured, (), (place, number))

}  // namespace

TEST_CASE("a key that is not a number fails its event alone, whatever order is kept") {
  for (const enrich_order order : {enrich_order::by_key, enrich_order::whole, enrich_order::none}) {
    for (const std::size_t entries : {0U, 10U}) {
      operator_run run{[&](stream<measured> in) {
                         return in.enrich(
                             look_up(&measured::place,
                                     [](const std::vector<double>&) {
                                       return std::vector<std::optional<std::string>>{};
                                     })
                                 .batch(4),
                             enrich_options<std::string>{
                                 .timeout = 1s, .order = order, .cache = {.entries = entries}});
                       },
                       held};
      run.push({std::numeric_limits<double>::quiet_NaN(), 1}, at(1)).push({2.0, 2}, at(2));
      REQUIRE(run.dead_letters().size() == 1);
      tell(run, 0, {"two"});
      REQUIRE(run.values().size() == 1);
      auto next = run.restarted();
      next.advance(2s);
      next.end();
      CHECK(next.watermark() == max_timestamp);  // nothing waits for ever
      CHECK(next.dead_letters().empty());
      CHECK(next.failure().empty());
    }
  }
}

// SPDX-License-Identifier: BSD-3-Clause
#include "enrich/sample.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr auto found = fact_source::found;

rows found_rows(std::initializer_list<order> orders) {
  rows all;
  for (const order& o : orders) all.push_back({o, "fact of " + o.item, found});
  return all;
}
void tell_all(auto& run, std::size_t request) {
  std::vector<fact_answer<std::string>> answers;
  for (const std::string& k : asked(run, request)) answers.push_back(std::optional{"fact of " + k});
  tell(run, request, answers);
}

}  // namespace

TEST_CASE("an event leaves with the fact that was looked up for it") {
  operator_run run{asking({}), held};
  run.push({"a", 1}, at(1));
  REQUIRE(run.requests().size() == 1);
  CHECK(asked(run) == keys{"a"});
  CHECK(run.values().empty());
  tell(run, 0, {"apple"});
  CHECK(run.values() == rows{{{"a", 1}, "apple", found}});
}

TEST_CASE("a stream without events asks nothing and ends") {
  operator_run run{asking({}), held};
  run.end();
  CHECK(run.requests().empty());
  CHECK(run.watermark() == max_timestamp);
}

TEST_CASE("a key of which there is no fact is missing") {
  operator_run run{asking({}), held};
  run.push({"a", 1}, at(1));
  tell(run, 0, {nullptr});
  CHECK(run.values() == rows{{{"a", 1}, std::nullopt, fact_source::missing}});
}

TEST_CASE("events of one key are asked for once, however many wait") {
  operator_run run{asking({}), held};
  run.push_batch({{{"a", 1}, at(1)}, {{"a", 2}, at(2)}, {{"b", 3}, at(3)}});
  run.push({"a", 4}, at(4));
  REQUIRE(run.requests().size() == 1);
  CHECK(asked(run) == keys{"a", "b"});
  tell_all(run, 0);
  CHECK(run.values() == found_rows({{"a", 1}, {"b", 3}, {"a", 2}, {"a", 4}}));
  CHECK(counted(run, "requests") == 1);
  CHECK(counted(run, "look-ups") == 4);
}

TEST_CASE("a batch's keys are asked for in requests of the look-up's size") {
  operator_run run{asking({}, 2), held};
  std::vector<timed<order>> events;
  for (int i = 0; i < 5; ++i) events.push_back({{std::string(1, char('a' + i)), i}, at(i)});
  run.push_batch(events);
  // Two are under way: the last key waits for one of them, or for another to fill its request.
  REQUIRE(run.requests().size() == 2);
  CHECK(asked(run, 0) == keys{"a", "b"});
  CHECK(asked(run, 1) == keys{"c", "d"});
  tell_all(run, 0);
  REQUIRE(run.requests().size() == 2);
  CHECK(asked(run, 1) == keys{"e"});
}

TEST_CASE("without an order events leave as their facts come") {
  operator_run run{asking({.order = enrich_order::none}, 1), held};
  run.push_batch({{{"a", 1}, at(1)}, {{"b", 2}, at(2)}, {{"c", 3}, at(3)}});
  REQUIRE(run.requests().size() == 3);
  tell_all(run, 2);
  CHECK(run.values() == found_rows({{"c", 3}}));
  tell_all(run, 0);
  CHECK(run.values() == found_rows({{"a", 1}}));
  tell_all(run, 0);
  CHECK(run.values() == found_rows({{"b", 2}}));
}

TEST_CASE("in whole order a slow answer holds up what came behind it") {
  operator_run run{asking({.order = enrich_order::whole}, 1), held};
  run.push_batch({{{"a", 1}, at(1)}, {{"b", 2}, at(2)}, {{"c", 3}, at(3)}});
  tell_all(run, 2);
  tell_all(run, 1);
  CHECK(run.values().empty());
  tell_all(run, 0);
  CHECK(run.values() == found_rows({{"a", 1}, {"b", 2}, {"c", 3}}));
}

TEST_CASE("by the stream's key, only events of the same key wait for each other") {
  const auto build = [](stream<order> in) {
    return in.key_by([](const order& o) { return o.number % 2; })
        .enrich(unanswered(1), {.order = enrich_order::by_key});
  };
  operator_run run{build, held};
  run.push_batch({{{"a", 1}, at(1)}, {{"b", 2}, at(2)}, {{"c", 3}, at(3)}, {{"d", 4}, at(4)}});
  REQUIRE(run.requests().size() == 4);
  tell_all(run, 3);  // d is behind b
  CHECK(run.values().empty());
  tell_all(run, 0);
  CHECK(run.values() == found_rows({{"a", 1}}));
  tell_all(run, 0);
  CHECK(run.values() == found_rows({{"b", 2}, {"d", 4}}));
  tell_all(run, 0);
  CHECK(run.values() == found_rows({{"c", 3}}));
}

TEST_CASE("the watermark waits for the events that wait, in any order") {
  for (const auto order : {enrich_order::none, enrich_order::by_key, enrich_order::whole}) {
    operator_run run{asking({.order = order}, 1), held};
    run.push_batch({{{"a", 1}, at(5)}, {{"b", 2}, at(8)}});
    run.push_watermark(at(20));
    CHECK(run.watermark() == at(5) - 1us);
    tell_all(run, 0);
    CHECK(run.watermark() == at(8) - 1us);
    tell_all(run, 0);
    CHECK(run.watermark() == at(20));
  }
}

TEST_CASE("a late event doesn't take the watermark back") {
  operator_run run{asking({}), held};
  run.push_watermark(at(100));
  run.push({"a", 1}, at(5));
  run.push_watermark(at(200));
  CHECK(run.watermark() == at(100));
  tell_all(run, 0);
  CHECK(run.watermark() == at(200));
}

TEST_CASE("a stream that is idle says so once the last fact is there") {
  operator_run run{asking({}), held};
  run.push({"a", 1}, at(5));
  run.idle();
  CHECK_FALSE(run.progress().idle);
  tell_all(run, 0);
  CHECK(run.progress().idle);
}

TEST_CASE("the end comes behind the last fact") {
  operator_run run{asking({}), held};
  run.push({"a", 1}, at(5));
  run.end();
  CHECK(run.watermark() < max_timestamp);
  tell_all(run, 0);
  CHECK(run.values() == found_rows({{"a", 1}}));
  CHECK(run.watermark() == max_timestamp);
}

TEST_CASE("a plain function of one key answers at once") {
  operator_run run{[](stream<order> in) {
    return in.enrich(look_up(&order::item, [](const std::string& k) { return k + "!"; }));
  }};
  run.push({"a", 1}, at(1));
  CHECK(run.values() == rows{{{"a", 1}, "a!", found}});
}

TEST_CASE("what a look-up throws is a failure of the key it was for") {
  operator_run run{[](stream<order> in) {
    return in.enrich(look_up(&order::item,
                             [](const std::string& k) -> std::optional<std::string> {
                               if (k == "bad") throw std::runtime_error("no luck");
                               return k;
                             }),
                     {.on_error = pass_through, .retry = {.tries = 0}});
  }};
  run.push_batch({{{"bad", 1}, at(1)}, {{"good", 2}, at(2)}});
  CHECK(run.values() ==
        rows{{{"bad", 1}, std::nullopt, fact_source::failed}, {{"good", 2}, "good", found}});
}

TEST_CASE("a function of many keys that forgets some has failed") {
  operator_run run{[](stream<order> in) {
    return in.enrich(look_up(&order::item, [](const keys&) { return facts{}; }),
                     {.retry = {.tries = 0}});
  }};
  run.push({"a", 1}, at(1));
  const auto letters = run.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].error == "the look-up failed: the look-up answered 0 of 1 keys");
}

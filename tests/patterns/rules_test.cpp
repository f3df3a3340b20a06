// SPDX-License-Identifier: BSD-3-Clause
// Patterns as data, and rules that come, change and go while events are matched.
#include "weir/codec/json.hpp"
#include "weir/test.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

enum class channel { web, shop };
BOOST_DESCRIBE_ENUM(channel, web, shop)

struct device {
  std::string maker;
  std::optional<std::int64_t> age;
};
BOOST_DESCRIBE_STRUCT(device, (), (maker, age))

struct charge {
  std::string card;
  double amount = 0;
  channel by = channel::web;
  device from{};
};
BOOST_DESCRIBE_STRUCT(charge, (), (card, amount, by, from))

timestamp us(std::int64_t n) { return timestamp{duration{n}}; }

result<patterns::condition<charge>> condition_of(const std::string& text,
                                                 const std::vector<std::string>& steps) {
  patterns::predicate_pool<charge> pool;
  return patterns::condition_maker<charge>{steps, pool}.make(text);
}
bool holds(const std::string& text, const charge& c) {
  auto made = condition_of(text, {});
  if (!made) FAIL(made.error().message);
  bool fits = false;
  made->on_events(&c, 1, &fits);
  return fits;
}
std::string mistake_in(const std::string& text) {
  auto made = condition_of(text, {"probe"});
  return made ? "" : made.error().message;
}

pattern_rule rule_of(const std::string& json) { return from_json<pattern_rule>(json).value(); }

pattern_rule probing(std::uint64_t version, int probes = 2) {
  return rule_of(R"({"id": "testing", "version": )" + std::to_string(version) +
                 R"(, "within": "1ms", "skip": "past_last", "steps": [
                    {"step": "probe", "where": "amount < 1", "times": )" +
                 std::to_string(probes) + R"(},
                    {"step": "strike", "where": "amount > 10 * mean(probe.amount) + 5"}]})");
}

subject<match<charge>, inputs<charge, pattern_rule>> dynamic(operator_options o = {}) {
  return subject<match<charge>, inputs<charge, pattern_rule>>{
      [](stream<charge> in, stream<pattern_rule> rules) {
        return std::move(in)
            .key_by(&charge::card)
            .detect_dynamic(std::move(rules))
            .named("dynamic");
      },
      o};
}

template <class Run>
void charge_card(Run& run, std::int64_t& at, std::initializer_list<double> amounts,
                 const std::string& card = "c") {
  for (const double a : amounts) run.push({card, a, channel::web, {}}, us(++at));
  run.input().push_watermark(us(at));
}

template <class Run>
std::vector<std::string> found(Run& run) {
  std::vector<std::string> all;
  for (const auto& m : run.values())
    all.push_back(m.pattern + " " + std::to_string(m.version) + " " + m.first("probe").card + " " +
                  std::to_string(m.size()));
  return all;
}
using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("conditions as text compare, reckon and look into texts") {
  const charge c{"4111-x", 12.5, channel::shop, {"Acme", std::nullopt}};
  CHECK(holds("amount > 12 and amount <= 12.5", c));
  CHECK(holds("amount * 2 - 5 == 20 && !(amount < 0)", c));
  CHECK(holds("amount % 5 == 2.5 or false", c));
  CHECK(holds("starts_with(card, '4111') and ends_with(card, \"x\")", c));
  CHECK(holds("contains(lower(from.maker), 'cm') and length(card) == 6", c));
  CHECK(holds("by == 'shop' and upper(from.maker) != 'acme'", c));
  CHECK(holds("abs(-amount) == amount and -2 * -3 == 6", c));
  CHECK(holds("1 + 2 * 3 == 7 and (1 + 2) * 3 == 9 and 7 - 2 - 1 == 4", c));
  CHECK(holds("true or amount > 99 and false", c));
  CHECK_FALSE(holds("from.age > 0 or from.age <= 0", c));
  CHECK_FALSE(holds("exists(from.age)", c));
  CHECK(holds("not exists(from.age)", c));
}

TEST_CASE("a wrong condition says where and what") {
  CHECK(mistake_in("amonut > 1") ==
        "at 1 of 'amonut > 1': the event has no field 'amonut' to "
        "compare; there is card, amount, by, from");
  CHECK(mistake_in("from.owner == 'x'").find("there is maker, age") != std::string::npos);
  CHECK(mistake_in("card > 1").find("at 6 of 'card > 1': text is compared with a number") !=
        std::string::npos);
  CHECK(mistake_in("amount").find("is a number, not a condition") != std::string::npos);
  CHECK(mistake_in("amount > ").find("expected a value") != std::string::npos);
  CHECK(mistake_in("(amount > 1").find("expected ')'") != std::string::npos);
  CHECK(mistake_in("amount = 1").find("expected an operator or the end") != std::string::npos);
  CHECK(mistake_in("card == 'x").find("expected a closing '") != std::string::npos);
  CHECK(mistake_in("nth(amount) > 1").find("no function 'nth'") != std::string::npos);
  CHECK(mistake_in("count(nobody) > 1").find("count() wants a step") != std::string::npos);
  CHECK(mistake_in("sum(probe.card) > 1").find("sum() wants a number") != std::string::npos);
  CHECK(mistake_in("length(card, card) > 1").find("length() wants 1 value") != std::string::npos);
  CHECK(mistake_in(std::string(500, '(')).find("less nesting") != std::string::npos);
}

TEST_CASE("a rule that can't be made into a pattern names the step") {
  const auto says = [](const std::string& json, const std::string& text) {
    const auto p = read_pattern<charge>(rule_of(json));
    const std::string said = p ? p->explain() : p.error().message;
    INFO(said);
    CHECK(said.find(text) != std::string::npos);
  };
  says(R"({"id": "r", "version": 1})", "rule 'r': it has no steps");
  says(R"({"id": "r", "version": 1, "steps": [{"step": "a", "where": "amont > 1"}]})",
       "rule 'r': step 'a': where: at 1 of 'amont > 1'");
  says(R"({"id": "r", "version": 1, "steps": [{"step": "a", "times": 0}]})",
       "pattern 'r': step 'a': times(0)");
  says(R"({"id": "r", "version": 1, "steps": [{"group": "g"}]})", "there is no group 'g'");
  says(R"({"id": "r", "version": 1, "steps": [{"group": "g"}], "groups": {"g": [{"group": "g"}]}})",
       "groups hold each other");
  says(R"({"id": "r", "version": 1, "within": "soon", "steps": [{"step": "a"}]})",
       "within: 'soon' is no duration");
  says(R"({"id": "r", "version": 1, "skip": "some", "steps": [{"step": "a"}]})", "skip: 'some'");
  says(R"({"id": "r", "version": 1, "steps": [{"step": "a", "how": "not_next"}, {"step": "b"}]})",
       "rule 'r': step 'a': a pattern can't begin with a NOT step");
  says(R"({"id": "r", "version": 1, "steps": [{"step": "a"}, {"step": "b", "how": "then"}]})",
       "how: 'then'");
}

TEST_CASE("all of the language can be said as data") {
  const auto p = read_pattern<charge>(rule_of(R"json({"id": "r", "version": 1, "within": "10s",
      "skip": "to_last:a", "steps": [
        {"step": "a", "at_least": 1, "between": "strict", "greedy": true, "until": "amount > 9"},
        {"step": "n", "how": "not_next", "where": "amount == 3"},
        {"group": "g", "how": "followed_by_any", "at_least": 1, "at_most": 2, "gap": "2s"},
        {"step": "z", "how": "next", "optional": true, "within": "1s",
         "where": "amount > a.last.amount and max(b.amount) >= min(b.amount)"}],
      "groups": {"g": [{"step": "b", "times": 2}]}})json"));
  if (!p) FAIL(p.error().message);
  const auto plan = p->compile();
  if (!plan) FAIL(plan.error().message);
  CHECK((*plan)->machine.steps == texts{"a", "b", "z"});
}

TEST_CASE("rules match from when they come, and carry id and version") {
  auto run = dynamic().run();
  std::int64_t at = 0;
  charge_card(run, at, {0.5, 0.5, 90});
  CHECK(found(run).empty());
  run.input<1>().push(probing(1), us(0));
  charge_card(run, at, {0.5, 0.5, 90});
  CHECK(found(run) == texts{"testing 1 c 3"});
  run.input<1>().push(rule_of(R"({"id": "any", "version": 7, "steps": [{"step": "probe"}]})"),
                      us(0));
  charge_card(run, at, {50});
  CHECK(found(run) == texts{"any 7 c 1"});
}

TEST_CASE("the rules' watermark holds nothing up, and their end ends nothing") {
  auto run = dynamic().run();
  std::int64_t at = 0;
  run.input<1>().push(probing(1), us(0));
  run.input<1>().end();
  charge_card(run, at, {0.5, 0.5, 90});
  CHECK(found(run).size() == 1);
  CHECK(run.watermark() == us(at));
}

TEST_CASE("a replaced rule's partial matches are dropped, or may still complete") {
  for (const bool finish : {false, true}) {
    auto run = dynamic().run();
    std::int64_t at = 0;
    run.input<1>().push(probing(1), us(0));
    charge_card(run, at, {0.5, 0.5});
    pattern_rule next = probing(2, 3);
    if (finish) next.replaces = "finish";
    run.input<1>().push(next, us(0));
    charge_card(run, at, {90});
    CHECK(found(run) == (finish ? texts{"testing 1 c 3"} : texts{}));
    charge_card(run, at, {0.5, 0.5, 90});
    CHECK(found(run).empty());
    charge_card(run, at, {0.5, 0.5, 0.5, 90});
    CHECK(found(run) == texts{"testing 2 c 4"});
  }
}

TEST_CASE("a removed rule matches no more; older versions and repeats are ignored") {
  auto run = dynamic().run();
  std::int64_t at = 0;
  run.input<1>().push(probing(2), us(0));
  run.input<1>().push(probing(1, 1), us(0));
  run.input<1>().push(probing(2), us(0));
  charge_card(run, at, {0.5, 0.5, 90});
  CHECK(found(run) == texts{"testing 2 c 3"});
  run.input<1>().push(rule_of(R"({"id": "testing", "version": 3, "removed": true})"), us(0));
  run.input<1>().push(probing(2), us(0));
  charge_card(run, at, {0.5, 0.5, 90});
  CHECK(found(run).empty());
  CHECK(run.dead_letters().empty());
}

TEST_CASE("a wrong rule goes to the dead letters, and the version before stays") {
  auto run = dynamic().run();
  std::int64_t at = 0;
  run.input<1>().push(probing(1), us(0));
  pattern_rule wrong = probing(2);
  (*wrong.steps)[0].where = "amuont < 1";
  run.input<1>().push(wrong, us(0));
  run.input<1>().push(probing(1, 5), us(0));
  charge_card(run, at, {0.5, 0.5, 90});
  CHECK(found(run) == texts{"testing 1 c 3"});
  const auto letters = run.dead_letters();
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].error.find("rule 'testing': step 'probe': where: at 1") != std::string::npos);
  CHECK(letters[0].text.find("amuont") != std::string::npos);
  CHECK(letters[1].error.find("raise the version") != std::string::npos);
}

TEST_CASE("rules and their partial matches survive a restore at another parallelism") {
  operator_options o;
  o.pipeline.parallelism = 2;
  auto run = dynamic(o).run();
  std::int64_t at = 0;
  run.input<1>().push(probing(1), us(0));
  for (const char* card : {"c", "d", "e"}) charge_card(run, at, {0.5, 0.5}, card);
  pattern_rule next = probing(2, 3);
  next.replaces = "finish";
  run.input<1>().push(next, us(0));
  o.pipeline.parallelism = 3;
  auto again = run.restarted(o);
  for (const char* card : {"c", "d", "e"}) charge_card(again, at, {90}, card);
  texts all = found(again);
  std::sort(all.begin(), all.end());
  CHECK(all == texts{"testing 1 c 3", "testing 1 d 3", "testing 1 e 3"});
  charge_card(again, at, {0.5, 0.5, 0.5, 90});
  CHECK(found(again) == texts{"testing 2 c 4"});
}

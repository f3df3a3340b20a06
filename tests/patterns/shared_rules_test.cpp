// SPDX-License-Identifier: BSD-3-Clause
// Many rules at once: what they share, how they are found, and that each finds what it finds alone.
#include "patterns/scale.hpp"
#include "weir/codec/json.hpp"
#include "weir/test.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <random>

using namespace weir;
using namespace weir::test;

namespace {

enum class channel { web, shop };
BOOST_DESCRIBE_ENUM(channel, web, shop)

struct purchase {
  std::string card;
  int kind = 0;
  std::string place;
  double amount = 0;
  channel by = channel::web;
  std::optional<int> age;
};
BOOST_DESCRIBE_STRUCT(purchase, (), (card, kind, place, amount, by, age))

timestamp us(std::int64_t n) { return timestamp{duration{n}}; }
using texts = std::vector<std::string>;

pattern_rule rule_of(const std::string& id, std::vector<rule_step> steps) {
  pattern_rule r;
  r.id = id;
  r.version = 1;
  r.steps = std::move(steps);
  return r;
}
rule_step step_of(const std::string& name, const std::string& where) {
  rule_step s;
  s.step = name;
  s.where = where;
  return s;
}

/// Rules in an index, as an operator has them.
struct indexed {
  void add(const pattern_rule& r) {
    plans.push_back(patterns::rule_reader<purchase>{r, pool}.read().compile().value());
    index.add(*plans.back());
  }
  patterns::predicate_pool<purchase> pool;
  std::vector<std::shared_ptr<const patterns::plan<purchase>>> plans;
  patterns::rule_index<purchase> index;
};
using numbers = std::vector<std::uint32_t>;

/// Makes rules of conditions that overlap.
class random_rules {
public:
  explicit random_rules(std::uint64_t seed) : random_(seed) {}

  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  pattern_rule make(int number) {
    while (true) {
      pattern_rule r = rule_of("r" + std::to_string(number), {});
      for (int n = 2 + pick(3); n > 0; --n) r.steps->push_back(make_step());
      r.steps->front().how.reset();
      if (pick(3) != 0) r.within = std::to_string(5 + pick(20)) + "us";
      if (pick(3) == 0) r.skip = pick(2) == 0 ? "past_last" : "to_next";
      steps_ = 0;
      if (const auto p = read_pattern<purchase>(r); p && p->compile()) return r;
    }
  }
  purchase event() {
    purchase p{"c" + std::to_string(pick(3)),
               pick(5),
               pick(2) == 0 ? "x" : "y",
               static_cast<double>(pick(10)),
               pick(2) == 0 ? channel::web : channel::shop,
               {}};
    if (pick(2) == 0) p.age = pick(4);
    return p;
  }

private:
  rule_step make_step() {
    static const texts alone{"kind == 1",
                             "kind == 2",
                             "kind == 3 or kind == 4",
                             "place == 'x'",
                             "kind == 1 and amount > 4",
                             "amount > 4",
                             "by == 'shop'",
                             "age == 2",
                             "not kind == 3",
                             "kind == 2 or amount > 7",
                             "true",
                             "(kind == 1 or kind == 2) and (place == 'y' or amount < 2)"};
    static const texts reading{"kind == 2 and amount > s0.last.amount", "amount > mean(s0.amount)",
                               "kind == 1 or count(s0) > 1", "place == s0.first.place"};
    static const char* const links[] = {"followed_by",     "followed_by", "next",
                                        "followed_by_any", "not_next",    "not_followed_by"};
    const bool reads = steps_ != 0 && pick(4) == 0;
    rule_step s =
        step_of("s" + std::to_string(steps_++), reads ? reading[static_cast<std::size_t>(pick(4))]
                                                      : alone[static_cast<std::size_t>(pick(12))]);
    s.how = links[pick(6)];
    if (s.how->starts_with("not")) return s;
    if (pick(4) == 0) s.at_least = 1;
    if (s.at_least && pick(3) == 0) s.until = alone[static_cast<std::size_t>(pick(12))];
    if (s.at_least && pick(3) == 0) s.between = "strict";
    if (s.at_least && pick(3) == 0) s.greedy = true;
    if (pick(5) == 0) s.optional = true;
    if (pick(5) == 0) s.within = std::to_string(2 + pick(6)) + "us";
    return s;
  }

  std::mt19937_64 random_;
  int steps_ = 0;
};

const side_output<timed_out_match<purchase>> timed_out{"timed out"};

std::string text_of(const match<purchase>& m, timestamp at) {
  std::string text = m.pattern;
  for (const auto& s : m.steps) {
    text += " " + s.step + ":";
    for (const purchase& p : s.events)
      text += " " + p.card + std::to_string(p.kind) + p.place + std::to_string(int(p.amount));
  }
  return text + " @" + std::to_string(at.time_since_epoch().count());
}
template <class Run>
void drain(Run& run, texts& to) {
  for (const auto& m : run.outputs()) to.push_back(text_of(m.value, m.at));
  for (const auto& t : run.side(timed_out)) to.push_back("over " + text_of(t.value.events, t.at));
}

}  // namespace

TEST_CASE("a condition that many rules have is asked once an event") {
  indexed all;
  for (int i = 0; i < 100; ++i)
    all.add(rule_of("r", {step_of("a", "amount>5 and length( card ) == 4"),
                          step_of("b", "length(card) == 4 and amount > a.first.amount")}));
  CHECK(all.index.conditions() == 2);
  CHECK(all.pool.size() == 2);
  all.index.look_at({.card = "1234", .amount = 6});
  CHECK(all.index.beginning().size() == 100);
  for (const auto n : all.index.beginning())
    CHECK(all.index.classify(n, {.card = "1234", .amount = 6}) ==
          (patterns::always | patterns::bit_of(0) | patterns::bit_of(1)));
  CHECK(all.index.asked() == 2);
}

TEST_CASE("rules are found by the values that their steps need") {
  indexed all;
  for (int i = 0; i < 100; ++i)
    all.add(rule_of("r", {step_of("a", "kind == " + std::to_string(i)),
                          step_of("b", "amount > 3 and kind == " + std::to_string(i + 1))}));
  all.index.look_at({.kind = 7, .amount = 1});
  CHECK(all.index.beginning() == numbers{7});
  CHECK(all.index.going_on() == numbers{6});
  CHECK(all.index.asked() == 0);
  all.index.look_at({.kind = 777});
  CHECK(all.index.beginning().empty());
  CHECK(all.index.going_on().empty());
}

TEST_CASE("rules are found by texts, enumerations, optional fields and alternatives of them") {
  indexed all;
  for (const char* where : {"place == 'x'", "by == 'shop'", "age == 2", "kind == 1 or place == 'z'",
                            "kind == 0 - 1", "true"})
    all.add(rule_of("r", {step_of("a", where)}));
  const auto found = [&](const purchase& p) {
    all.index.look_at(p);
    return all.index.beginning();
  };
  CHECK(found({}) == numbers{5});
  CHECK(found({.place = "x"}) == numbers{0, 5});
  CHECK(found({.by = channel::shop}) == numbers{1, 5});
  CHECK(found({.age = 2}) == numbers{2, 5});
  CHECK(found({.kind = 1, .place = "z"}) == numbers{3, 5});
  CHECK(found({.kind = -1}) == numbers{4, 5});
}

TEST_CASE("a rule whose wait any event can end sees them all") {
  indexed all;
  auto strict = rule_of("r", {step_of("a", "kind == 1"), step_of("b", "kind == 2")});
  (*strict.steps)[1].how = "next";
  all.add(strict);
  all.add(rule_of("r", {step_of("a", "kind == 1"), step_of("b", "kind == 2")}));
  CHECK(all.index.watchful() == std::vector<std::uint64_t>{1});
}

TEST_CASE("conditions that no rule has any more are forgotten") {
  patterns::predicate_pool<purchase> pool;
  for (int i = 0; i < 1'000; ++i) {
    const auto r = rule_of("r", {step_of("a", "kind == " + std::to_string(i))});
    CHECK(patterns::rule_reader<purchase>{r, pool}.read().compile());
  }
  CHECK(pool.size() < 200);
}

TEST_CASE("each of many rules finds what it finds alone") {
  const char* chosen = std::getenv("WEIR_SEED");
  const std::uint64_t seed =
      chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : std::random_device{}();
  INFO("WEIR_SEED=" << seed);
  random_rules random{seed};
  detect_options<purchase> options;
  options.timed_out = timed_out;
  int matches = 0;
  for (int round = 0; round < rounds(30); ++round) {
    std::vector<pattern_rule> rules;
    for (int i = 0; i < 70; ++i) rules.push_back(random.make(i));
    const subject<match<purchase>, inputs<purchase, pattern_rule>> together{
        [=](stream<purchase> in, stream<pattern_rule> more) {
          return std::move(in)
              .key_by(&purchase::card)
              .detect_dynamic(std::move(more), options, rules)
              .named("rules");
        },
        operator_options{}, timed_out};
    auto run = together.run();
    std::vector<std::pair<std::optional<purchase>, timestamp>> fed;  // without event: a watermark
    const auto feed = [](auto& to, const auto& one) {
      const auto& [event, when] = one;
      event ? void(to.push(*event, when)) : void(to.input().push_watermark(when));
    };
    texts found, expected;
    std::int64_t at = 0;
    for (int i = 0; i < 80; ++i) {
      at += random.pick(3);
      fed.emplace_back(random.event(), us(at));
      feed(run, fed.back());
      if (random.pick(4) == 0) feed(run, fed.emplace_back(std::nullopt, us(at - 1)));
      drain(run, found);
      if (random.pick(30) == 0) run = run.restarted();
    }
    feed(run, fed.emplace_back(std::nullopt, us(at + 100)));
    drain(run, found);
    for (const pattern_rule& r : rules) {
      const auto p = read_pattern<purchase>(r).value();
      const subject<match<purchase>, inputs<purchase>> alone{
          [=](stream<purchase> in) {
            return std::move(in).key_by(&purchase::card).detect(p, options).named("alone");
          },
          operator_options{}, timed_out};
      auto one = alone.run();
      for (const auto& f : fed) feed(one, f);
      drain(one, expected);
    }
    matches += static_cast<int>(expected.size());
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    texts more, fewer;
    std::ranges::set_difference(found, expected, std::back_inserter(more));
    std::ranges::set_difference(expected, found, std::back_inserter(fewer));
    for (const pattern_rule& r : rules)
      for (const texts* wrong : {&more, &fewer})
        for (const std::string& text : *wrong)
          if (text.find(r.id + " ") != text.npos) UNSCOPED_INFO(to_json(r));
    REQUIRE(std::pair{more, fewer} == std::pair{texts{}, texts{}});
  }
  CHECK(matches > rounds(30) * 30);
}

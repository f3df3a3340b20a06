// SPDX-License-Identifier: BSD-3-Clause
#include "patterns/letters.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <numeric>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

auto a() { return pattern<letter>("a").where(is('a')); }
auto c() { return pattern<letter>("c").where(is('c')); }

std::string mistake_of(const pattern<letter>& p) {
  const auto plan = p.compile();
  return plan ? "" : plan.error().message;
}

}  // namespace

TEST_CASE("next takes the very next event, or nothing") {
  const auto p = a().next("b").where(is('b'));
  CHECK(matches_of(p, "a1 b1") == texts{"a1 b1"});
  CHECK(matches_of(p, "a1 x1 b1").empty());
}

TEST_CASE("followed_by passes over what doesn't fit and takes the first that does") {
  const auto p = a().followed_by("b").where(is('b'));
  CHECK(matches_of(p, "a1 x1 b1 b2") == texts{"a1 b1"});
}

TEST_CASE("followed_by_any takes each later event that fits") {
  const auto p = a().followed_by_any("b").where(is('b'));
  CHECK(matches_of(p, "a1 b1 b2") == texts{"a1 b1", "a1 b2"});
}

TEST_CASE("a loop in front begins at each of its events") {
  const auto p = a().one_or_more().followed_by("b").where(is('b'));
  CHECK(matches_of(p, "a1 a2 b1") == texts{"a1 a2 b1", "a1 b1", "a2 b1"});
}

TEST_CASE("inner contiguity decides which repetitions there are") {
  const auto loop = [](auto set) {
    auto p = c().followed_by("a").where(is('a')).one_or_more();
    set(p);
    return p.followed_by("b").where(is('b'));
  };
  CHECK(matches_of(loop([](auto&) {}), "c1 a1 a2 a3 b1") ==
        texts{"c1 a1 a2 a3 b1", "c1 a1 a2 b1", "c1 a1 b1"});
  CHECK(matches_of(loop([](auto& p) { p.allow_combinations(); }), "c1 a1 a2 a3 b1") ==
        texts{"c1 a1 a2 a3 b1", "c1 a1 a2 b1", "c1 a1 a3 b1", "c1 a1 b1"});
  CHECK(matches_of(loop([](auto& p) { p.consecutive(); }), "c1 x1 a1 a2 x2 a3 b1") ==
        texts{"c1 a1 a2 b1", "c1 a1 b1"});
}

TEST_CASE("times counts") {
  CHECK(matches_of(a().times(2), "a1 a2 a3") == texts{"a1 a2", "a2 a3"});
  CHECK(matches_of(c().followed_by("a").where(is('a')).times(1, 2), "c1 a1 a2 a3") ==
        texts{"c1 a1", "c1 a1 a2"});
  CHECK(matches_of(c().followed_by("a").where(is('a')).times_or_more(2), "c1 a1 a2 a3") ==
        texts{"c1 a1 a2", "c1 a1 a2 a3"});
  CHECK(matches_of(c().followed_by("a").where(is('a')).times(0, 1).followed_by("b").where(is('b')),
                   "c1 a1 b1") == texts{"c1 a1 b1", "c1 b1"});
}

TEST_CASE("a missing optional step asks nothing of the events") {
  const auto p = c().followed_by("a").where(is('a')).optional().next("b").where(is('b'));
  CHECK(matches_of(p, "c1 x1 b1").empty());
  CHECK(matches_of(p, "c1 b1") == texts{"c1 b1"});
  CHECK(matches_of(p, "c1 x1 a1 b1") == texts{"c1 a1 b1"});
  CHECK(matches_of(a().optional(), "x1").empty());
}

TEST_CASE("an optional step at the end gives the match at once, and again with it") {
  CHECK(matches_of(c().followed_by("a").where(is('a')).optional(), "c1 a1") ==
        texts{"c1", "c1 a1"});
}

TEST_CASE("greedy keeps what follows from taking or passing what fits the loop") {
  const auto p = c().followed_by("a").where(is('a')).one_or_more().greedy().followed_by("any");
  CHECK(matches_of(p, "c1 a1 a2 d1") == texts{"c1 a1 a2 d1"});
}

TEST_CASE("until closes a loop, and its event is free for what follows") {
  const auto p =
      c().followed_by("all").one_or_more().until(is('u')).followed_by("end").where(is('u'));
  CHECK(matches_of(p, "c1 a1 b1 u1 a2 u2") == texts{"c1 a1 b1 u1", "c1 a1 u1"});
}

TEST_CASE("groups repeat as a whole") {
  const auto p = c().followed_by(a().followed_by("b").where(is('b')))
                     .one_or_more()
                     .consecutive()
                     .followed_by("d")
                     .where(is('d'));
  CHECK(matches_of(p, "c1 a1 b1 a2 b2 d1") == texts{"c1 a1 a2 b1 b2 d1", "c1 a1 b1 d1"});
  CHECK(matches_of(p, "c1 a1 b1 x1 a2 b2 d1") == texts{"c1 a1 b1 d1"});
  CHECK(matches_of(group(a().next("b").where(is('b'))).times(2), "a1 b1 a2 b2") ==
        texts{"a1 a2 b1 b2"});
}

TEST_CASE("not_followed_by forbids events between, and an event that fits both is forbidden") {
  const auto p = a().not_followed_by("n").where(is('n')).followed_by("b").where(is('b'));
  CHECK(matches_of(p, "a1 x1 b1") == texts{"a1 b1"});
  CHECK(matches_of(p, "a1 n1 b1").empty());
  const auto both = a().not_followed_by("n").where(is('b')).followed_by("b").where(is('b'));
  CHECK(matches_of(both, "a1 b1").empty());
}

TEST_CASE("not_next forbids only the next event") {
  const auto p = a().not_next("n").where(is('n')).followed_by("b").where(is('b'));
  CHECK(matches_of(p, "a1 n1 b1").empty());
  CHECK(matches_of(p, "a1 x1 n1 b1") == texts{"a1 b1"});
  CHECK(matches_of(a().not_next("n").where(is('n')), "a1 x1 a2 n1") == texts{"a1"});
}

TEST_CASE("not_followed_by at the end is a match when the time is over") {
  const auto p = a().not_followed_by("n").where(is('n')).within(3us);
  CHECK(matches_of(p, "a1 x1 x2").empty());
  CHECK(matches_of(p, "a1 x1 x2 x3") == texts{"a1"});
  CHECK(matches_of(p, "a1 x1", 4) == texts{"a1"});
  CHECK(matches_of(p, "a1 x1 n1", 9).empty());
  CHECK(matches_of(p, "a1 x1 x2 n1") == texts{"a1"});  // n comes at the very end: too late
}

TEST_CASE("within is exclusive, and the shortest of several counts") {
  const auto p = a().followed_by("b").where(is('b'));
  CHECK(matches_of(pattern<letter>(p).within(2us), "a1 b1") == texts{"a1 b1"});
  CHECK(matches_of(pattern<letter>(p).within(2us), "a1 x1 b1").empty());
  CHECK(matches_of(pattern<letter>(p).within(9us).within(2us), "a1 x1 b1").empty());
  CHECK(matches_of(pattern<letter>(p).within(0us), "a1 x1 b1") == texts{"a1 b1"});
  CHECK(matches_of(pattern<letter>(p).within(2us, since::previous), "a1 x1 b1").empty());
}

TEST_CASE("a gap between repetitions does not bound the wait for the first") {
  const auto p = c().followed_by("a").where(is('a')).times(2, 2us);
  CHECK(matches_of(p, "c1 x1 x2 x3 a1 a2") == texts{"c1 a1 a2"});
  CHECK(matches_of(p, "c1 a1 x1 a2").empty());
}

TEST_CASE("conditions read what the match has taken") {
  const auto rising = a().one_or_more().consecutive().next("peak").where(
      [](const letter& l, const match_so_far<letter>& m) {
        return l.name == 'p' && l.price > m.sum("a", &letter::price) && m.count("a") == 2 &&
               m["a"].front().price < m["a"].back().price && m["a"].size() == 2;
      });
  CHECK(matches_of(rising, "a1 a2 p4") == texts{"a1 a2 p4"});
  CHECK(matches_of(rising, "a1 a2 p3").empty());
  CHECK(matches_of(rising, "a2 a1 p4").empty());
}

TEST_CASE("what conditions ask of a match is so however much it has taken, and in whatever order") {
  std::size_t longest = 0;
  std::size_t wrong = 0;
  const auto check = [&](const letter& l, const match_so_far<letter>& m) {
    const auto taken = m["a"];
    std::vector<std::int64_t> prices;
    for (const letter& x : taken) prices.push_back(x.price);
    longest = std::max(longest, prices.size());
    if (prices.empty()) return l.name == 'a';
    const bool in_turn = prices.size() % 3 != 0;  // some lengths are not asked for all
    wrong += m.count("a") != prices.size() || m.first("a")->price != prices.front() ||
             m.last("a")->price != prices.back() || m.first("c")->name != 'c' ||
             m.count("c") != 1 || m.count("b") != 0 || m.last("b") != nullptr;
    if (in_turn) {
      wrong += m.sum("a", &letter::price) != std::accumulate(prices.begin(), prices.end(), 0L);
      wrong += *m.max("a", &letter::price) != std::ranges::max(prices);
      wrong += *m.min("a", [](const letter& x) { return x.price; }) != std::ranges::min(prices);
    }
    return l.name == 'a';
  };
  const auto p = c().followed_by("a").where(check).one_or_more().followed_by("b").where(is('b'));
  std::string events = "c1 c2";
  std::string all;
  for (int i = 0; i < 12; ++i) {
    all += " a" + std::to_string(i * 7 % 5);
    if (i == 5) events += all + " c3", all.clear();
  }
  CHECK(!matches_of(p, events + all + " b1").empty());
  CHECK(longest == 12);
  CHECK(wrong == 0);
}

TEST_CASE("where is and, or_where is or, from left to right") {
  const auto p = pattern<letter>("s")
                     .where(is('a'))
                     .where([](const letter& l) { return l.price > 1; })
                     .or_where(is('b'))
                     .where([](const letter& l) { return l.price < 4; });
  CHECK(matches_of(p, "a1 a2 b1 b4 a4") == texts{"a2", "b1"});
  const auto mixed = pattern<letter>("s").where(is('a')).or_where(
      [](const letter& l, const match_so_far<letter>& m) {
        return l.name == 'b' && m.count("s") == 0;
      });
  CHECK(matches_of(mixed, "a1 b1 x1") == texts{"a1", "b1"});
}

TEST_CASE("the second of two conditions is asked only where the first holds") {
  const auto p = pattern<letter>("s").where(is('a')).where([](const letter& l) {
    if (l.name != 'a') throw std::logic_error("asked of another letter");
    return true;
  });
  CHECK(matches_of(p, "a1 b1") == texts{"a1"});
}

TEST_CASE("each skip strategy discards what it says") {
  const auto loop = a().one_or_more().followed_by("b").where(is('b'));
  const auto with = [&](after_match s) { return pattern<letter>(loop).skip(std::move(s)); };
  CHECK(matches_of(with(no_skip()), "a1 a2 b1").size() == 3);
  CHECK(matches_of(with(skip_to_next()), "a1 a2 b1") == texts{"a1 a2 b1", "a2 b1"});
  CHECK(matches_of(with(skip_past_last()), "a1 a2 b1 a3 b2") == texts{"a1 a2 b1", "a3 b2"});
  CHECK(matches_of(with(skip_to_first("b")), "a1 a2 b1") == texts{"a1 a2 b1"});
  CHECK(matches_of(with(skip_to_last("a")), "a1 a2 b1") == texts{"a1 a2 b1", "a2 b1"});
}

TEST_CASE("nested loops give no match twice") {
  CHECK(matches_of(group(a().one_or_more()).one_or_more().followed_by("b").where(is('b')),
                   "a1 a2 b1") == texts{"a1 a2 b1", "a1 b1", "a2 b1"});
}

TEST_CASE("illegal patterns are refused with a message that names the step") {
  const auto says = [](const pattern<letter>& p, const std::string& text) {
    INFO(mistake_of(p));
    CHECK(mistake_of(p).find(text) != std::string::npos);
  };
  says(a().next("a"), "step 'a': the name is used twice");
  says(a().followed_by(a()), "step 'a': the name is used twice");
  says(pattern<letter>("a:b"), "step 'a:b': a name must not hold ':'");
  says(pattern<letter>(""), "a step needs a name");
  says(a().not_followed_by("n"), "step 'n': not_followed_by() at the end needs within()");
  says(group(a().not_followed_by("n")).not_next("m"), "step 'n': not_followed_by() at the end");
  says(a().skip(skip_to_first("z")), "no step 'z'");
  says(c().next(a()).skip(skip_to_last("a")), "no step 'a' outside of groups");
  says(a().next("b").within(5s, since::previous).within(3s), "step 'b': the time since");
  says(a().times(0), "step 'a': times(0) wants a positive number");
  says(a().times(-1), "times(-1) wants");
  says(a().times(3, 2), "times(3, 2) wants a positive number, and the smaller one first");
  says(a().times_or_more(0), "wants a positive number");
  says(a().not_next("n").times(2).next("b"), "step 'n': a NOT step can't repeat");
  says(a().not_next("n").optional().next("b"), "step 'n': a NOT step can't be optional");
  says(a().next("b").optional().not_next("n").next("d"), "step 'n': a NOT step can't follow");
  says(a().until(is('u')), "step 'a': until() is only for loops");
  says(a().times(2).until(is('u')), "step 'a': until() is only for loops");
  says(a().one_or_more().until(is('u')).until(is('v')), "step 'a': until() is given twice");
  says(a().one_or_more().times(2), "step 'a': a second quantifier");
  says(a().greedy(), "step 'a': greedy() needs a quantifier");
  says(a().one_or_more().allow_combinations().greedy(), "step 'a': greedy() and allow_comb");
  says(group(a()).one_or_more().greedy(), "the group of 'a': a group can't be greedy");
  says(a().one_or_more().greedy().next("b").optional(), "step 'b': optional() can't follow greedy");
  says(group(a().optional()).one_or_more(), "the group of 'a': a group that loops without a bound");
  says(a().consecutive(), "step 'a': consecutive() needs a quantifier");
  says(a().next("b").within(-1s, since::previous), "step 'b': the time since the previous event");
  says(a().times(2, -1s), "step 'a': the time since the previous event must be positive");
  CHECK(mistake_of(a().one_or_more().greedy().next("b").times(0, 2)).empty());
  CHECK(mistake_of(a().times(1).greedy()).empty());
}

TEST_CASE(
    "a bounded group may repeat without events; the first event then lies as repetitions may") {
  const auto p = c().next(a().optional()).times(2).followed_by("b").where(is('b'));
  CHECK(matches_of(p, "c1 b1") == texts{"c1 b1"});
  CHECK(matches_of(p, "c1 a1 b1") == texts{"c1 a1 b1", "c1 b1"});
  CHECK(matches_of(p, "c1 a1 x1 a2 b1") == texts{"c1 a1 a2 b1", "c1 a1 b1", "c1 b1"});
  CHECK(matches_of(p, "c1 x1 a1 b1") == texts{"c1 a1 b1", "c1 b1"});
  auto strict = c().next(a().optional()).times(2).consecutive().followed_by("b").where(is('b'));
  CHECK(matches_of(strict, "c1 x1 a1 b1") == texts{"c1 b1"});
}

TEST_CASE("a NOT behind a group that took nothing counts from the event before the group") {
  const auto p = c().followed_by(a().optional())
                     .not_followed_by("n")
                     .where(is('n'))
                     .followed_by("b")
                     .where(is('b'));
  CHECK(matches_of(p, "c1 n1 b1").empty());
  CHECK(matches_of(p, "c1 n1 a1 b1") == texts{"c1 a1 b1"});
  CHECK(matches_of(p, "c1 a1 n1 b1").empty());
  auto first = group(a().optional()).not_followed_by("n").where(is('b')).followed_by("b");
  CHECK(matches_of(first.where(is('b')), "b1") == texts{"b1"});  // with nothing before, no NOT
}

TEST_CASE("a time on a NOT step in the middle says nothing, and explain tells") {
  const auto p = [](duration gap) {
    return a()
        .not_followed_by("n")
        .where(is('n'))
        .within(gap, since::previous)
        .followed_by("b")
        .where(is('b'));
  };
  CHECK(matches_of(p(2us), "a1 x1 x2 x3 b1") == texts{"a1 b1"});
  CHECK(matches_of(p(2us), "a1 x1 x2 n1 b1").empty());
  CHECK(p(2us).explain().find("warning: step 'n': a time since") != std::string::npos);
  CHECK(p(0us).explain().find("warning: step 'n'") == std::string::npos);
  const auto optional_behind = a().not_followed_by("n").within(2us, since::previous).next("b");
  CHECK(matches_of(pattern<letter>(optional_behind).where(is('b')).optional(), "a1") ==
        texts{"a1"});
  const auto last = a().not_followed_by("n").where(is('n')).within(2us, since::previous);
  CHECK(last.explain().find("warning: step 'n'") == std::string::npos);
  CHECK(matches_of(last, "a1 x1 x2") == texts{"a1"});
}

TEST_CASE("a time of 0 is none") {
  const auto p =
      a().times(2, 0us).next("b").where(is('b')).within(0us, since::previous).within(0us);
  CHECK(matches_of(p, "a1 a2 b1") == texts{"a1 a2 b1"});
  const auto shorter =
      a().followed_by("b").where(is('b')).within(2us, since::previous).within(9us, since::previous);
  CHECK(matches_of(shorter, "a1 x1 b1").empty());
}

TEST_CASE("several mistakes are listed together") {
  const std::string all = mistake_of(a().next("a").times(-1).named("twice"));
  CHECK(all.starts_with("pattern 'twice': "));
  CHECK(all.find("used twice") != std::string::npos);
  CHECK(all.find("times(-1)") != std::string::npos);
}

TEST_CASE("a condition that asks for a step the pattern has not says so") {
  const auto p = a().next("b").where(
      [](const letter&, const match_so_far<letter>& m) { return m.count("nobody") == 0; });
  CHECK_THROWS_AS(matches_of(p, "a1 b1"), exception);
}

TEST_CASE("a pattern that would need too many states is refused") {
  const auto huge = group(group(a().times(200)).times(200));
  CHECK(mistake_of(huge).find("more than 10000 states") != std::string::npos);
}

TEST_CASE("explain warns of a skip strategy whose matches may wait for ever") {
  const auto starves = [](pattern<letter> p) {
    const std::string text = p.skip(skip_past_last()).explain();
    return text.find("warning: skip: a partial match that waits for 'b' holds all later matches") !=
           std::string::npos;
  };
  const auto b = [] { return pattern<letter>("b").where(is('b')); };
  CHECK(starves(a().followed_by("b").where(is('b'))));
  CHECK(starves(a().followed_by_any("b")));
  CHECK(starves(a().next("b").one_or_more().consecutive()));
  CHECK(starves(a().next("b").one_or_more(1s)));  // each wait ends, but the loop may go on
  CHECK_FALSE(starves(a().next("b")));
  CHECK_FALSE(starves(a().followed_by("b").within(1s)));
  CHECK_FALSE(starves(a().followed_by("b").within(1s, since::previous)));
  CHECK_FALSE(starves(b().times(2).consecutive()));
  CHECK(a().followed_by("b").explain().find("warning: skip") == std::string::npos);
}

TEST_CASE("explain names states and warns of what grows without bound") {
  const auto p = a().followed_by_any("b").where(is('b')).one_or_more().allow_combinations();
  const std::string text = p.explain();
  CHECK(text.find("begins with 'a' -> 1") != std::string::npos);
  CHECK(text.find("warning: step 'b': each event that fits may double the partial matches, and "
                  "nothing ends them") != std::string::npos);
  CHECK(pattern<letter>(p).within(1s).explain().find("bound them with limits") !=
        std::string::npos);
  CHECK(a().next("b").explain().find("warning") == std::string::npos);
  CHECK(p.to_mermaid().starts_with("stateDiagram-v2\n"));
  CHECK(p.to_mermaid().find("[*] --> s1: begins with 'a'") != std::string::npos);
  CHECK(a().next("a").explain().find("used twice") != std::string::npos);
}

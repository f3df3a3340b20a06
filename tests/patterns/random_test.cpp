// SPDX-License-Identifier: BSD-3-Clause
// The machine against a matcher that enumerates by definition.
#include "patterns/random_patterns.hpp"
#include "patterns/scale.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>

using namespace weir;
using namespace weir::test;

namespace {

using found = naive_matcher::found;

/// A match as the naive matcher says it: events in the order they were taken, with their steps.
found found_of(const match<letter>& m, std::size_t at) {
  found f{{}, at};
  for (const auto& s : m.steps)
    for (const letter& l : s.events) f.events.emplace_back(l.place, std::stoul(s.step.substr(1)));
  std::sort(f.events.begin(), f.events.end());
  return f;
}

std::vector<found> by_machine(const random_case& c,
                              const std::shared_ptr<const patterns::plan<letter>>& plan) {
  patterns::matcher<letter> m{plan, {}};
  patterns::findings<letter> out;
  std::vector<found> all;
  for (std::size_t n = 0; n < c.input.size(); ++n) {
    const timestamp at = us(c.input[n].at);
    m.advance(0, at, out);
    if (c.input[n].event) {
      letter l = *c.input[n].event;
      patterns::condition_bits bits = 0;
      bool scratch = false;
      plan->classify(&l, 1, &bits, &scratch);
      m.on_event(0, l, at, at, bits, out);
    }
    for (; !out.matches.empty(); out.matches.pop())
      all.push_back(found_of(out.matches.front().first, n));
  }
  m.clear(0);
  CHECK(m.size() == 0);
  CHECK(m.buffer().nodes() == 0);
  CHECK(m.buffer().events() == 0);
  CHECK(m.bytes() == 0);
  return all;
}

std::string text_of(const random_case& c) {
  std::string text;
  for (const input_record& r : c.input)
    text += (r.event ? std::string{r.event->name} + std::to_string(r.event->price) : "-") + "@" +
            std::to_string(r.at) + " ";
  return text;
}
std::string text_of(const naive_condition& c) {
  return "[" + c.names + (c.sum_of ? (c.below ? " <s" : " >s") + std::to_string(*c.sum_of) : "") +
         "]";
}
std::string text_of(const std::vector<naive_item>& items) {
  static const char* const links[] = {
      "", "next ", "followed_by ", "followed_by_any ", "not_next ", "not_followed_by "};
  static const char* const inner[] = {"strict", "relaxed", "any"};
  std::string text;
  for (const naive_item& i : items) {
    text += links[static_cast<int>(i.how)];
    text += i.group.empty() ? "s" + std::to_string(i.step) + text_of(i.where)
                            : "( " + text_of(i.group) + ")";
    if (i.given)
      text += "{" + std::to_string(i.min) + "," + std::to_string(i.max) + " " +
              inner[static_cast<int>(i.inner)] + (i.inner_gap ? " gap" : "") +
              std::to_string(i.inner_gap) + "}";
    text += i.greedy ? " greedy" : "";
    text += i.optional ? " optional" : "";
    text += i.until ? " until" + text_of(*i.until) : "";
    text += i.gap != 0 ? " gap" + std::to_string(i.gap) : "";
    text += " ";
  }
  return text;
}
std::string text_of(const std::vector<found>& all) {
  std::string text;
  for (const found& f : all) {
    for (const auto& [place, step] : f.events)
      text += std::to_string(place) + ":s" + std::to_string(step) + " ";
    text += "at " + std::to_string(f.at) + "; ";
  }
  return text;
}

}  // namespace

TEST_CASE("the machine finds what enumeration by definition finds, on random patterns") {
  const int wanted = rounds(20'000);
  const char* chosen = std::getenv("WEIR_SEED");
  const std::uint64_t seed = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 20130101;
  INFO("WEIR_SEED=" << seed);
  int checked = 0;
  int matches = 0;
  int with_matches = 0;
  for (std::uint64_t n = 0; checked < wanted && n < 60'000; ++n) {
    const random_case c{seed + n};
    const auto plan = c.make().compile();
    if (!plan) continue;
    std::vector<found> expected;
    if (!naive_matcher{c.items, c.within, c.skip, c.skip_step, c.input}.run(expected)) continue;
    const std::vector<found> got = by_machine(c, *plan);
    ++checked;
    matches += static_cast<int>(expected.size());
    with_matches += expected.empty() ? 0 : 1;
    if (got == expected) continue;
    INFO("case " << seed + n << ": " << text_of(c.items) << " within " << c.within << " skip "
                 << static_cast<int>(c.skip.what) << " s" << c.skip_step);
    INFO("input:       " << text_of(c));
    INFO("machine:     " << text_of(got));
    INFO("enumeration: " << text_of(expected));
    FAIL("they differ");
  }
  CHECK(checked == wanted);
  CHECK(with_matches > wanted / 4);
  CHECK(matches > wanted);
}

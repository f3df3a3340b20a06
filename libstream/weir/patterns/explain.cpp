// SPDX-License-Identifier: BSD-3-Clause
#include "weir/patterns/explain.hpp"

#include <algorithm>
#include <set>

namespace weir::patterns {

namespace {

const char* name_of(contiguity how) {
  switch (how) {
    case contiguity::strict:
      return "next";
    case contiguity::relaxed:
      return "followed by";
    case contiguity::any:
      return "followed by any";
  }
  return "";
}

std::string span_of(duration d) {
  const auto n = d.count();
  if (n % 1'000'000 == 0) return std::to_string(n / 1'000'000) + " s";
  if (n % 1'000 == 0) return std::to_string(n / 1'000) + " ms";
  return std::to_string(n) + " us";
}

std::string edge_text(const automaton& a, const state& s, const edge& e, bool from_start) {
  std::string text = from_start ? "begins with" : name_of(e.how);
  text += " '" + a.steps[e.step] + "'";
  if (e.gap >= 0) text += " in less than " + span_of(a.gaps[static_cast<std::size_t>(e.gap)]);
  if (e.forbidden != 0) text += ", unless a NOT step's event comes";
  if (e.not_next != 0) text += ", unless the next event is a NOT step's";
  if (e.not_passed != 0) text += ", ended by until";
  if (e.greedy != 0 && s.rules != 0) text += ", after a greedy loop";
  return text;
}

std::string end_text(const automaton& a, const state& s) {
  switch (s.end) {
    case ending::none:
      return "";
    case ending::now:
      return "a match";
    case ending::next_event:
      return "a match with the next event, unless that is a NOT step's";
    case ending::in_time:
      break;
  }
  std::string text = "a match ";
  text += s.end_gap >= 0 ? span_of(a.gaps[static_cast<std::size_t>(s.end_gap)]) + " later"
                         : "when the time is over";
  return text + ", unless a NOT step's event comes";
}

/// Calls `f(number, state, edge)` for all waits.
template <class F>
void each_edge(const automaton& a, F f) {
  for (std::size_t n = 0; n < a.states.size(); ++n)
    for (std::size_t i = 0; i < a.states[n].edges; ++i)
      f(n, a.states[n], a.edges[a.states[n].first_edge + i]);
}

std::set<std::size_t> reachable(const automaton& a, std::size_t from) {
  std::set<std::size_t> seen;
  std::vector<std::size_t> open{from};
  while (!open.empty()) {
    const std::size_t n = open.back();
    open.pop_back();
    for (std::size_t i = 0; i < a.states[n].edges; ++i)
      if (const std::size_t to = a.edges[a.states[n].first_edge + i].to; seen.insert(to).second)
        open.push_back(to);
  }
  return seen;
}

/// A step that a partial match may wait for without end, though a skip strategy makes the matches
/// that began later wait for that; empty if there is none. A loop may go on without end even if
/// each of its waits is bounded.
std::string starving_step(const automaton& a) {
  std::string step;
  if (a.skip.what == after_match::kind::no_skip || a.within) return step;
  each_edge(a, [&](std::size_t n, const state&, const edge& e) {
    const bool waits = e.how != contiguity::strict && e.gap < 0;
    if (n != 0 && step.empty() && (waits || reachable(a, e.to).contains(n))) step = a.steps[e.step];
  });
  return step;
}

}  // namespace

std::vector<std::string> growth_warnings(const automaton& a) {
  std::set<std::string> warnings;
  each_edge(a, [&](std::size_t n, const state&, const edge& e) {
    if (n == 0) return;
    const std::string step = "step '" + a.steps[e.step] + "': ";
    const bool in_loop = reachable(a, e.to).contains(n);
    const bool bounded = a.within.has_value() || e.gap >= 0;
    if (e.how == contiguity::any && in_loop)
      warnings.insert(step + (bounded
                                  ? "each event that fits may double the partial matches within "
                                    "the time; bound them with limits"
                                  : "each event that fits may double the partial matches, and "
                                    "nothing ends them; add within()"));
    else if (bounded || e.how == contiguity::strict)
      return;
    else if (e.how == contiguity::any)
      warnings.insert(step + "a wait for any later event never ends; add within()");
    else if (in_loop)
      warnings.insert(step +
                      "a loop's partial matches grow for as long as nothing ends them; add "
                      "within()");
    else
      warnings.insert(step + "waits for ever if no event fits; add within()");
  });
  if (const std::string step = starving_step(a); !step.empty())
    warnings.insert("skip: a partial match that waits for '" + step +
                    "' holds all later matches of its key back, for ever if it never ends; add "
                    "within()");
  return {warnings.begin(), warnings.end()};
}

std::string explain(const automaton& a) {
  std::string text = a.name.empty() ? "pattern" : "pattern '" + a.name + "'";
  text += ": " + std::to_string(a.states.size()) + " states";
  if (a.within) text += ", all within " + span_of(*a.within);
  text += "\n";
  for (std::size_t n = 0; n < a.states.size(); ++n) {
    const state& s = a.states[n];
    text += "  " + std::to_string(n) + (n == 0 ? " start" : " after '" + a.steps[s.step] + "'");
    if (s.end != ending::none) text += ": " + end_text(a, s);
    text += "\n";
    for (std::size_t i = 0; i < s.edges; ++i) {
      const edge& e = a.edges[s.first_edge + i];
      text += "    " + edge_text(a, s, e, n == 0) + " -> " + std::to_string(e.to) + "\n";
    }
  }
  for (const std::string& step : a.idle_gaps)
    text +=
        "  warning: step '" + step +
        "': a time since the previous event says nothing on a NOT step in the middle; set it on "
        "the step after it\n";
  for (const std::string& w : growth_warnings(a)) text += "  warning: " + w + "\n";
  return text;
}

std::string to_mermaid(const automaton& a) {
  std::string text = "stateDiagram-v2\n";
  for (std::size_t n = 1; n < a.states.size(); ++n)
    text += "  state \"" + a.steps[a.states[n].step] + "\" as s" + std::to_string(n) + "\n";
  each_edge(a, [&](std::size_t n, const state& s, const edge& e) {
    text += "  " + (n == 0 ? "[*]" : "s" + std::to_string(n)) + " --> s" + std::to_string(e.to) +
            ": " + edge_text(a, s, e, n == 0) + "\n";
  });
  for (std::size_t n = 1; n < a.states.size(); ++n)
    if (a.states[n].end != ending::none)
      text += "  s" + std::to_string(n) + " --> [*]: " + end_text(a, a.states[n]) + "\n";
  return text;
}

}  // namespace weir::patterns

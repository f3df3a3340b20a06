// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_write.hpp"
#include "weir/patterns/match_watch.hpp"
#include "weir/patterns/rule_set.hpp"

#include <bit>
#include <string>
#include <vector>

namespace weir::patterns {

template <class V>
std::string as_json(const V& v) {
  std::string text;
  if constexpr (json_type<V>) write_json(v, text);
  return text;
}

/// Describes one partial match at a time on its clock.
template <class T>
partial_match describe_run(const matcher<T>& m, const run& r, timestamp clock) {
  partial_match made;
  const automaton& a = m.machine();
  made.pattern = a.name;
  made.began = r.began;
  made.step = a.steps[m.buffer().step(r.path)];
  for (std::uint32_t left = r.live; left != 0; left &= left - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(left));
    const std::string& step = a.steps[a.edges[a.states[r.state].first_edge + i].step];
    if (std::find(made.waits_for.begin(), made.waits_for.end(), step) == made.waits_for.end())
      made.waits_for.push_back(step);
  }
  for (node_id n = r.path; n != nowhere; n = m.buffer().parent(n))
    made.events.emplace_back(a.steps[m.buffer().step(n)], as_json(m.buffer().event(n)));
  std::reverse(made.events.begin(), made.events.end());
  if (a.within && clock != min_timestamp)
    made.time_left = saturating_add(r.began, *a.within) - std::max(clock, r.began);
  return made;
}

/// Lists the partial matches of all keys, at most so many.
template <class K, class T, class KeyOf>
std::vector<partial_match> look_at(rule_set<K, T, KeyOf>& rules, timestamp clock,
                                   std::size_t at_most) {
  std::vector<partial_match> made;
  rules.each_key([&](const K& key, std::uint32_t slot) {
    for (const auto& rule : rules.rules()) {
      const run_table& runs = rule->machine.runs();
      if (!runs.has(slot)) continue;
      for (run_id id = runs.key(slot).oldest; id != nowhere; id = runs[id].younger) {
        if (made.size() >= at_most) return;
        made.push_back(describe_run(rule->machine, runs[id], clock));
        if constexpr (!std::is_same_v<K, no_key>) made.back().key = as_json(key);
      }
    }
  });
  return made;
}

}  // namespace weir::patterns

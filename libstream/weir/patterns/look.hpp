// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_write.hpp"
#include "weir/patterns/match_watch.hpp"
#include "weir/patterns/rule_set.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <vector>

namespace weir::patterns {

template <class V>
std::string as_json(const V& v) {
  std::string text;
  if constexpr (json_type<V>) write_json(v, text);
  return text;
}

/// Describes a path on its own.
template <class T>
partial_match describe_path(const matcher<T>& m, node_id path) {
  partial_match made;
  const automaton& a = m.machine();
  made.pattern = a.name;
  made.step = a.steps[m.buffer().step(path)];
  for (node_id n = path; n != nowhere; n = m.buffer().parent(n)) {
    made.events.emplace_back(a.steps[m.buffer().step(n)], as_json(m.buffer().event(n)));
    made.began = m.buffer().at(n);
  }
  std::reverse(made.events.begin(), made.events.end());
  return made;
}

/// When a partial match is over if nothing comes; `max_timestamp` if never.
template <class T>
timestamp end_of(const matcher<T>& m, const run& r) {
  const automaton& a = m.machine();
  const state& s = a.states[r.state];
  timestamp last = min_timestamp;
  const auto note = [&](std::int8_t gap) {
    last = gap < 0 ? max_timestamp
                   : std::max(last, saturating_add(m.buffer().at(r.path),
                                                   a.gaps[static_cast<std::size_t>(gap)]));
  };
  for (std::uint32_t left = r.live; left != 0; left &= left - 1)
    note(a.edge_of(s, static_cast<unsigned>(std::countr_zero(left))).gap);
  if (r.ends) note(s.end_gap);
  return a.within ? std::min(last, saturating_add(r.began, *a.within)) : last;
}

inline std::optional<duration> left_until(timestamp end, timestamp clock) {
  if (end == max_timestamp || clock == min_timestamp) return std::nullopt;
  return std::max(end - clock, duration{0});
}

/// Describes one partial match at a time on its clock.
template <class T>
partial_match describe_run(const matcher<T>& m, const run& r, timestamp clock) {
  partial_match made = describe_path(m, r.path);
  const automaton& a = m.machine();
  if (r.ends) made.stage = match_stage::unless_not;
  for (std::uint32_t left = r.live; left != 0; left &= left - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(left));
    const std::string& step = a.steps[a.edge_of(a.states[r.state], i).step];
    if (std::find(made.waits_for.begin(), made.waits_for.end(), step) == made.waits_for.end())
      made.waits_for.push_back(step);
  }
  made.time_left = left_until(end_of(m, r), std::max(clock, r.began));
  return made;
}

/// Describes a match that waits. What it waits for began before it, and so is over before its own
/// time would be.
template <class T>
partial_match describe_waiting(const matcher<T>& m, const complete& c, timestamp clock) {
  partial_match made = describe_path(m, c.path);
  made.stage = match_stage::in_line;
  if (const auto within = m.machine().within)
    made.time_left = left_until(saturating_add(made.began, *within), clock);
  return made;
}

/// Lists the partial matches of all keys and the matches that wait, at most so many. Those of a key
/// in the order they began, then what waits.
template <class K, class T, class KeyOf>
std::vector<partial_match> look_at(rule_set<K, T, KeyOf>& rules, timestamp clock,
                                   std::size_t at_most) {
  std::vector<partial_match> made;
  const auto add = [&](const K& key, auto describe) {
    if (made.size() >= at_most) return;
    made.push_back(describe());
    if constexpr (!std::is_same_v<K, no_key>) made.back().key = as_json(key);
  };
  rules.each_key([&](const K& key, std::uint32_t slot) {
    for (const auto& rule : rules.rules()) {
      const matcher<T>& m = rule->machine;
      if (made.size() >= at_most) return;
      if (m.runs().has(slot))
        for (run_id id = m.runs().key(slot).oldest; id != nowhere && made.size() < at_most;
             id = m.runs()[id].younger)
          add(key, [&] { return describe_run(m, m.runs()[id], clock); });
      m.waiting().each(slot, [&](const complete& c) {
        add(key, [&] { return describe_waiting(m, c, clock); });
      });
    }
  });
  return made;
}

}  // namespace weir::patterns

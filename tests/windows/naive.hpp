// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "windows/play.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>

namespace weir::test {

/// An event in a naive window.
struct arrived {
  std::int64_t value;
  std::int64_t at;
};

/// Tells what a window's events, in the order of their arrival, should come to.
using summary = std::function<std::string(const std::vector<arrived>&)>;

/// A window's result: all its values, or what they should come to.
inline std::string say(std::int64_t key, const window& w, const std::vector<arrived>& events,
                       const summary& sums_up) {
  std::vector<std::int64_t> sorted;
  for (const arrived& e : events) sorted.push_back(e.value);
  std::sort(sorted.begin(), sorted.end());
  return sums_up ? say(key, w, {}) + sums_up(events) : say(key, w, sorted);
}

/// Windows of time as their rules say, without a thought for cost: every window of every key keeps
/// its events; each act looks at all of them.
struct naive_windows {
  // What is modelled.
  std::function<std::vector<window>(const blip&, timestamp)> assign;
  std::optional<touching> merging;
  std::int64_t lateness = 0;
  bool discards = false;
  std::int64_t early_events = 0;  ///< A result at every so many; 0 for none.
  bool only_counts = false;       ///< Those are all results there are.
  std::int64_t early_every = 0;   ///< A result at multiples in event time; 0 for none.
  std::int64_t early_clock = 0;   ///< The same by the clock.
  bool by_clock = false;          ///< Windows of processing time.
  std::function<void(std::vector<arrived>&)> evict{};  ///< Gets the events as they came.
  bool evicts_after = false;
  bool tells_panes = true;
  summary sums_up{};                    ///< The values are told if it is unset.
  std::int64_t unchanged_left_out = 0;  ///< The distance of windows whose equal results are left
                                        ///< out; 0 if none are.
  std::map<std::int64_t, std::pair<std::int64_t, std::vector<std::int64_t>>> newest{};

  struct kept {
    std::int64_t key;
    window at;
    std::vector<arrived> events;
    std::uint32_t fired = 0;
    std::int64_t count = 0;
    std::optional<std::int64_t> next_early;
    std::optional<std::int64_t> next_clock;
    bool on_time_done = false;
    std::vector<std::string> standing;  ///< Rows in the table that its next result replaces.
  };
  std::vector<kept> all;
  std::multiset<std::string> table{};  ///< Results that no other has taken the place of.
  std::int64_t watermark = INT64_MIN;
  std::int64_t clock = 0;

  static std::int64_t last(const kept& k) { return ticks(k.at.last()); }
  [[nodiscard]] bool expired(const window& w) const {
    if (by_clock) return false;
    const std::int64_t end = ticks(w.last());
    return (end > INT64_MAX - lateness ? INT64_MAX : end + lateness) <= watermark;
  }

  void fire(kept& k, pane_timing timing, std::vector<std::string>& out) {
    if (evict && !evicts_after) evict(k.events);
    if (k.events.empty()) return;
    std::vector<std::int64_t> sorted;
    for (const arrived& e : k.events) sorted.push_back(e.value);
    std::sort(sorted.begin(), sorted.end());
    std::string line = say(k.key, k.at, k.events, sums_up);
    if (evict && evicts_after) evict(k.events);
    if (unchanged_left_out != 0 && repeats(k, sorted)) return;
    for (const std::string& row : k.standing) table.erase(table.find(row));
    k.standing = {line};
    table.insert(line);
    if (tells_panes) line += say(pane_info{k.fired, timing});
    ++k.fired;
    out.push_back(std::move(line));
    if (discards) k.events.clear();
  }

  /// Whether the key's window before came to the same.
  bool repeats(const kept& k, const std::vector<std::int64_t>& sorted) {
    const std::int64_t start = ticks(k.at.start);
    const auto before = newest.find(k.key);
    const bool same = before != newest.end() &&
                      before->second.first + unchanged_left_out == start &&
                      before->second.second == sorted;
    newest[k.key] = {start, sorted};
    return same;
  }
  static void keep_earlier(std::optional<std::int64_t>& into,
                           const std::optional<std::int64_t>& other) {
    if (other && (!into || *other < *into)) into = other;
  }
  /// The first multiple after `t`.
  static std::int64_t multiple_after(std::int64_t t, std::int64_t step) {
    const std::int64_t m = t - t % step + step;
    return t % step < 0 ? m - step : m;
  }

  kept* window_for(std::int64_t key, window w) {
    if (!merging) {
      if (expired(w)) return nullptr;
      for (kept& k : all)
        if (k.key == key && k.at == w) return &k;
      all.push_back({key, w, {}});
      return &all.back();
    }
    kept made{key, w, {}};
    std::vector<kept> rest;
    for (bool again = true; again;) {
      again = false;
      rest.clear();
      for (kept& k : all) {
        if (k.key != key || !belong_together(k.at, made.at, *merging)) {
          rest.push_back(k);
          continue;
        }
        again = true;
        made.at = {std::min(made.at.start, k.at.start), std::max(made.at.end, k.at.end)};
        made.events.insert(made.events.end(), k.events.begin(), k.events.end());
        made.fired = std::max(made.fired, k.fired);
        made.count += k.count;
        made.standing.insert(made.standing.end(), k.standing.begin(), k.standing.end());
        keep_earlier(made.next_early, k.next_early);
        keep_earlier(made.next_clock, k.next_clock);
      }
      // Events are numbered in the order of their arrival.
      std::sort(made.events.begin(), made.events.end(),
                [](const arrived& a, const arrived& b) { return a.value < b.value; });
      all = rest;
    }
    if (expired(made.at)) return nullptr;
    all.push_back(made);
    return &all.back();
  }

  void take(const arrival& a, std::vector<std::string>& out, std::vector<std::int64_t>& late) {
    bool taken = false;
    for (const window& w : assign(a.event, by_clock ? tick(clock) : a.at)) {
      kept* k = window_for(a.event.key, w);
      if (k == nullptr) continue;
      taken = true;
      k->events.push_back({a.event.value, ticks(a.at)});
      const bool complete = last(*k) <= (by_clock ? clock : watermark);
      k->on_time_done = complete;
      ++k->count;
      if (only_counts || (early_events != 0 && !complete)) {
        if (k->count < early_events) continue;
        k->count = 0;
        fire(*k, complete ? pane_timing::late : pane_timing::early, out);
      } else if (complete) {
        fire(*k, pane_timing::late, out);
      } else if (early_every != 0 && !k->next_early) {
        k->next_early = multiple_after(ticks(a.at), early_every);
      } else if (early_clock != 0 && !k->next_clock) {
        k->next_clock = multiple_after(clock, early_clock);
      }
    }
    forget_over_by_clock();
    for (kept& k : all) {  // a session that was complete may have grown, and be behind its rhythm
      if (!k.next_clock || *k.next_clock > clock || k.on_time_done) continue;
      k.next_clock = multiple_after(clock, early_clock);
      fire(k, pane_timing::early, out);
    }
    if (!taken && !by_clock && ticks(a.at) + lateness <= watermark) late.push_back(a.event.value);
  }

  void forget_over_by_clock() {
    if (by_clock) std::erase_if(all, [&](const kept& k) { return last(k) <= clock; });
  }
  void set_clock(std::int64_t now, std::vector<std::string>& out) {
    clock = std::max(clock, now);
    for (kept& k : all) {
      while (k.next_clock && *k.next_clock <= clock && !k.on_time_done &&
             (!by_clock || *k.next_clock < last(k))) {
        *k.next_clock += early_clock;
        fire(k, pane_timing::early, out);
      }
      if (by_clock && last(k) <= clock) fire(k, pane_timing::on_time, out);
    }
    forget_over_by_clock();
  }

  void reach(std::int64_t w, std::vector<std::string>& out) {
    std::stable_sort(all.begin(), all.end(),
                     [](const kept& a, const kept& b) { return a.at < b.at; });
    for (kept& k : all) {
      if (only_counts || by_clock) continue;
      while (k.next_early && *k.next_early <= w && *k.next_early < last(k) && !k.on_time_done) {
        *k.next_early += early_every;
        fire(k, pane_timing::early, out);
      }
      if (k.on_time_done || last(k) > w) continue;
      k.on_time_done = true;
      while (k.next_early && *k.next_early <= last(k)) *k.next_early += early_every;
      fire(k, pane_timing::on_time, out);
    }
    watermark = std::max(watermark, w);
    std::erase_if(all, [&](const kept& k) { return expired(k.at); });
  }

  outcome operator()(const std::vector<act>& play) {
    outcome seen;
    for (const act& a : play) {
      std::vector<std::string> lines;
      if (const auto* e = std::get_if<arrival>(&a)) take(*e, lines, seen.late);
      if (const auto* w = std::get_if<watermark_at>(&a))
        if (ticks(w->at) > watermark) reach(ticks(w->at), lines);
      if (const auto* c = std::get_if<clock_at>(&a)) set_clock(ticks(c->at), lines);
      std::sort(lines.begin(), lines.end());
      seen.after.push_back(std::move(lines));
    }
    return seen;
  }
};

}  // namespace weir::test

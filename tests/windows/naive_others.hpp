// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "windows/naive.hpp"

#include <map>
#include <set>

// Sliding and count windows without a thought for cost.

namespace weir::test {

/// All accepted events of a key; at each watermark the instants that it passes are looked at.
struct naive_sliding {
  std::int64_t length;
  bool exits;
  summary sums_up{};

  std::map<std::int64_t, std::multimap<std::int64_t, std::int64_t>> accepted{};
  std::int64_t watermark = INT64_MIN;

  void reach(std::int64_t w, std::vector<std::string>& out) {
    for (const auto& [key, events] : accepted) {
      std::set<std::int64_t> instants;
      for (const auto& [at, value] : events) {
        instants.insert(at);
        if (exits) instants.insert(at + length);
      }
      for (const std::int64_t t : instants) {
        if (t <= watermark || t > w) continue;
        std::vector<arrived> in;
        for (const auto& [at, value] : events)
          if (at > t - length && at <= t) in.push_back({value, at});
        // Events are numbered in the order of their arrival.
        std::sort(in.begin(), in.end(),
                  [](const arrived& a, const arrived& b) { return a.value < b.value; });
        out.push_back(say(key, {tick(t - length + 1), tick(t + 1)}, in, sums_up) +
                      say(pane_info{}));
      }
    }
    watermark = std::max(watermark, w);
  }

  outcome operator()(const std::vector<act>& play) {
    outcome seen;
    for (const act& a : play) {
      std::vector<std::string> lines;
      if (const auto* e = std::get_if<arrival>(&a)) {
        if (ticks(e->at) <= watermark)
          seen.late.push_back(e->event.value);
        else
          accepted[e->event.key].emplace(ticks(e->at), e->event.value);
      }
      if (const auto* w = std::get_if<watermark_at>(&a)) reach(ticks(w->at), lines);
      std::sort(lines.begin(), lines.end());
      seen.after.push_back(std::move(lines));
    }
    return seen;
  }
};

/// The events of a key in the order of arrival.
struct naive_count {
  std::int64_t n;
  std::int64_t every;
  summary sums_up{};
  std::map<std::int64_t, std::vector<arrival>> all{};

  outcome operator()(const std::vector<act>& play) {
    outcome seen;
    for (const act& a : play) {
      std::vector<std::string> lines;
      if (const auto* e = std::get_if<arrival>(&a)) {
        auto& events = all[e->event.key];
        events.push_back(*e);
        const auto size = static_cast<std::int64_t>(events.size());
        if (size % every == 0) {
          std::vector<arrived> in;
          timestamp from = max_timestamp;
          timestamp to = min_timestamp;
          for (std::int64_t i = std::max<std::int64_t>(0, size - n); i < size; ++i) {
            const arrival& x = events[static_cast<std::size_t>(i)];
            in.push_back({x.event.value, ticks(x.at)});
            from = std::min(from, x.at);
            to = std::max(to, x.at);
          }
          std::string line =
              say(e->event.key, {from, to + duration{1}}, in, sums_up) + say(pane_info{});
          if (e->at != to) line += " at " + std::to_string(ticks(e->at));
          lines.push_back(std::move(line));
        }
      }
      seen.after.push_back(std::move(lines));
    }
    return seen;
  }
};

}  // namespace weir::test

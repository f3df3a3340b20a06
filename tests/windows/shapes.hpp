// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "windows/naive.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

// Random windows for the property tests, and their models.

namespace weir::test {

/// What windows of a `bag` give, and how a play tells of it.
using bag_row = window_result<std::int64_t, std::vector<std::int64_t>>;
inline constexpr auto tell_row = [](const bag_row& r, timestamp at) {
  std::string line = say(r.key, r.window, r.value) + say(r.pane);
  if (at != r.window.last()) line += " at " + std::to_string(ticks(at));
  return line;
};

/// A user's function that gives the values as `bag` does.
inline constexpr auto values_of = [](const std::int64_t& key, const window& w,
                                     const pane_info& pane, std::span<const blip> all, auto emit) {
  bag_row r{key, w, {}, pane};
  for (const blip& b : all) r.value.push_back(b.value);
  std::sort(r.value.begin(), r.value.end());
  emit(r);
};

inline std::int64_t pick(std::mt19937_64& random, std::int64_t from, std::int64_t to) {
  return from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to - from + 1));
}

inline tumbling random_tumbling(std::mt19937_64& random) {
  const std::int64_t size = pick(random, 1, 40);
  return tumbling{duration{size}, duration{pick(random, 1 - size, size - 1)}};
}

/// Not by the library's own division: steps from a start that is low enough.
inline naive_windows model_of(const tumbling& w) {
  naive_windows m;
  const std::int64_t size = w.size().count();
  const std::int64_t offset = w.offset().count();
  m.assign = [=](const blip&, timestamp t) {
    std::int64_t start = offset - 1000 * size;
    while (start + size <= ticks(t)) start += size;
    return std::vector{window{tick(start), tick(start + size)}};
  };
  return m;
}

/// Hopping windows, as numbers.
struct hopping_shape {
  std::int64_t size, every, offset;

  [[nodiscard]] hopping windows() const {
    return {duration{size}, duration{every}, duration{offset}};
  }
};

/// Overlaps from none (with gaps) to 40 windows, sizes that are multiples of the distance or not.
inline hopping_shape random_hopping(std::mt19937_64& random) {
  const std::int64_t every = pick(random, 1, 15);
  return {pick(random, 1, 40), every, pick(random, 1 - every, every - 1)};
}

inline naive_windows model_of(const hopping_shape& s) {
  naive_windows m;
  m.assign = [s](const blip&, timestamp t) {
    std::vector<window> all;
    for (std::int64_t start = s.offset - 400 * s.every; start <= ticks(t); start += s.every)
      if (ticks(t) < start + s.size) all.push_back({tick(start), tick(start + s.size)});
    return all;
  };
  return m;
}

inline naive_windows model_of_sessions(touching rule,
                                       std::function<std::int64_t(const blip&)> gap) {
  naive_windows m;
  m.merging = rule;
  m.assign = [gap = std::move(gap)](const blip& b, timestamp t) {
    return std::vector{window{t, t + duration{gap(b)}}};
  };
  return m;
}

/// An allowed lateness for a model, and for the engine under test.
inline duration random_lateness(std::mt19937_64& random, naive_windows& model,
                                std::int64_t most = 60) {
  model.lateness = pick(random, 0, most);
  return duration{model.lateness};
}

/// An evictor as the engine takes it: one of the library's, before or after the window fires. Which
/// one is chosen when a play begins, so that all are of one type.
struct any_evictor {
  enum class kind : std::uint8_t { last, newest, near };
  kind which;
  std::int64_t n;
  bool after;

  void evict(evict_view<blip>& view, const window& w) const {
    const auto distance = [](const blip& a, const blip& last) {
      return static_cast<double>(last.value - a.value);
    };
    if (which == kind::last) keep_last{static_cast<std::uint64_t>(n)}.evict(view, w);
    if (which == kind::newest) keep_newest{duration{n}}.evict(view, w);
    if (which == kind::near) keep_near{distance, static_cast<double>(n)}.evict(view, w);
  }
};

/// Chooses an evictor and lets the model do the same in its own words.
inline any_evictor random_evictor(std::mt19937_64& random, naive_windows& model) {
  const any_evictor e{static_cast<any_evictor::kind>(pick(random, 0, 2)), pick(random, 1, 30),
                      random() % 2 == 0};
  model.evicts_after = e.after;
  model.evict = [e](std::vector<arrived>& events) {
    if (events.empty()) return;
    if (e.which == any_evictor::kind::last) {
      while (static_cast<std::int64_t>(events.size()) > e.n) events.erase(events.begin());
    } else if (e.which == any_evictor::kind::newest) {
      std::int64_t newest = events[0].at;
      for (const arrived& x : events) newest = std::max(newest, x.at);
      std::erase_if(events, [&](const arrived& x) { return newest - x.at >= e.n; });
    } else {
      const std::int64_t last = events.back().value;
      std::erase_if(events, [&](const arrived& x) { return last - x.value >= e.n; });
    }
  };
  return e;
}

}  // namespace weir::test

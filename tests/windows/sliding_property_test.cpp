// SPDX-License-Identifier: BSD-3-Clause
// Sliding and count windows against naive ones.
#include "windows/shapes.hpp"

#include <map>
#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr int plays = 800;

/// All accepted events of a key; at each watermark the instants that it passes are looked at.
struct naive_sliding {
  std::int64_t length;
  bool exits;

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
        std::vector<std::int64_t> values;
        for (const auto& [at, value] : events)
          if (at > t - length && at <= t) values.push_back(value);
        std::sort(values.begin(), values.end());
        out.push_back(say(key, {tick(t - length + 1), tick(t + 1)}, values) + say(pane_info{}));
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
          std::vector<std::int64_t> values;
          timestamp from = max_timestamp;
          timestamp to = min_timestamp;
          for (std::int64_t i = std::max<std::int64_t>(0, size - n); i < size; ++i) {
            const arrival& x = events[static_cast<std::size_t>(i)];
            values.push_back(x.event.value);
            from = std::min(from, x.at);
            to = std::max(to, x.at);
          }
          std::string line = say(e->event.key, {from, to + 1us}, values) + say(pane_info{});
          if (e->at != to) line += " at " + std::to_string(ticks(e->at));
          lines.push_back(std::move(line));
        }
      }
      seen.after.push_back(std::move(lines));
    }
    return seen;
  }
};

}  // namespace

TEST_CASE("sliding windows agree with naive ones, with and without exits") {
  compare(
      plays, 40000, {},
      [](std::mt19937_64& random) {
        const std::int64_t length = pick(random, 1, 50);
        const bool exits = random() % 2 == 0;
        return std::pair{[=](stream<blip> in) {
                           const sliding w{duration{length}};
                           return in.key_by(&blip::key)
                               .window(exits ? w.with_exits() : w)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         naive_sliding{length, exits}};
      },
      tell_row);
}

TEST_CASE("sliding windows of events agree with naive ones") {
  compare(
      plays, 42000, {},
      [](std::mt19937_64& random) {
        const std::int64_t length = pick(random, 1, 50);
        const bool exits = random() % 2 == 0;
        return std::pair{[=](stream<blip> in) {
                           const sliding w{duration{length}};
                           return in.key_by(&blip::key)
                               .window(exits ? w.with_exits() : w)
                               .late_to(late_blips)
                               .process<bag_row>(values_of);
                         },
                         naive_sliding{length, exits}};
      },
      tell_row);
}

TEST_CASE("tumbling and sliding count windows agree with naive ones") {
  compare(
      plays, 44000, {},
      [](std::mt19937_64& random) {
        const std::int64_t n = pick(random, 1, 12);
        const std::int64_t every = pick(random, 1, n);
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(sliding_count{static_cast<std::uint64_t>(n),
                                                     static_cast<std::uint64_t>(every)})
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         naive_count{n, every}};
      },
      tell_row);
  compare(
      plays, 46000, {},
      [](std::mt19937_64& random) {
        const std::int64_t n = pick(random, 1, 12);
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(tumbling_count{static_cast<std::uint64_t>(n)})
                               .late_to(late_blips)
                               .process<bag_row>(values_of);
                         },
                         naive_count{n, n}};
      },
      tell_row);
}

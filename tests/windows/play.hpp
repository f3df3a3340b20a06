// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/map_backend.hpp"
#include "weir/test.hpp"

#include <boost/describe/class.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weir::test {

/// The event of the window tests. A tick is a microsecond.
struct blip {
  std::int64_t key = 0;
  std::int64_t value = 0;

  friend auto operator<=>(const blip&, const blip&) = default;
};
BOOST_DESCRIBE_STRUCT(blip, (), (key, value))

inline timestamp tick(std::int64_t n) { return timestamp{duration{n}}; }
inline std::int64_t ticks(timestamp t) { return t.time_since_epoch().count(); }

inline const side_output<blip> late_blips{"late"};

/// Gathers all values: two results are equal only if they are of the same events. Sorted, because
/// engines may add up events in another order than that of their arrival.
struct bag {
  using accumulator = std::vector<std::int64_t>;

  void add(accumulator& acc, const blip& b) const { acc.push_back(b.value); }
  void merge(accumulator& acc, const accumulator& other) const {
    acc.insert(acc.end(), other.begin(), other.end());
  }
  [[nodiscard]] accumulator result(accumulator acc) const {
    std::sort(acc.begin(), acc.end());
    return acc;
  }
};

/// Something that happens in a play.
struct arrival {
  blip event;
  timestamp at;
};
struct watermark_at {
  timestamp at;
};
struct clock_at {
  timestamp at;
};
struct restart {
  std::uint32_t parallelism;
};
using act = std::variant<arrival, watermark_at, clock_at, restart>;

/// A result as text, for comparing what engines and models say.
inline std::string say(std::int64_t key, const window& w, const std::vector<std::int64_t>& values) {
  std::string text = std::to_string(key) + " [" + std::to_string(ticks(w.start)) + "," +
                     std::to_string(ticks(w.end)) + ")";
  for (const std::int64_t v : values) text += " " + std::to_string(v);
  return text;
}
inline std::string say(const pane_info& p) {
  return " #" + std::to_string(p.number) + "/" + std::to_string(static_cast<int>(p.timing));
}

/// The metric that an operator of a stage has registered under this name.
template <class Run>
std::uint64_t counted(const Run& run, const std::string& stage, const std::string& name) {
  std::uint64_t n = 0;
  run.metrics(stage).each_counter([&](const std::string& is, std::uint64_t value) {
    if (is == name) n = value;
  });
  return n;
}

/// What came out after each act, and how many events were late, in the end.
struct outcome {
  std::vector<std::vector<std::string>> after;
  std::vector<std::int64_t> late;

  friend bool operator==(const outcome&, const outcome&) = default;
};

/// How a random play goes.
struct style {
  int acts = 50;
  std::int64_t keys = 3;
  std::int64_t span = 120;     ///< Event time that it moves over.
  std::int64_t disorder = 25;  ///< How far events are apart from where event time stands.
  bool restarts = true;
  bool clock = false;
};

inline std::vector<act> random_play(std::mt19937_64& random, const style& s) {
  std::vector<act> play;
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  std::int64_t now = below(40) - 60;
  std::int64_t clock = 0;
  const std::int64_t keys = 1 + below(s.keys);
  for (int i = 0; i < s.acts; ++i) {
    const auto what = below(20);
    if (what < 13) {
      play.push_back(arrival{{below(keys), i}, tick(now + below(2 * s.disorder) - s.disorder)});
    } else if (what < 18 || (!s.restarts && !s.clock)) {
      now += below(6) == 0 ? below(s.span) : below(1 + s.span / 10);
      play.push_back(watermark_at{tick(now - below(s.disorder))});
    } else if (s.clock && what == 18) {
      clock += below(30);
      play.push_back(clock_at{tick(clock)});
    } else if (s.restarts) {
      play.push_back(restart{static_cast<std::uint32_t>(1 + below(3))});
    }
  }
  play.push_back(watermark_at{max_timestamp});
  return play;
}

/// Puts a play on with an engine: `build` makes its output of a stream, `tell` a line of a result.
template <class Build, class Tell>
outcome played(Build build, Tell tell, const std::vector<act>& play, std::mt19937_64& random) {
  operator_options options;
  options.pipeline.key_groups = 8;
  if (random() % 2 == 0) options.step_budget = 1 + random() % 3;
  options.backend = some_backend(random);
  subject s{std::move(build), options, late_blips};
  auto run = s.run();
  outcome seen;
  const auto take = [&](std::vector<std::string>& to) {
    for (const auto& o : run.outputs()) to.push_back(tell(o.value, o.at));
    for (const auto& e : run.side(late_blips)) seen.late.push_back(e.value.value);
    for (const auto& letter : run.dead_letters()) to.push_back("dead letter: " + letter.error);
    if (!run.failure().empty()) to.push_back(run.failure());
  };
  for (const act& a : play) {
    std::vector<std::string> lines;
    if (const auto* e = std::get_if<arrival>(&a)) {
      run.push(e->event, e->at);
    } else if (const auto* w = std::get_if<watermark_at>(&a)) {
      run.push_watermark(w->at);
    } else if (const auto* c = std::get_if<clock_at>(&a)) {
      run.set_time(c->at);
    } else {
      options.pipeline.parallelism = std::get<restart>(a).parallelism;
      options.backend = some_backend(random);
      auto next = restarted(run, options);
      run = std::move(next);
    }
    take(lines);
    std::sort(lines.begin(), lines.end());
    seen.after.push_back(std::move(lines));
  }
  return seen;
}

/// What differs, for people.
inline std::string difference(const outcome& engine, const outcome& model,
                              const std::vector<act>& play) {
  std::string text;
  for (std::size_t i = 0; i < play.size(); ++i) {
    if (const auto* e = std::get_if<arrival>(&play[i]))
      text += "event " + std::to_string(e->event.value) + " of " + std::to_string(e->event.key) +
              " at " + std::to_string(ticks(e->at));
    else if (const auto* w = std::get_if<watermark_at>(&play[i]))
      text += "watermark " + std::to_string(ticks(w->at));
    else if (const auto* c = std::get_if<clock_at>(&play[i]))
      text += "clock " + std::to_string(ticks(c->at));
    else
      text += "restart with " + std::to_string(std::get<restart>(play[i]).parallelism);
    text += "\n";
    const bool same = engine.after[i] == model.after[i];
    for (const std::string& line : engine.after[i])
      text += std::string{same ? "    " : "  + "} + line + "\n";
    if (same) continue;
    for (const std::string& line : model.after[i]) text += "  - " + line + "\n";
    return text + "(+ engine, - model)";
  }
  return text + "late events differ";
}

/// Plays random plays on an engine and a model, and compares. `make(random)` returns a pair: what
/// builds the engine, and what the model makes of a play.
template <class Make, class Tell>
void compare(int plays, std::uint64_t first_seed, const style& s, Make make, Tell tell) {
  for (std::uint64_t seed = first_seed; seed < first_seed + static_cast<std::uint64_t>(plays);
       ++seed) {
    std::mt19937_64 random{seed};
    const std::vector<act> play = random_play(random, s);
    auto [build, model] = make(random);
    const outcome expected = model(play);
    const outcome got = played(std::move(build), tell, play, random);
    if (got == expected) continue;
    INFO("seed " << seed << "\n" << difference(got, expected, play));
    REQUIRE(false);
  }
  SUCCEED();
}

}  // namespace weir::test

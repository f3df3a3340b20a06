// SPDX-License-Identifier: BSD-3-Clause
// Random plays for joins: what happens to two inputs, what an engine makes of it and what a model
// says it should.
#pragma once

#include "support/map_backend.hpp"
#include "weir/test.hpp"

#include <boost/describe/class.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weir::test {

/// The event of the join tests. A tick is a microsecond.
struct blip {
  std::int64_t key = 0;
  std::int64_t value = 0;

  friend auto operator<=>(const blip&, const blip&) = default;
};
BOOST_DESCRIBE_STRUCT(blip, (), (key, value))

inline timestamp tick(std::int64_t n) { return timestamp{duration{n}}; }
inline std::int64_t ticks(timestamp t) { return t.time_since_epoch().count(); }
inline std::int64_t pick(std::mt19937_64& random, std::int64_t from, std::int64_t to) {
  return from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to - from + 1));
}

inline const side_output<blip> late_blips{"late"};
inline const side_output<blip> lone_blips{"alone"};

/// A row of a join as text: the numbers of the two events, "-" for one that is missing.
inline std::string say(const blip* a, const blip* b) {
  return (a == nullptr ? "-" : std::to_string(a->value)) + " " +
         (b == nullptr ? "-" : std::to_string(b->value));
}
inline std::string at(std::string row, timestamp t) {
  return std::move(row) + " @" + (t == max_timestamp ? "end" : std::to_string(ticks(t)));
}

struct arrival {
  int side = 0;
  blip event;
  timestamp at;
};
struct watermark_at {
  int side = 0;
  timestamp at;
};
struct restart {
  std::uint32_t parallelism = 1;
};
using act = std::variant<arrival, watermark_at, restart>;

/// What an engine or a model has come to after each act.
struct outcome {
  std::vector<std::vector<std::string>> after;
  std::vector<std::int64_t> rows_held;  ///< After each act.
  std::vector<std::int64_t> late;

  friend bool operator==(const outcome&, const outcome&) = default;
};

/// How a random play goes.
struct style {
  int acts = 60;
  std::int64_t keys = 3;
  std::int64_t disorder = 12;  ///< How far events are apart from where event time stands.
  std::int64_t step = 6;       ///< How far event time moves at once, at most.
};

inline std::vector<act> random_play(std::mt19937_64& random, const style& s) {
  std::vector<act> play;
  std::int64_t now = pick(random, -40, 0);
  const std::int64_t keys = pick(random, 1, s.keys);
  const std::int64_t disorder = pick(random, 0, s.disorder);
  for (int i = 0; i < s.acts; ++i) {
    const std::int64_t what = pick(random, 0, 19);
    const int side = static_cast<int>(pick(random, 0, 1));
    if (what < 13) {
      play.push_back(arrival{
          side, {pick(random, 0, keys - 1), i}, tick(now + pick(random, -disorder, disorder))});
    } else if (what < 19) {
      now += pick(random, 0, 9) == 0 ? pick(random, 0, 60) : pick(random, 0, s.step);
      play.push_back(watermark_at{side, tick(now - pick(random, 0, disorder))});
    } else {
      play.push_back(restart{static_cast<std::uint32_t>(pick(random, 1, 3))});
    }
  }
  play.push_back(watermark_at{0, max_timestamp});
  play.push_back(watermark_at{1, max_timestamp});
  return play;
}

/// The rows that all instances of the join hold.
template <class Run>
std::int64_t rows_held(const Run& run, std::uint32_t parallelism) {
  std::int64_t rows = 0;
  for (std::uint32_t i = 0; i < parallelism; ++i)
    run.metrics("join", i).each_gauge([&](const std::string& name, std::int64_t n) {
      if (name == "join: rows held") rows += n;
    });
  return rows;
}

/// Puts a play on with an engine: `build` makes a stream of text, named "join", of two streams.
template <class Build>
outcome played(Build build, const std::vector<act>& play, std::mt19937_64& random) {
  operator_options options;
  options.pipeline.key_groups = 8;
  if (random() % 2 == 0) options.step_budget = 1 + random() % 3;
  options.backend = some_backend(random);
  subject s{std::move(build), options, late_blips, lone_blips};
  auto run = s.run();
  outcome seen;
  bool all_in_memory = options.backend == nullptr;
  for (const act& a : play) {
    const timestamp passed_on = run.watermark();
    std::vector<std::string> lines;
    const auto note = [&](std::string row, timestamp t) {
      lines.push_back(at(std::move(row), t));
      if (t <= passed_on) lines.back() += " is late downstream";
    };
    const auto take = [&](auto& from) {
      for (const auto& o : from.outputs()) note(o.value, o.at);
      for (const auto& e : from.side(lone_blips))
        note("alone " + std::to_string(e.value.value), e.at);
      for (const auto& e : from.side(late_blips)) seen.late.push_back(e.value.value);
      for (const auto& letter : from.dead_letters())
        lines.push_back("dead letter: " + letter.error);
      if (!from.failure().empty()) lines.push_back(from.failure());
    };
    if (const auto* e = std::get_if<arrival>(&a)) {
      e->side == 0 ? run.template input<0>().push(e->event, e->at)
                   : run.template input<1>().push(e->event, e->at);
    } else if (const auto* w = std::get_if<watermark_at>(&a)) {
      w->side == 0 ? run.template input<0>().push_watermark(w->at)
                   : run.template input<1>().push_watermark(w->at);
    } else {
      options.pipeline.parallelism = std::get<restart>(a).parallelism;
      options.backend = some_backend(random);
      all_in_memory = all_in_memory && options.backend == nullptr;
      auto next = restarted(run, options);
      take(run);  // what the barrier brought
      run = std::move(next);
    }
    take(run);
    std::sort(lines.begin(), lines.end());
    seen.after.push_back(std::move(lines));
    seen.rows_held.push_back(rows_held(run, options.pipeline.parallelism));
  }
  if (!all_in_memory) seen.rows_held.clear();
  return seen;
}

/// Lets a model say what a play comes to. A model has `arrive(side, event, at, watermark)`, false
/// if the event is late; `advance(watermark)`; `held()`, a number of rows; and `lines`.
template <class Model>
outcome told(Model model, const std::vector<act>& play) {
  outcome expected;
  // How far each side has come, and what the join has been told of it. A barrier tells it of both,
  // and so do the stages before it after a restart.
  timestamp sides[2] = {min_timestamp, min_timestamp};
  timestamp heard[2] = {min_timestamp, min_timestamp};
  const auto hear = [&](int side) {
    heard[side] = sides[side];
    model.advance(std::min(heard[0], heard[1]));
  };
  for (const act& a : play) {
    const timestamp watermark = std::min(heard[0], heard[1]);
    if (const auto* e = std::get_if<arrival>(&a)) {
      if (!model.arrive(e->side, e->event, e->at, watermark))
        expected.late.push_back(e->event.value);
      hear(e->side);
    } else if (const auto* w = std::get_if<watermark_at>(&a)) {
      sides[w->side] = std::max(sides[w->side], w->at);
      hear(w->side);
    } else {
      hear(0);
      hear(1);
    }
    std::sort(model.lines.begin(), model.lines.end());
    expected.after.push_back(std::exchange(model.lines, {}));
    expected.rows_held.push_back(model.held());
  }
  return expected;
}

/// What differs, for people.
inline std::string difference(const outcome& engine, const outcome& model,
                              const std::vector<act>& play) {
  std::string text;
  for (std::size_t i = 0; i < play.size(); ++i) {
    if (const auto* e = std::get_if<arrival>(&play[i]))
      text += std::string{e->side == 0 ? "left " : "right "} + std::to_string(e->event.value) +
              " of " + std::to_string(e->event.key) + " at " + std::to_string(ticks(e->at));
    else if (const auto* w = std::get_if<watermark_at>(&play[i]))
      text += std::string{w->side == 0 ? "left" : "right"} + " watermark " +
              std::to_string(ticks(w->at));
    else
      text += "restart with " + std::to_string(std::get<restart>(play[i]).parallelism);
    text += "\n";
    for (const std::string& line : engine.after[i]) text += "  + " + line + "\n";
    const bool tells_rows = !engine.rows_held.empty();
    if (engine.after[i] == model.after[i] &&
        (!tells_rows || engine.rows_held[i] == model.rows_held[i]))
      continue;
    for (const std::string& line : model.after[i]) text += "  - " + line + "\n";
    if (!tells_rows) return text + "(+ engine, - model)";
    return text + "holds " + std::to_string(engine.rows_held[i]) + ", should hold " +
           std::to_string(model.rows_held[i]) + " (+ engine, - model)";
  }
  return text + "late events differ";
}

/// Plays random plays on an engine and a model, and compares: `check(random, play)` returns a pair
/// of outcomes.
template <class Check>
void compare(int plays, std::uint64_t first_seed, const style& s, Check check) {
  for (std::uint64_t seed = first_seed; seed < first_seed + static_cast<std::uint64_t>(plays);
       ++seed) {
    std::mt19937_64 random{seed};
    const std::vector<act> play = random_play(random, s);
    auto [got, expected] = check(random, play);
    if (got.rows_held.empty()) expected.rows_held.clear();  // what a cold store holds isn't told
    if (got == expected) continue;
    INFO("seed " << seed << "\n" << difference(got, expected, play));
    REQUIRE(false);
  }
  SUCCEED();
}

}  // namespace weir::test

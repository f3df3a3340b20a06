// SPDX-License-Identifier: BSD-3-Clause
// Every aggregate in every kind of window against what the window's events come to by definition.
#include "windows/naive_others.hpp"
#include "windows/shapes.hpp"

#include <cmath>
#include <set>

using namespace weir;
using namespace weir::test;

namespace {

constexpr int plays = 1'500;

// What the aggregates take from an event: numbers that repeat, so that there are ties.
std::int64_t small(std::int64_t v) { return v * 37 % 11 - 4; }
std::int64_t small_of(const blip& b) { return small(b.value); }
double real_of(const blip& b) { return static_cast<double>(small(b.value)) / 4; }

/// A user's own aggregate that can take back: counts, and sums what is odd.
struct odd_sum {
  struct accumulator {
    std::int64_t events = 0;
    std::int64_t sum = 0;
    BOOST_DESCRIBE_CLASS(accumulator, (), (events, sum), (), ())
  };
  void add(accumulator& acc, const blip& b) const {
    ++acc.events;
    acc.sum += b.value % 2 * b.value;
  }
  void merge(accumulator& acc, const accumulator& other) const {
    acc.events += other.events;
    acc.sum += other.sum;
  }
  void retract(accumulator& acc, const blip& b) const {
    --acc.events;
    acc.sum -= b.value % 2 * b.value;
  }
  [[nodiscard]] std::int64_t result(const accumulator& acc) const { return acc.sum; }
};

template <class V>
void put(std::string& line, const V& v) {
  if constexpr (std::is_floating_point_v<V>) {
    char text[32];
    // A little more, so that what ends in a 5 is rounded alike however it was added up.
    std::snprintf(text, sizeof text, " %.5f", v + 1e-9);
    line += text == std::string{" -0.00000"} ? " 0.00000" : text;
  } else if constexpr (std::is_integral_v<V>) {
    line += " " + std::to_string(v);
  } else if constexpr (requires { v.has_value(); }) {
    if (v)
      put(line, *v);
    else
      line += " none";
  } else {
    line += " (";
    for (const auto& x : v) put(line, x);
    line += " )";
  }
}

/// All aggregates that don't depend on how parts are merged.
constexpr auto all_of = [](auto windowed) {
  return windowed.aggregate(
      count{}, sum{small_of}, mean{small_of}, weir::min{small_of}, weir::max{small_of},
      variance{real_of}, sample_variance{real_of}, stddev{real_of}, first{&blip::value},
      last{&blip::value}, min_by{small_of, &blip::value}, max_by{small_of, &blip::value},
      top_k{3, small_of, &blip::value}, count_distinct{small_of},
      approximate_count_distinct{small_of}, quantiles{small_of, {0.0, 0.5, 1.0}},
      collect{&blip::value}, histogram_of{small_of, {-2, 0, 3}}, odd_sum{}, bag{});
};

constexpr auto told = [](const auto& r, timestamp at) {
  std::string line = say(r.key, r.window, std::vector<std::int64_t>{});
  auto value = r.value;
  // Parts are collected in the order in which they were merged.
  std::sort(std::get<16>(value).begin(), std::get<16>(value).end());
  // Sketches are right to 1 %, and whole numbers this small to less than half of one.
  if (auto& quantiles = std::get<15>(value))
    for (double& q : *quantiles) q = std::round(q);
  std::apply([&](const auto&... v) { (put(line, v), ...); }, value);
  line += say(r.pane);
  if (at != r.window.last()) line += " at " + std::to_string(ticks(at));
  return line;
};

double square_distance(const std::vector<arrived>& all) {
  double mean = 0;
  for (const arrived& e : all) mean += static_cast<double>(small(e.value)) / 4;
  mean /= static_cast<double>(all.size());
  double sum = 0;
  for (const arrived& e : all) {
    const double d = static_cast<double>(small(e.value)) / 4 - mean;
    sum += d * d;
  }
  return sum;
}

/// The same by definition.
std::string by_definition(const std::vector<arrived>& all) {
  const auto n = static_cast<std::int64_t>(all.size());
  std::string line;
  if (n == 0) {
    for (const char* nothing :
         {" 0",    " 0",    " none", " none",        " none", " none", " none",
          " none", " none", " none", " none",        " none", " ( )",  " 0",
          " 0",    " none", " ( )",  " ( 0 0 0 0 )", " 0",    " ( )"})
      line += nothing;
    return line;
  }
  std::vector<std::int64_t> smalls, values;
  std::int64_t odd = 0;
  for (const arrived& e : all) {
    smalls.push_back(small(e.value));
    values.push_back(e.value);
    odd += e.value % 2 * e.value;
  }
  std::sort(smalls.begin(), smalls.end());
  std::sort(values.begin(), values.end());
  std::int64_t total = 0;
  for (const std::int64_t v : smalls) total += v;
  put(line, n);
  put(line, total);
  put(line, static_cast<double>(total) / static_cast<double>(n));
  put(line, smalls.front());
  put(line, smalls.back());
  const double squares = square_distance(all);
  put(line, squares / static_cast<double>(n));
  put(line, n < 2 ? std::nullopt : std::optional{squares / static_cast<double>(n - 1)});
  put(line, std::sqrt(squares / static_cast<double>(n)));
  arrived earliest = all[0];
  arrived latest = all[0];
  for (const arrived& e : all) {
    if (e.at < earliest.at) earliest = e;
    if (e.at >= latest.at) latest = e;
  }
  put(line, earliest.value);
  put(line, latest.value);
  // By the number, then the earlier one, then the lesser of what is kept.
  std::vector<arrived> ranked = all;
  std::sort(ranked.begin(), ranked.end(), [](const arrived& a, const arrived& b) {
    return std::tuple{-small(a.value), a.at, a.value} < std::tuple{-small(b.value), b.at, b.value};
  });
  const auto least =
      std::min_element(all.begin(), all.end(), [](const arrived& a, const arrived& b) {
        return std::tuple{small(a.value), a.at, a.value} <
               std::tuple{small(b.value), b.at, b.value};
      });
  put(line, least->value);
  put(line, ranked.front().value);
  std::vector<std::int64_t> top;
  for (std::size_t i = 0; i < ranked.size() && i < 3; ++i) top.push_back(ranked[i].value);
  put(line, top);
  const std::set<std::int64_t> distinct(smalls.begin(), smalls.end());
  put(line, distinct.size());
  put(line, distinct.size());  // so few are told exactly
  const auto rank = static_cast<std::size_t>((n - 1) / 2);
  put(line,
      std::vector<double>{static_cast<double>(smalls.front()), static_cast<double>(smalls[rank]),
                          static_cast<double>(smalls.back())});
  put(line, values);
  std::vector<std::int64_t> ranges(4);
  for (const std::int64_t v : smalls) ++ranges[v < -2 ? 0 : v < 0 ? 1 : v < 3 ? 2 : 3];
  put(line, ranges);
  put(line, odd);
  put(line, values);
  return line;
}

}  // namespace

TEST_CASE("every aggregate in tumbling windows comes to what it should") {
  compare(
      plays, 80000, {},
      [](std::mt19937_64& random) {
        const tumbling w = random_tumbling(random);
        auto model = model_of(w);
        model.sums_up = by_definition;
        return std::pair{[=](stream<blip> in) {
                           return all_of(in.key_by(&blip::key).window(w).late_to(late_blips));
                         },
                         model};
      },
      told);
}

TEST_CASE("every aggregate in hopping windows comes to what it should") {
  compare(
      plays, 81000, {.disorder = 40},
      [](std::mt19937_64& random) {
        const hopping_shape s = random_hopping(random);
        auto model = model_of(s);
        model.lateness = random() % 2 == 0 ? 0 : pick(random, 1, 60);
        model.sums_up = by_definition;
        const duration lateness{model.lateness};
        return std::pair{
            [w = s.windows(), lateness](stream<blip> in) {
              return all_of(
                  in.key_by(&blip::key).window(w).allowed_lateness(lateness).late_to(late_blips));
            },
            model};
      },
      told);
}

TEST_CASE("every aggregate in sessions comes to what it should") {
  compare(
      plays, 82000, {},
      [](std::mt19937_64& random) {
        const std::int64_t gap = pick(random, 1, 25);
        auto model = model_of_sessions(touching::merge, [=](const blip&) { return gap; });
        const duration lateness = random_lateness(random, model);
        model.sums_up = by_definition;
        return std::pair{[=](stream<blip> in) {
                           return all_of(in.key_by(&blip::key)
                                             .window(session{duration{gap}})
                                             .allowed_lateness(lateness)
                                             .late_to(late_blips));
                         },
                         model};
      },
      told);
}

TEST_CASE("every aggregate in sliding windows comes to what it should") {
  compare(
      plays, 83000, {},
      [](std::mt19937_64& random) {
        const std::int64_t length = pick(random, 1, 50);
        const bool exits = random() % 2 == 0;
        return std::pair{
            [=](stream<blip> in) {
              const sliding w{duration{length}};
              return all_of(
                  in.key_by(&blip::key).window(exits ? w.with_exits() : w).late_to(late_blips));
            },
            naive_sliding{length, exits, by_definition}};
      },
      told);
}

TEST_CASE("every aggregate in count windows comes to what it should") {
  compare(
      plays, 84000, {},
      [](std::mt19937_64& random) {
        const std::int64_t n = pick(random, 1, 12);
        const std::int64_t every = pick(random, 1, n);
        return std::pair{
            [=](stream<blip> in) {
              return all_of(in.key_by(&blip::key)
                                .window(sliding_count{static_cast<std::uint64_t>(n),
                                                      static_cast<std::uint64_t>(every)})
                                .late_to(late_blips));
            },
            naive_count{n, every, by_definition}};
      },
      told);
}

TEST_CASE("every aggregate in windows of the clock that discard comes to what it should") {
  compare(
      plays, 85000, style{.clock = true},
      [](std::mt19937_64& random) {
        const hopping_shape w = random_hopping(random);
        auto model = model_of(w);
        const duration lateness = random_lateness(random, model);
        model.early_clock = pick(random, 1, 20);
        model.discards = true;
        model.sums_up = by_definition;
        const every_processing_time early{duration{model.early_clock}};
        return std::pair{[=](stream<blip> in) {
                           return all_of(in.key_by(&blip::key)
                                             .window(w.windows())
                                             .allowed_lateness(lateness)
                                             .early(early)
                                             .discarding()
                                             .late_to(late_blips));
                         },
                         model};
      },
      told);
}

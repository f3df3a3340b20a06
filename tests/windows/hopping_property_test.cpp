// SPDX-License-Identifier: BSD-3-Clause
// Hopping windows in panes against naive ones.
#include "windows/naive.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using row = window_result<std::int64_t, std::vector<std::int64_t>>;
constexpr int plays = 800;

const auto tell = [](const row& r, timestamp at) {
  std::string line = say(r.key, r.window, r.value) + say(r.pane);
  if (at != r.window.last()) line += " at " + std::to_string(ticks(at));
  return line;
};

std::int64_t pick(std::mt19937_64& random, std::int64_t from, std::int64_t to) {
  return from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to - from + 1));
}

struct shape {
  std::int64_t size, every, offset;
  [[nodiscard]] hopping windows() const {
    return {duration{size}, duration{every}, duration{offset}};
  }
  [[nodiscard]] naive_windows model() const {
    naive_windows m;
    m.assign = [*this](const blip&, timestamp t) {
      std::vector<window> all;
      for (std::int64_t start = offset - 400 * every; start <= ticks(t); start += every)
        if (ticks(t) < start + size) all.push_back({tick(start), tick(start + size)});
      return all;
    };
    return m;
  }
};

/// Overlaps from none (with gaps) to 40 windows, sizes that are multiples of the distance or not.
shape random_shape(std::mt19937_64& random) {
  const std::int64_t every = pick(random, 1, 15);
  return {pick(random, 1, 40), every, pick(random, 1 - every, every - 1)};
}

/// A user's function that gives the values as `bag` does.
const auto values_of = [](const std::int64_t& key, const window& w, const pane_info& pane,
                          std::span<const blip> all, auto emit) {
  row r{key, w, {}, pane};
  for (const blip& b : all) r.value.push_back(b.value);
  std::sort(r.value.begin(), r.value.end());
  emit(r);
};

}  // namespace

TEST_CASE("hopping windows agree with naive ones") {
  compare(
      plays, 20000, {},
      [](std::mt19937_64& random) {
        const shape s = random_shape(random);
        return std::pair{
            [w = s.windows()](stream<blip> in) {
              return in.key_by(&blip::key).window(w).late_to(late_blips).aggregate(bag{});
            },
            s.model()};
      },
      tell);
}

TEST_CASE("hopping windows with allowed lateness agree with naive ones") {
  compare(
      plays, 22000, {},
      [](std::mt19937_64& random) {
        const shape s = random_shape(random);
        auto model = s.model();
        model.lateness = pick(random, 0, 60);
        const duration lateness{model.lateness};
        return std::pair{[w = s.windows(), lateness](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .allowed_lateness(lateness)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell);
}

TEST_CASE("hopping windows of events agree with naive ones") {
  compare(
      plays, 24000, {},
      [](std::mt19937_64& random) {
        const shape s = random_shape(random);
        return std::pair{
            [w = s.windows()](stream<blip> in) {
              return in.key_by(&blip::key).window(w).late_to(late_blips).process<row>(values_of);
            },
            s.model()};
      },
      tell);
}

TEST_CASE("hopping windows of events with allowed lateness agree with naive ones") {
  compare(
      plays, 26000, {},
      [](std::mt19937_64& random) {
        const shape s = random_shape(random);
        auto model = s.model();
        model.lateness = pick(random, 0, 60);
        const duration lateness{model.lateness};
        return std::pair{[w = s.windows(), lateness](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .allowed_lateness(lateness)
                               .late_to(late_blips)
                               .process<row>(values_of);
                         },
                         model};
      },
      tell);
}

TEST_CASE("hopping windows of several aggregates agree with naive ones") {
  using numbers = std::tuple<std::uint64_t, std::int64_t, std::optional<double>,
                             std::optional<std::int64_t>, std::optional<std::int64_t>>;
  using numbers_row = window_result<std::int64_t, numbers>;
  // The model's line ends in the values; they are summed up here as the engine should have.
  const auto told = [](const numbers_row& r, timestamp) {
    const auto& [n, total, middle, least, most] = r.value;
    return say(r.key, r.window, {static_cast<std::int64_t>(n), total, *least, *most}) + " mean " +
           std::to_string(*middle) + say(r.pane);
  };
  compare(
      plays, 28000, {.disorder = 40},
      [](std::mt19937_64& random) {
        const shape s = random_shape(random);
        auto model = s.model();
        model.lateness = random() % 2 == 0 ? 0 : pick(random, 1, 60);
        model.summed = true;
        const duration lateness{model.lateness};
        return std::pair{[w = s.windows(), lateness](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .allowed_lateness(lateness)
                               .late_to(late_blips)
                               .aggregate(count{}, sum{&blip::value}, mean{&blip::value},
                                          weir::min{&blip::value}, weir::max{&blip::value});
                         },
                         model};
      },
      told);
}

TEST_CASE("hopping windows that leave unchanged results out agree with naive ones") {
  compare(
      plays, 30000, {.acts = 35},
      [](std::mt19937_64& random) {
        const shape s = random_shape(random);
        auto model = s.model();
        model.tells_panes = true;
        const auto changed = [model, s](const std::vector<act>& play) mutable {
          model.unchanged_left_out = s.every;
          return model(play);
        };
        return std::pair{[w = s.windows()](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .late_to(late_blips)
                               .emit_on_change()
                               .aggregate(bag{});
                         },
                         changed};
      },
      tell);
}

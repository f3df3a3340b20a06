// SPDX-License-Identifier: BSD-3-Clause
// Hopping windows in panes against naive ones.
#include "windows/shapes.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr int plays = 800;

}  // namespace

TEST_CASE("hopping windows agree with naive ones") {
  compare(
      plays, 20000, {},
      [](std::mt19937_64& random) {
        const hopping_shape s = random_hopping(random);
        return std::pair{
            [w = s.windows()](stream<blip> in) {
              return in.key_by(&blip::key).window(w).late_to(late_blips).aggregate(bag{});
            },
            model_of(s)};
      },
      tell_row);
}

TEST_CASE("hopping windows with allowed lateness agree with naive ones") {
  compare(
      plays, 22000, {},
      [](std::mt19937_64& random) {
        const hopping_shape s = random_hopping(random);
        auto model = model_of(s);
        const duration lateness = random_lateness(random, model);
        return std::pair{[w = s.windows(), lateness](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .allowed_lateness(lateness)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("hopping windows of events agree with naive ones") {
  compare(
      plays, 24000, {},
      [](std::mt19937_64& random) {
        const hopping_shape s = random_hopping(random);
        return std::pair{[w = s.windows()](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .late_to(late_blips)
                               .process<bag_row>(values_of);
                         },
                         model_of(s)};
      },
      tell_row);
}

TEST_CASE("hopping windows of events with allowed lateness agree with naive ones") {
  compare(
      plays, 26000, {},
      [](std::mt19937_64& random) {
        const hopping_shape s = random_hopping(random);
        auto model = model_of(s);
        const duration lateness = random_lateness(random, model);
        return std::pair{[w = s.windows(), lateness](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .allowed_lateness(lateness)
                               .late_to(late_blips)
                               .process<bag_row>(values_of);
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("hopping windows that leave unchanged results out agree with naive ones") {
  compare(
      plays, 30000, {.acts = 35},
      [](std::mt19937_64& random) {
        const hopping_shape s = random_hopping(random);
        auto model = model_of(s);
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
      tell_row);
}

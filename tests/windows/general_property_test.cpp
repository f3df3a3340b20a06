// SPDX-License-Identifier: BSD-3-Clause
// The general engine against naive windows, over random events, orders, lateness and watermarks,
// with restarts at other parallelisms and steps that end between any two firings.
#include "windows/shapes.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr int plays = 700;

}  // namespace

TEST_CASE("tumbling windows agree with naive ones") {
  compare(
      plays, 1, {},
      [](std::mt19937_64& random) {
        const tumbling w = random_tumbling(random);
        auto model = model_of(w);
        return std::pair{
            [w](stream<blip> in) {
              return in.key_by(&blip::key).window(w).late_to(late_blips).aggregate(bag{});
            },
            model};
      },
      tell_row);
}

TEST_CASE("tumbling windows with allowed lateness agree with naive ones") {
  compare(
      plays, 2000, {},
      [](std::mt19937_64& random) {
        const tumbling w = random_tumbling(random);
        auto model = model_of(w);
        const duration lateness = random_lateness(random, model);
        return std::pair{[=](stream<blip> in) {
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

TEST_CASE("discarded panes at every few events agree with naive ones") {
  compare(
      plays, 4000, {},
      [](std::mt19937_64& random) {
        const tumbling w = random_tumbling(random);
        auto model = model_of(w);
        const duration lateness = random_lateness(random, model);
        model.discards = true;
        model.early_events = pick(random, 1, 4);
        const every_events early{static_cast<std::uint64_t>(model.early_events)};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .allowed_lateness(lateness)
                               .early(early)
                               .discarding()
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("sessions agree with naive ones") {
  compare(
      plays, 6000, {},
      [](std::mt19937_64& random) {
        const std::int64_t gap = pick(random, 1, 25);
        const touching rule = random() % 2 == 0 ? touching::merge : touching::separate;
        auto model = model_of_sessions(rule, [=](const blip&) { return gap; });
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(session{duration{gap}}.touching(rule))
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("sessions with a gap for each event, lateness and early results agree with naive ones") {
  compare(
      plays, 8000, {},
      [](std::mt19937_64& random) {
        const std::int64_t most = pick(random, 1, 30);
        const auto gap = [=](const blip& b) { return 1 + b.value * 7 % most; };
        const touching rule = random() % 2 == 0 ? touching::merge : touching::separate;
        auto model = model_of_sessions(rule, gap);
        const duration lateness = random_lateness(random, model);
        model.early_every = pick(random, 1, 20);
        const every_event_time early{duration{model.early_every}};
        return std::pair{
            [=](stream<blip> in) {
              return in.key_by(&blip::key)
                  .window(session{[=](const blip& b) { return duration{gap(b)}; }}.touching(rule))
                  .allowed_lateness(lateness)
                  .early(early)
                  .late_to(late_blips)
                  .aggregate(bag{});
            },
            model};
      },
      tell_row);
}

TEST_CASE("sessions of buffered events with a count trigger and an evictor agree with naive ones") {
  compare(
      plays, 10000, {},
      [](std::mt19937_64& random) {
        const std::int64_t gap = pick(random, 1, 25);
        auto model = model_of_sessions(touching::merge, [=](const blip&) { return gap; });
        const duration lateness = random_lateness(random, model, 40);
        model.only_counts = true;
        model.early_events = pick(random, 1, 5);
        model.discards = random() % 2 == 0;
        const any_evictor evictor = random_evictor(random, model);
        const on_count trigger{static_cast<std::uint64_t>(model.early_events)};
        const bool discards = model.discards;
        struct maybe_purging {
          using state = on_count::state;
          on_count inner;
          bool purges;
          trigger_action on_event(state& s, const blip& b, timestamp at,
                                  const trigger_view& v) const {
            const auto a = inner.on_event(s, b, at, v);
            return purges && a == trigger_action::fire ? trigger_action::fire_and_purge : a;
          }
          void merge(state& into, const state& from) const { inner.merge(into, from); }
        };
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(session{duration{gap}})
                               .allowed_lateness(lateness)
                               .trigger(maybe_purging{trigger, discards})
                               .evict(evictor)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("hopping windows with a count trigger and an evictor agree with naive ones") {
  compare(
      plays, 12000, {},
      [](std::mt19937_64& random) {
        const hopping_shape w = random_hopping(random);
        auto model = model_of(w);
        const duration lateness = random_lateness(random, model, 40);
        model.only_counts = true;
        model.early_events = pick(random, 1, 5);
        const any_evictor evictor = random_evictor(random, model);
        const on_count trigger{static_cast<std::uint64_t>(model.early_events)};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w.windows())
                               .allowed_lateness(lateness)
                               .trigger(trigger)
                               .evict(evictor)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("a global window with a count trigger agrees with a naive one") {
  compare(
      plays, 14000, {},
      [](std::mt19937_64& random) {
        naive_windows model;
        model.assign = [](const blip&, timestamp) { return std::vector{global_window::at()}; };
        model.only_counts = true;
        model.early_events = pick(random, 1, 5);
        const any_evictor evictor = random_evictor(random, model);
        const on_count trigger{static_cast<std::uint64_t>(model.early_events)};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(global_window{})
                               .trigger(trigger)
                               .evict(evictor)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

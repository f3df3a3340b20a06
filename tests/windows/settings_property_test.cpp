// SPDX-License-Identifier: BSD-3-Clause
// Windows of the clock, own assigners, results early by the clock, discarded panes of windows that
// overlap, and evictors with the default trigger, against naive windows.
#include "windows/shapes.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr int plays = 600;
constexpr style with_clock{.clock = true};

/// Windows that depend on the event: none, one or several, which may overlap.
struct own_windows {
  std::int64_t unit;

  template <class Emit>
  void assign(const blip& b, timestamp at, Emit emit) const {
    for (std::int64_t i = 0; i < b.value % 4; ++i)
      emit(window{at - duration{unit * i}, at + duration{1 + unit * (b.value % 3)}});
  }
};

/// Windows that merge, and begin before their event.
struct own_sessions {
  static constexpr bool merging = true;
  std::int64_t before, after;
  weir::touching how;

  template <class Emit>
  void assign(const blip&, timestamp at, Emit emit) const {
    emit(window{at - duration{before}, at + duration{after}});
  }
  [[nodiscard]] weir::touching rule() const { return how; }
};

/// Lets a model assign as a user's assigner does: the windows are the user's, what becomes of them
/// is the model's.
template <class Windows>
naive_windows model_of_own(Windows w) {
  naive_windows m;
  m.assign = [w](const blip& b, timestamp t) {
    std::vector<window> all;
    w.assign(b, t, [&](const window& x) { all.push_back(x); });
    return all;
  };
  return m;
}

}  // namespace

TEST_CASE("tumbling windows of the clock agree with naive ones") {
  compare(
      plays, 60000, with_clock,
      [](std::mt19937_64& random) {
        const tumbling w = random_tumbling(random);
        auto model = model_of(w);
        model.by_clock = true;
        // An event in a window's last microsecond may be its first: then its result is on time.
        model.tells_panes = false;
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(processing_time(w))
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      [](const bag_row& r, timestamp) { return say(r.key, r.window, r.value); });
}

TEST_CASE("hopping windows of events by the clock, with early results, agree with naive ones") {
  compare(
      plays, 61000, with_clock,
      [](std::mt19937_64& random) {
        const hopping_shape w = random_hopping(random);
        auto model = model_of(w);
        model.by_clock = true;
        model.early_clock = pick(random, 1, 20);
        model.discards = true;
        const every_processing_time early{duration{model.early_clock}};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(processing_time(w.windows()))
                               .early(early)
                               .discarding()
                               .process<bag_row>(values_of);
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("sessions by the clock agree with naive ones") {
  compare(
      plays, 62000, with_clock,
      [](std::mt19937_64& random) {
        const std::int64_t gap = pick(random, 1, 40);
        const touching rule = random() % 2 == 0 ? touching::merge : touching::separate;
        auto model = model_of_sessions(rule, [=](const blip&) { return gap; });
        model.by_clock = true;
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(processing_time(session{duration{gap}}.touching(rule)))
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("windows with results early by the clock agree with naive ones") {
  compare(
      plays, 63000, with_clock,
      [](std::mt19937_64& random) {
        const hopping_shape w = random_hopping(random);
        auto model = model_of(w);
        const duration lateness = random_lateness(random, model);
        model.early_clock = pick(random, 1, 20);
        const every_processing_time early{duration{model.early_clock}};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w.windows())
                               .allowed_lateness(lateness)
                               .early(early)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("sessions with results early by the clock agree with naive ones") {
  compare(
      plays, 64000, with_clock,
      [](std::mt19937_64& random) {
        const std::int64_t gap = pick(random, 1, 25);
        auto model = model_of_sessions(touching::merge, [=](const blip&) { return gap; });
        const duration lateness = random_lateness(random, model);
        model.early_clock = pick(random, 1, 20);
        const every_processing_time early{duration{model.early_clock}};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(session{duration{gap}})
                               .allowed_lateness(lateness)
                               .early(early)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("discarded panes of hopping windows agree with naive ones") {
  compare(
      plays, 65000, {},
      [](std::mt19937_64& random) {
        const hopping_shape w = random_hopping(random);
        auto model = model_of(w);
        const duration lateness = random_lateness(random, model);
        model.discards = true;
        model.early_every = pick(random, 1, 20);
        const every_event_time early{duration{model.early_every}};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w.windows())
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

TEST_CASE("discarded panes of hopping windows of events agree with naive ones") {
  compare(
      plays, 66000, {},
      [](std::mt19937_64& random) {
        const hopping_shape w = random_hopping(random);
        auto model = model_of(w);
        const duration lateness = random_lateness(random, model);
        model.discards = true;
        model.early_events = pick(random, 1, 4);
        const every_events early{static_cast<std::uint64_t>(model.early_events)};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w.windows())
                               .allowed_lateness(lateness)
                               .early(early)
                               .discarding()
                               .late_to(late_blips)
                               .process<bag_row>(values_of);
                         },
                         model};
      },
      tell_row);
}

TEST_CASE("windows of own assigners agree with naive ones") {
  compare(
      plays, 67000, {},
      [](std::mt19937_64& random) {
        const own_windows w{pick(random, 1, 20)};
        auto model = model_of_own(w);
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

TEST_CASE("own windows that merge agree with naive ones") {
  compare(
      plays, 68000, {},
      [](std::mt19937_64& random) {
        const own_sessions w{pick(random, 0, 15), pick(random, 1, 15),
                             random() % 2 == 0 ? touching::merge : touching::separate};
        auto model = model_of_own(w);
        model.merging = w.how;
        const duration lateness = random_lateness(random, model);
        return std::pair{[=](stream<blip> in) {
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

TEST_CASE("evictors of windows with the default trigger agree with naive ones") {
  compare(
      plays, 69000, {},
      [](std::mt19937_64& random) {
        const hopping_shape w = random_hopping(random);
        auto model = model_of(w);
        const duration lateness = random_lateness(random, model);
        const any_evictor evictor = random_evictor(random, model);
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w.windows())
                               .allowed_lateness(lateness)
                               .evict(evictor)
                               .late_to(late_blips)
                               .process<bag_row>(values_of);
                         },
                         model};
      },
      tell_row);
}

// SPDX-License-Identifier: BSD-3-Clause
// The general engine against naive windows, over random events, orders, lateness and watermarks,
// with restarts at other parallelisms and steps that end between any two firings.
#include "windows/naive.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using row = window_result<std::int64_t, std::vector<std::int64_t>>;
constexpr int plays = 700;

const auto tell = [](const row& r, timestamp at) {
  std::string line = say(r.key, r.window, r.value) + say(r.pane);
  if (at != r.window.last()) line += " at " + std::to_string(ticks(at));
  return line;
};

std::int64_t pick(std::mt19937_64& random, std::int64_t from, std::int64_t to) {
  return from + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(to - from + 1));
}

tumbling random_tumbling(std::mt19937_64& random) {
  const std::int64_t size = pick(random, 1, 40);
  return tumbling{duration{size}, duration{pick(random, 1 - size, size - 1)}};
}
hopping random_hopping(std::mt19937_64& random) {
  const std::int64_t every = pick(random, 1, 15);
  return hopping{duration{pick(random, 1, 40)}, duration{every},
                 duration{pick(random, 1 - every, every - 1)}};
}

naive_windows model_of(tumbling w) {
  // Not by the library's own division: steps from a start that is low enough.
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
naive_windows model_of(hopping w, std::int64_t offset_hint) {
  naive_windows m;
  m.assign = [=](const blip&, timestamp t) {
    std::vector<window> all;
    for (std::int64_t start = offset_hint - 400 * w.every().count(); start <= ticks(t);
         start += w.every().count())
      if (ticks(t) < start + w.size().count())
        all.push_back({tick(start), tick(start + w.size().count())});
    return all;
  };
  return m;
}
naive_windows model_of_sessions(touching rule, std::function<std::int64_t(const blip&)> gap) {
  naive_windows m;
  m.merging = rule;
  m.assign = [=](const blip& b, timestamp t) {
    return std::vector{window{t, t + duration{gap(b)}}};
  };
  return m;
}

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
      tell);
}

TEST_CASE("tumbling windows with allowed lateness agree with naive ones") {
  compare(
      plays, 2000, {},
      [](std::mt19937_64& random) {
        const tumbling w = random_tumbling(random);
        auto model = model_of(w);
        model.lateness = pick(random, 0, 60);
        const duration lateness{model.lateness};
        return std::pair{[=](stream<blip> in) {
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

TEST_CASE("discarded panes at every few events agree with naive ones") {
  compare(
      plays, 4000, {},
      [](std::mt19937_64& random) {
        const tumbling w = random_tumbling(random);
        auto model = model_of(w);
        model.lateness = pick(random, 0, 60);
        model.discards = true;
        model.early_events = pick(random, 1, 4);
        const duration lateness{model.lateness};
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
      tell);
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
      tell);
}

TEST_CASE("sessions with a gap for each event, lateness and early results agree with naive ones") {
  compare(
      plays, 8000, {},
      [](std::mt19937_64& random) {
        const std::int64_t most = pick(random, 1, 30);
        const auto gap = [=](const blip& b) { return 1 + b.value * 7 % most; };
        const touching rule = random() % 2 == 0 ? touching::merge : touching::separate;
        auto model = model_of_sessions(rule, gap);
        model.lateness = pick(random, 0, 60);
        model.early_every = pick(random, 1, 20);
        const duration lateness{model.lateness};
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
      tell);
}

TEST_CASE("sessions of buffered events with a count trigger and an evictor agree with naive ones") {
  compare(
      plays, 10000, {},
      [](std::mt19937_64& random) {
        const std::int64_t gap = pick(random, 1, 25);
        auto model = model_of_sessions(touching::merge, [=](const blip&) { return gap; });
        model.lateness = pick(random, 0, 40);
        model.only_counts = true;
        model.early_events = pick(random, 1, 5);
        model.discards = random() % 2 == 0;
        // More than a play has events: what is evicted depends on the order in which merged
        // sessions are strung together, which the model doesn't have. Other tests look at eviction.
        model.keeps_last = 1000;
        const duration lateness{model.lateness};
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
                               .evict(keep_last{1000})
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell);
}

TEST_CASE("hopping windows with a count trigger and an evictor agree with naive ones") {
  compare(
      plays, 12000, {},
      [](std::mt19937_64& random) {
        const hopping w = random_hopping(random);
        auto model = model_of(w, ticks(w.nth(0).start));
        model.lateness = pick(random, 0, 40);
        model.only_counts = true;
        model.early_events = pick(random, 1, 5);
        model.keeps_last = static_cast<std::size_t>(pick(random, 1, 6));
        const duration lateness{model.lateness};
        const on_count trigger{static_cast<std::uint64_t>(model.early_events)};
        const keep_last evictor{model.keeps_last};
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(w)
                               .allowed_lateness(lateness)
                               .trigger(trigger)
                               .evict(evictor)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         model};
      },
      tell);
}

TEST_CASE("a global window with a count trigger agrees with a naive one") {
  compare(
      plays, 14000, {},
      [](std::mt19937_64& random) {
        naive_windows model;
        model.assign = [](const blip&, timestamp) { return std::vector{global_window::at()}; };
        model.only_counts = true;
        model.early_events = pick(random, 1, 5);
        model.keeps_last = static_cast<std::size_t>(pick(random, 1, 6));
        const on_count trigger{static_cast<std::uint64_t>(model.early_events)};
        const keep_last evictor{model.keeps_last};
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
      tell);
}

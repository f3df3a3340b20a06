// SPDX-License-Identifier: BSD-3-Clause
// Every departure from New York's airports in 2013, reported when the flight lands: delays for each
// airport and hour, how many of a carrier's flights of a day were late, what queries.hpp asks,
// aircraft whose delay grew from leg to leg, carriers that flew again after cancellations, and
// departures joined with their aircraft, destinations and weather. See data/README.md for the data.
#include "flight.hpp"
#include "queries.hpp"
#include "report.hpp"
#include "weather.hpp"

#include <filesystem>

using namespace std::chrono_literals;
using flights::flight;

namespace {

double speed_of(const weir::args& args) {
  return args["speed"] == "max" ? 0 : args.number("speed");
}

/// Three legs of an aircraft, each with a longer delay than the one before it.
auto growing_delays() {
  return weir::pattern<flight>("before")
      .next("grew")
      .where([](const flight& f, const weir::match_so_far<flight>& m) {
        const flight* last = m.last("grew");
        return f.dep_delay > (last != nullptr ? last : m.first("before"))->dep_delay;
      })
      .times(3)
      .consecutive()
      .within(48h)
      .skip(weir::skip_past_last())
      .named("growing delays");
}

/// Two flights that were cancelled, then one that left.
auto recoveries() {
  return weir::pattern<flight>("cancelled")
      .where(&flight::is_cancelled)
      .times(2)
      .followed_by("departed")
      .where([](const flight& f) { return !f.is_cancelled(); })
      .within(30min)
      .skip(weir::skip_past_last())
      .named("recoveries");
}

/// What departures are joined with: their aircraft, destination and weather. These are rows that
/// the run reads besides the flights.
void join(weir::pipeline& p, const weir::args& args, weir::stream<flight> departed) {
  const std::filesystem::path results = args["output"];
  const auto csv = [&](const char* name) { return weir::to_file((results / name).string()); };
  auto joined = flights::join_departures(
      departed, p.from(weir::files<flights::plane>(args["planes"])),
      p.from(weir::files<flights::airport>(args["airports"])),
      p.from(weir::files<flights::observation>(args["weather"]))
          .event_time(&flights::observation::at, weir::monotonous_timestamps{}));
  flights::delays_by_wind(joined.rows).to(csv("delay-by-wind.csv")).named("delay-by-wind");
  joined.rows
      .filter([](const flights::joined_departure& d) { return d.wind_speed.value_or(0) >= 35; })
      .to(csv("storm-departures.csv"))
      .named("storm-departures");
  joined.late.to(csv("late-for-weather.csv")).named("late-for-weather");
}

void build(weir::pipeline& p, const weir::args& args, flights::newest_hours& newest) {
  const std::filesystem::path results = args["output"];
  const auto csv = [&](const char* name) { return weir::to_file((results / name).string()); };
  p.dead_letters_to(csv("dead-letters.jsonl"));

  auto reported =
      p.from(weir::paced(weir::files<flight>(args["data"]), &flight::report, speed_of(args)))
          .event_time(&flight::at, weir::bounded_out_of_orderness(args.time("out-of-orderness")));

  const weir::side_output<flight> late_for_hour{"late for its hour"};
  auto hours = reported.key_by(&flight::origin)
                   .window(weir::tumbling(1h))
                   .late_to(late_for_hour)
                   .aggregate<flights::hour_numbers>(
                       weir::count_if([](const flight& f) { return !f.is_cancelled(); }),
                       weir::mean(&flight::dep_delay), weir::max(&flight::dep_delay),
                       weir::count_if(&flight::is_cancelled))
                   .named("delays by airport and hour");
  hours.side(late_for_hour).to(csv("late-for-hour.csv")).named("late-for-hour");
  auto rows = hours.map([](const weir::window_result<std::string, flights::hour_numbers>& r) {
    const auto& n = r.value;
    return flights::origin_hour{r.key,        r.window.start, n.departures,
                                n.mean_delay, n.worst_delay,  n.cancelled};
  });
  rows.to(csv("origin-hours.csv")).named("origin-hours");
  rows.to(weir::callback_sink{[&newest](const flights::origin_hour& h) { newest.take(h); }})
      .named("live table");

  const weir::side_output<flight> late_for_day{"late for its day"};
  weir::stream<flight> departed =
      reported.filter([](const flight& f) { return !f.is_cancelled(); });
  auto days = departed.key_by(&flight::carrier)
                  .window(weir::tumbling(24h))
                  .late_to(late_for_day)
                  .aggregate(weir::count{}, weir::mean(&flight::is_late))
                  .named("punctuality by carrier and day");
  days.side(late_for_day).to(csv("late-for-day.csv")).named("late-for-day");
  days.map([](const auto& r) {
        const auto& [departures, late_share] = r.value;
        return flights::carrier_day{r.key, r.window.start, departures, late_share.value_or(0)};
      })
      .to(csv("carrier-days.csv"))
      .named("carrier-days");

  const auto write = [&](auto answer, const std::string& name) {
    answer.rows.to(csv((name + ".csv").c_str())).named(name);
    answer.late.to(csv(("late-for-" + name + ".csv").c_str())).named("late-for-" + name);
  };
  write(flights::rolling_delays(departed), "rolling-delays");
  write(flights::rushes(departed), "rushes");
  write(flights::worst_routes(departed), "worst-routes");
  write(flights::delay_quantiles(departed), "delay-quantiles");

  if (args.flag("joins")) join(p, args, departed);

  const weir::side_output<flight> late_for_legs{"late for its legs"};
  auto growing = reported.filter([](const flight& f) { return !f.is_cancelled() && f.tailnum; })
                     .key_by([](const flight& f) { return *f.tailnum; })
                     .detect(growing_delays(), {.late = late_for_legs})
                     .named("growing delays");
  growing.side(late_for_legs).to(csv("late-for-legs.csv")).named("late-for-legs");
  growing
      .select([](const weir::match<flight>& m) {
        const flight& first = m.first("before");
        const flight& last = m["grew"].back();
        return flights::growing_delay{*first.tailnum, m.began, m.ended, first.dep_delay.value_or(0),
                                      last.dep_delay.value_or(0)};
      })
      .to(csv("growing-delays.csv"))
      .named("growing-delays");

  const weir::side_output<flight> late_for_recovery{"late for its recovery"};
  auto recovered = reported.key_by([](const flight& f) {
                             return std::pair{f.origin, f.carrier};
                           })
                       .detect(recoveries(), {.late = late_for_recovery})
                       .named("recoveries of a carrier");
  recovered.side(late_for_recovery).to(csv("late-for-recovery.csv")).named("late-for-recovery");
  recovered
      .select([](const weir::match<flight>& m) {
        const auto cancelled = m["cancelled"];
        return flights::recovery{cancelled[0].origin, cancelled[0].carrier, cancelled[0].scheduled,
                                 cancelled[1].scheduled, m.ended};
      })
      .to(csv("recoveries.csv"))
      .named("recoveries");
}

}  // namespace

int main(int argc, char** argv) {
  flights::newest_hours newest;
  return weir::main(
      argc, argv,
      {.name = "flights",
       .description =
           "Delays of all 336,776 departures from New York in 2013, reported as the flights land.",
       .options = {{"data", WEIR_FLIGHTS_DATA "/flights.csv.zst",
                    "the flights, in the order of their reports"},
                   {"joins", "false", "join departures with aircraft, airports and weather, too"},
                   {"planes", WEIR_FLIGHTS_DATA "/planes.csv", "the aircraft"},
                   {"airports", WEIR_FLIGHTS_DATA "/airports.csv", "the airports"},
                   {"weather", WEIR_FLIGHTS_DATA "/weather.csv.zst",
                    "the weather, in the order of its time"},
                   {"output", "flights-results", "a directory for the results"},
                   {"speed", "max", "1 replays in real time, 3600 an hour a second, max at once"},
                   {"out-of-orderness", "12h",
                    "how long after a later departure a flight may be reported"}},
       .build = [&](weir::pipeline& p, const weir::args& args) { build(p, args, newest); },
       .live = [&] { return newest.text(); }});
}

// SPDX-License-Identifier: BSD-3-Clause
#include "weather.hpp"

#include <cmath>
#include <utility>

namespace flights {

namespace {

joined_departure with_plane(const flight& f, const plane* p) {
  joined_departure d{f.at(), f.origin, f.dest, {}, f.tailnum.value_or(""),
                     {},     {},       {},     {}, f.dep_delay.value_or(0)};
  if (p == nullptr) return d;
  d.manufacturer = p->manufacturer;
  d.model = p->model;
  return d;
}

joined_departure with_airport(joined_departure d, const airport* a) {
  if (a != nullptr) d.airport = a->name;
  return d;
}

joined_departure with_weather(joined_departure d, const observation* w) {
  if (w == nullptr) return d;
  d.wind_speed = w->wind_speed;
  d.visib = w->visib;
  return d;
}

}  // namespace

joined_departures join_departures(weir::stream<flight> departed, weir::stream<plane> planes,
                                  weir::stream<airport> airports,
                                  weir::stream<observation> weather) {
  auto flown = departed.key_by([](const flight& f) { return f.tailnum.value_or(""); })
                   .join(planes.key_by(&plane::tailnum).to_table())
                   .once_loaded()
                   .left()
                   .apply(with_plane)
                   .named("aircraft");
  auto bound = std::move(flown)
                   .key_by(&joined_departure::dest)
                   .join(airports.key_by(&airport::faa).to_table())
                   .once_loaded()
                   .left()
                   .apply(with_airport)
                   .named("destinations");
  const weir::side_output<joined_departure> late{"late for its weather"};
  auto joined = std::move(bound)
                    .key_by(&joined_departure::origin)
                    .join(weather.key_by(&observation::origin).to_table())
                    .as_of()
                    .left()
                    .late_to(late)
                    .apply(with_weather)
                    .named("weather at departure");
  auto too_late = joined.side(late);
  return {std::move(joined), std::move(too_late)};
}

weir::stream<wind_delay> delays_by_wind(weir::stream<joined_departure> departures) {
  return departures
      .key_by([](const joined_departure& d) {
        std::optional<int> wind_from;
        if (d.wind_speed) wind_from = 10 * static_cast<int>(std::floor(*d.wind_speed / 10));
        return std::pair{wind_from, d.manufacturer.value_or("unknown")};
      })
      .window(weir::global_window{})
      .aggregate(weir::count{}, weir::mean(&joined_departure::dep_delay))
      .named("delays by wind and manufacturer")
      .map([](const auto& r) {
        const auto& [flown, mean_delay] = r.value;
        return wind_delay{r.key.first, r.key.second, flown, mean_delay};
      });
}

}  // namespace flights

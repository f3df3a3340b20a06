// SPDX-License-Identifier: BSD-3-Clause
#include "queries.hpp"

#include <utility>

using namespace std::chrono_literals;

namespace flights {

answer<rolling_delay> rolling_delays(weir::stream<flight> departed) {
  const weir::side_output<flight> late{"late for its six hours"};
  // Three airports have all the flights: most of the work is done before they are told apart.
  auto windows = departed.key_by(&flight::origin)
                     .local_pre_aggregate()
                     .window(weir::hopping(6h, 10min))
                     .late_to(late)
                     .aggregate(weir::count{}, weir::mean(&flight::dep_delay))
                     .named("rolling delays by airport");
  auto too_late = windows.side(late);
  return {windows.map([](const auto& r) {
            const auto& [departures, mean_delay] = r.value;
            return rolling_delay{r.key, r.window.start, departures, mean_delay};
          }),
          too_late};
}

answer<rush> rushes(weir::stream<flight> departed) {
  constexpr auto gap = 10min;
  const weir::side_output<flight> late{"late for its rush"};
  auto sessions = departed.key_by(&flight::carrier)
                      .window(weir::session(gap))
                      .late_to(late)
                      .aggregate(weir::count{}, weir::max(&flight::dep_delay))
                      .named("rushes by carrier");
  auto too_late = sessions.side(late);
  return {sessions
              .map([gap](const auto& r) {
                const auto& [departures, worst_delay] = r.value;
                return rush{r.key, r.window.start, r.window.end - gap, departures, worst_delay};
              })
              .filter([](const rush& r) { return r.departures >= 20; }),
          too_late};
}

answer<worst_route> worst_routes(weir::stream<flight> departed) {
  const weir::side_output<flight> late{"late for its route's day"};
  auto routes = departed.key_by([](const flight& f) {
                          return std::pair{f.origin, f.dest};
                        })
                    .window(weir::tumbling(24h))
                    .late_to(late)
                    .aggregate(weir::count{}, weir::mean(&flight::dep_delay))
                    .named("delays by route and day");
  auto too_late = routes.side(late);
  return {routes
              .map([](const auto& r) {
                const auto& [departures, mean_delay] = r.value;
                return route_day{r.key.first, r.key.second, departures, mean_delay.value_or(0)};
              })
              .top(10, &route_day::mean_delay, weir::tumbling(24h))
              .named("worst routes of a day")
              .flat_map([](const auto& r) {
                std::vector<worst_route> ranked;
                for (const route_day& d : r.value)
                  ranked.push_back({r.window.start, static_cast<std::uint32_t>(ranked.size() + 1),
                                    d.origin, d.dest, d.departures, d.mean_delay});
                return ranked;
              }),
          too_late};
}

answer<hour_delays> delay_quantiles(weir::stream<flight> departed) {
  const weir::side_output<flight> late{"late for its hour's quantiles"};
  auto hours = departed.window(weir::tumbling(1h))
                   .late_to(late)
                   .aggregate(weir::count{}, weir::quantiles(&flight::dep_delay, {0.5, 0.9, 0.99}))
                   .named("delay quantiles by hour");
  auto too_late = hours.side(late);
  return {hours.map([](const auto& r) {
            const auto& [departures, delays] = r.value;
            const auto [p50, p90, p99] = delays.value_or(std::array<double, 3>{});
            return hour_delays{r.window.start, departures, p50, p90, p99};
          }),
          too_late};
}

}  // namespace flights

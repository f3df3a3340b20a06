// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "flight.hpp"

namespace flights {

struct plane {
  std::string tailnum;
  std::string manufacturer;
  std::string model;
};
BOOST_DESCRIBE_STRUCT(plane, (), (tailnum, manufacturer, model))

struct airport {
  std::string faa;  ///< Its code.
  std::string name;
};
BOOST_DESCRIBE_STRUCT(airport, (), (faa, name))

/// The weather at an airport, as it was observed in an hour.
struct observation {
  std::string origin;
  weir::timestamp at;
  std::optional<double> wind_speed;  ///< Miles an hour.
  std::optional<double> visib;       ///< Miles.
};
BOOST_DESCRIBE_STRUCT(observation, (), (origin, at, wind_speed, visib))

/// A departure with what is known of its aircraft, its destination and the weather.
struct joined_departure {
  weir::timestamp departure;
  std::string origin;
  std::string dest;
  std::optional<std::string> airport;  ///< The destination's name.
  std::string tailnum;
  std::optional<std::string> manufacturer;
  std::optional<std::string> model;
  std::optional<double> wind_speed;
  std::optional<double> visib;
  int dep_delay = 0;
};
BOOST_DESCRIBE_STRUCT(joined_departure, (),
                      (departure, origin, dest, airport, tailnum, manufacturer, model, wind_speed,
                       visib, dep_delay))

/// The departures of a manufacturer's aircraft in wind of a strength.
struct wind_delay {
  std::optional<int> wind_from;  ///< Miles an hour; so much, and less than 10 more.
  std::string manufacturer;
  std::uint64_t departures = 0;
  std::optional<double> mean_delay;
};
BOOST_DESCRIBE_STRUCT(wind_delay, (), (wind_from, manufacturer, departures, mean_delay))

struct joined_departures {
  weir::stream<joined_departure> rows;
  weir::stream<joined_departure> late;
};

/// Joins departures with their aircraft and their destinations, two tables that are read first, and
/// with the newest observation of the weather at their airport that wasn't after them.
joined_departures join_departures(weir::stream<flight> departed, weir::stream<plane> planes,
                                  weir::stream<airport> airports,
                                  weir::stream<observation> weather);

/// The whole year's delays by wind speed and manufacturer, when all is read.
weir::stream<wind_delay> delays_by_wind(weir::stream<joined_departure> departures);

}  // namespace flights

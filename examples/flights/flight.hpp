// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <weir/weir.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace flights {

enum class kind { departed, cancelled, diverted };
BOOST_DESCRIBE_ENUM(kind, departed, cancelled, diverted)

/// One flight as it is reported: when it has landed, or, cancelled, at its scheduled time.
struct flight {
  weir::timestamp scheduled;
  std::optional<weir::timestamp> departure;  ///< Absent if cancelled.
  weir::timestamp report;
  flights::kind kind = kind::departed;
  std::string carrier;
  std::optional<std::string> tailnum;  ///< The aircraft; absent for some that were cancelled.
  std::string origin;
  std::string dest;
  std::optional<int> dep_delay;  ///< Minutes; absent if cancelled.

  [[nodiscard]] bool is_cancelled() const { return kind == kind::cancelled; }
  [[nodiscard]] bool is_late() const { return dep_delay.value_or(0) > 15; }
  /// Event time: when it left, or should have left.
  [[nodiscard]] weir::timestamp at() const { return departure.value_or(scheduled); }
};
BOOST_DESCRIBE_STRUCT(flight, (),
                      (scheduled, departure, report, kind, carrier, tailnum, origin, dest,
                       dep_delay))

/// What an hour at an airport came to.
struct hour_numbers {
  std::uint64_t departures = 0;
  std::optional<double> mean_delay;  ///< Minutes.
  std::optional<int> worst_delay;
  std::uint64_t cancelled = 0;
};
BOOST_DESCRIBE_STRUCT(hour_numbers, (), (departures, mean_delay, worst_delay, cancelled))

struct origin_hour {
  std::string origin;
  weir::timestamp hour;
  std::uint64_t departures = 0;
  std::optional<double> mean_delay;
  std::optional<int> worst_delay;
  std::uint64_t cancelled = 0;
};
BOOST_DESCRIBE_STRUCT(origin_hour, (),
                      (origin, hour, departures, mean_delay, worst_delay, cancelled))

struct carrier_day {
  std::string carrier;
  weir::timestamp day;
  std::uint64_t departures = 0;
  double late_share = 0;  ///< Of flights that left more than 15 minutes late.
};
BOOST_DESCRIBE_STRUCT(carrier_day, (), (carrier, day, departures, late_share))

/// The last six hours of an airport.
struct rolling_delay {
  std::string origin;
  weir::timestamp start;
  std::uint64_t departures = 0;
  std::optional<double> mean_delay;
};
BOOST_DESCRIBE_STRUCT(rolling_delay, (), (origin, start, departures, mean_delay))

/// A run of many departures of a carrier, each soon after the one before.
struct rush {
  std::string carrier;
  weir::timestamp first;
  weir::timestamp last;
  std::uint64_t departures = 0;
  std::optional<int> worst_delay;
};
BOOST_DESCRIBE_STRUCT(rush, (), (carrier, first, last, departures, worst_delay))

/// What a day on a route came to.
struct route_day {
  std::string origin;
  std::string dest;
  std::uint64_t departures = 0;
  double mean_delay = 0;

  friend auto operator<=>(const route_day&, const route_day&) = default;
};
BOOST_DESCRIBE_STRUCT(route_day, (), (origin, dest, departures, mean_delay))

/// A route among the ten worst of a day.
struct worst_route {
  weir::timestamp day;
  std::uint32_t rank = 0;
  std::string origin;
  std::string dest;
  std::uint64_t departures = 0;
  double mean_delay = 0;
};
BOOST_DESCRIBE_STRUCT(worst_route, (), (day, rank, origin, dest, departures, mean_delay))

/// How late the flights of an hour left, in minutes.
struct hour_delays {
  weir::timestamp hour;
  std::uint64_t departures = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
};
BOOST_DESCRIBE_STRUCT(hour_delays, (), (hour, departures, p50, p90, p99))

/// An aircraft whose delay grew on three consecutive legs.
struct growing_delay {
  std::string tailnum;
  weir::timestamp began;  ///< Departure of the leg before the three.
  weir::timestamp ended;  ///< Departure of the last leg.
  int first_delay = 0;    ///< Minutes.
  int last_delay = 0;
};
BOOST_DESCRIBE_STRUCT(growing_delay, (), (tailnum, began, ended, first_delay, last_delay))

/// A carrier that cancelled two flights at an airport, and flew again within half an hour.
struct recovery {
  std::string origin;
  std::string carrier;
  weir::timestamp first_cancelled;
  weir::timestamp second_cancelled;
  weir::timestamp departed;
};
BOOST_DESCRIBE_STRUCT(recovery, (), (origin, carrier, first_cancelled, second_cancelled, departed))

}  // namespace flights

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <string_view>

namespace weir {

/// A zone of the system's time-zone database, like "America/New_York". Cheap to copy.
class time_zone {
public:
  /// Throws `weir::exception` if the database has no such zone.
  explicit time_zone(std::string_view name);

  /// The time on the zone's clocks, since 1970-01-01T00:00 of that time. Before year 1 and after
  /// year 9999 it is UTC.
  [[nodiscard]] duration local(timestamp t) const;
  /// The instant at which the zone's clocks show `local`: the first, if they show it twice; that
  /// of the jump, if they skip it.
  [[nodiscard]] timestamp instant(duration local) const;
  [[nodiscard]] std::string_view name() const;

  friend bool operator==(const time_zone&, const time_zone&) = default;

private:
  const void* zone_;  ///< Of the database, which lives as long as the program.
};

}  // namespace weir

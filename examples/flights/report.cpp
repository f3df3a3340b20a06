// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"

#include <cstdio>

namespace flights {

void newest_hours::take(const origin_hour& h) {
  std::lock_guard lock{mutex_};
  origin_hour& newest = newest_[h.origin];
  if (newest.origin.empty() || h.hour >= newest.hour) newest = h;
}

std::string newest_hours::text() const {
  std::lock_guard lock{mutex_};
  std::string text = "  airport  hour                   departures  mean delay  worst  cancelled\n";
  for (const auto& [origin, h] : newest_) {
    char line[120];
    std::snprintf(line, sizeof line, "  %-7s  %-21s  %10lu  %8.1f m  %3d m  %9lu\n", origin.c_str(),
                  weir::format_rfc3339(h.hour).c_str(), static_cast<unsigned long>(h.departures),
                  h.mean_delay.value_or(0), h.worst_delay.value_or(0),
                  static_cast<unsigned long>(h.cancelled));
    text += line;
  }
  return text;
}

}  // namespace flights

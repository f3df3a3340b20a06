// SPDX-License-Identifier: BSD-3-Clause
#include "weir/windows/time_zone.hpp"

#include "weir/core/error.hpp"

#include <date/tz.h>

#include <stdexcept>
#include <string>

namespace weir {

namespace {

constexpr timestamp first_known = date::sys_days{date::year{1} / 1 / 1};
constexpr timestamp last_known = date::sys_days{date::year{9999} / 12 / 31};

const date::time_zone& zone_at(const void* p) { return *static_cast<const date::time_zone*>(p); }

}  // namespace

time_zone::time_zone(std::string_view name) : zone_(nullptr) {
  try {
    zone_ = date::locate_zone(std::string{name});
  } catch (const std::runtime_error&) {
    throw exception({errc::not_found, "in_zone(): the system's time-zone database has no zone '" +
                                          std::string{name} +
                                          "'; use a name like \"America/New_York\""});
  }
}

duration time_zone::local(timestamp t) const {
  if (t < first_known || t > last_known) return t.time_since_epoch();
  return zone_at(zone_).to_local(t).time_since_epoch();
}

timestamp time_zone::instant(duration local) const {
  const date::local_time<duration> at{local};
  if (const timestamp t{local}; t < first_known || t > last_known) return t;
  // Of a time that is skipped, `earliest` gives the instant of the jump.
  return zone_at(zone_).to_sys(at, date::choose::earliest);
}

std::string_view time_zone::name() const { return zone_at(zone_).name(); }

}  // namespace weir

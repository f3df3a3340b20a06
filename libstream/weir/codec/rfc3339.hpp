// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/core/time.hpp"

#include <string>
#include <string_view>

namespace weir {

/// Returns the instant that `text` names, such as `2026-03-01T12:30:00.25+02:00`. Strict RFC 3339:
/// `T` and `Z` may be lower case; the offset is required; the fraction has 1 to 9 digits, those
/// beyond microseconds are cut off; dates and years 0000 to 9999 are checked, also after the offset
/// is taken off. A leap second (`:60` in the last UTC minute of a month) becomes the last
/// microsecond before it, so that order is kept; any other `:60` is refused, and so is a date
/// alone. Fails with errc::decode_failed.
[[nodiscard]] result<timestamp> parse_rfc3339(std::string_view text);

/// As `parse_rfc3339`, without the reason: answers false and leaves `out` alone.
[[nodiscard]] bool read_rfc3339(std::string_view text, timestamp& out) noexcept;

/// Returns whether `t` lies in the years 0000 to 9999, which RFC 3339 can name.
[[nodiscard]] bool fits_rfc3339(timestamp t) noexcept;

/// Appends `t` in UTC with `Z` and as many digits of fraction as it needs: none, 3 or 6. What does
/// not fit RFC 3339, such as `max_timestamp`, is appended as its count of microseconds.
void write_rfc3339(timestamp t, std::string& out);

/// Returns what `write_rfc3339` appends.
[[nodiscard]] std::string format_rfc3339(timestamp t);

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/rfc3339.hpp"

#include <array>
#include <chrono>
#include <cstddef>

namespace weir {

namespace {

using namespace std::chrono;

constexpr timestamp earliest{sys_days{year{0} / 1 / 1}};
constexpr timestamp latest{sys_days{year{9999} / 12 / 31} + days{1} - microseconds{1}};

/// Takes a timestamp apart from front to back; after a mistake every step answers false.
class cursor {
public:
  explicit cursor(std::string_view text) noexcept : rest_(text) {}

  bool digits(std::size_t n, int& out) noexcept {
    if (rest_.size() < n) return false;
    int sum = 0;
    for (const char c : rest_.substr(0, n)) {
      if (c < '0' || c > '9') return false;
      sum = sum * 10 + (c - '0');
    }
    rest_.remove_prefix(n);
    out = sum;
    return true;
  }

  bool any_of(std::string_view set) noexcept {
    if (rest_.empty() || set.find(rest_.front()) == set.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Reads 1 to 9 digits after a point; keeps the first six.
  bool fraction(int& micros) noexcept {
    int sum = 0, n = 0;
    for (int digit = 0; digits(1, digit); ++n)
      if (n < 6) sum = sum * 10 + digit;
    for (int i = n; i < 6; ++i) sum *= 10;
    micros = sum;
    return n >= 1 && n <= 9;
  }

  /// Reads `Z`, `+hh:mm` or `-hh:mm` at the end of the text.
  bool offset(minutes& out) noexcept {
    if (any_of("Zz")) return rest_.empty();
    const bool west = !rest_.empty() && rest_.front() == '-';
    int h = 0, m = 0;
    if (!any_of("+-") || !digits(2, h) || !any_of(":") || !digits(2, m)) return false;
    if (h > 23 || m > 59 || !rest_.empty()) return false;
    out = minutes{(west ? -1 : 1) * (h * 60 + m)};
    return true;
  }

private:
  std::string_view rest_;
};

/// A leap second ends the last minute of a month.
bool precedes_month(timestamp t) noexcept {
  const auto day = floor<days>(t);
  return t == timestamp{day} && year_month_day{day}.day() == std::chrono::day{1};
}

char* put_digits(char* to, int n, unsigned value) noexcept {
  for (int i = n - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + n;
}

}  // namespace

bool read_rfc3339(std::string_view text, timestamp& out) noexcept {
  cursor in{text};
  int y = 0, mon = 0, d = 0, h = 0, min = 0, s = 0, micros = 0;
  minutes offset{0};
  if (!in.digits(4, y) || !in.any_of("-") || !in.digits(2, mon) || !in.any_of("-")) return false;
  if (!in.digits(2, d) || !in.any_of("Tt") || !in.digits(2, h) || !in.any_of(":")) return false;
  if (!in.digits(2, min) || !in.any_of(":") || !in.digits(2, s)) return false;
  if (in.any_of(".") && !in.fraction(micros)) return false;
  if (!in.offset(offset)) return false;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mon)},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok() || h > 23 || min > 59 || s > 60) return false;
  timestamp t = timestamp{sys_days{date}} + hours{h} + minutes{min} + seconds{s} - offset;
  if (s == 60) {
    if (!precedes_month(t)) return false;
    t -= microseconds{1};
  } else {
    t += microseconds{micros};
  }
  if (!fits_rfc3339(t)) return false;
  out = t;
  return true;
}

result<timestamp> parse_rfc3339(std::string_view text) {
  timestamp t;
  if (read_rfc3339(text, t)) return t;
  constexpr std::size_t enough = 64;
  return error{errc::decode_failed, "\"" + std::string{text.substr(0, enough)} +
                                        "\" is not an RFC 3339 time such as 2026-03-01T12:30:00Z"};
}

bool fits_rfc3339(timestamp t) noexcept { return earliest <= t && t <= latest; }

void write_rfc3339(timestamp t, std::string& out) {
  if (!fits_rfc3339(t)) {
    out += std::to_string(t.time_since_epoch().count());
    return;
  }
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss time{t - day};
  const auto micros = static_cast<unsigned>(time.subseconds().count());
  std::array<char, 32> text;
  char* to = put_digits(text.data(), 4, static_cast<unsigned>(static_cast<int>(date.year())));
  *to++ = '-';
  to = put_digits(to, 2, static_cast<unsigned>(date.month()));
  *to++ = '-';
  to = put_digits(to, 2, static_cast<unsigned>(date.day()));
  *to++ = 'T';
  to = put_digits(to, 2, static_cast<unsigned>(time.hours().count()));
  *to++ = ':';
  to = put_digits(to, 2, static_cast<unsigned>(time.minutes().count()));
  *to++ = ':';
  to = put_digits(to, 2, static_cast<unsigned>(time.seconds().count()));
  if (micros != 0) {
    *to++ = '.';
    to = micros % 1000 == 0 ? put_digits(to, 3, micros / 1000) : put_digits(to, 6, micros);
  }
  *to++ = 'Z';
  out.append(text.data(), to);
}

std::string format_rfc3339(timestamp t) {
  std::string out;
  write_rfc3339(t, out);
  return out;
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/args.hpp"

#include "weir/codec/rfc3339.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

namespace weir {

namespace {

[[noreturn]] void refuse(std::string_view name, const std::string& value, std::string_view wanted) {
  throw exception({errc::invalid_argument,
                   "--" + std::string{name} + " '" + value + "': expected " + std::string{wanted}});
}

template <class N>
bool parse(const std::string& text, N& out) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size();
}

}  // namespace

const std::string& args::operator[](std::string_view name) const {
  const auto at = values_.find(name);
  if (at == values_.end())
    throw exception(
        {errc::invalid_argument, "missing argument: give --" + std::string{name} + " VALUE"});
  return at->second;
}

double args::number(std::string_view name) const {
  const std::string& text = (*this)[name];
  double x = 0;
  if (!parse(text, x) || !(x >= 0) || !std::isfinite(x))
    refuse(name, text, "a number, not negative");
  return x;
}

std::uint64_t args::count(std::string_view name) const {
  const std::string& text = (*this)[name];
  std::uint64_t n = 0;
  if (!parse(text, n)) refuse(name, text, "a whole number, not negative");
  return n;
}

duration args::time(std::string_view name) const {
  const std::string& text = (*this)[name];
  const auto d = parse_duration(text);
  if (!d) refuse(name, text, "a duration like 500ms, 5s, 10min, 12h or 1d");
  return *d;
}

timestamp args::instant(std::string_view name) const {
  const std::string& text = (*this)[name];
  constexpr std::size_t date = 10;     // 2013-03-01
  constexpr std::size_t minutes = 16;  // ... T00:00
  timestamp at;
  if (read_rfc3339(text, at)) return at;
  if (text.size() > minutes &&
      read_rfc3339(text.substr(0, minutes) + ":00" + text.substr(minutes), at))
    return at;
  if (text.size() == date && read_rfc3339(text + "T00:00:00Z", at)) return at;
  refuse(name, text, "an instant like 2013-03-01T00:00Z");
}

std::uint64_t args::bytes(std::string_view name) const {
  const std::string& text = (*this)[name];
  const auto n = parse_bytes(text);
  if (!n) refuse(name, text, "a size like 512MiB or 2GiB");
  return *n;
}

std::map<std::string, std::uint64_t, std::less<>> args::offsets(std::string_view name) const {
  const std::string& text = (*this)[name];
  std::map<std::string, std::uint64_t, std::less<>> all;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    const std::string_view one = std::string_view{text}.substr(from, end - from);
    const std::size_t equals = one.rfind('=');  // a split's name may hold one
    std::uint64_t offset = 0;
    const char* last = one.data() + one.size();
    if (equals == 0 || equals == one.npos ||
        std::from_chars(one.data() + equals + 1, last, offset) != std::from_chars_result{last, {}})
      refuse(name, text, "splits and offsets like flights.csv=2048, with commas between them");
    all[std::string{one.substr(0, equals)}] = offset;
    from = end + 1;
  }
  return all;
}

bool args::flag(std::string_view name) const {
  const std::string& text = (*this)[name];
  if (text == "true" || text == "yes" || text == "1") return true;
  if (text == "false" || text == "no" || text == "0") return false;
  refuse(name, text, "true or false");
}

result<duration> parse_duration(std::string_view text) {
  struct unit {
    std::string_view name;
    double micros;
  };
  static constexpr std::array<unit, 6> units = {
      {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"min", 60e6}, {"h", 3600e6}, {"d", 86400e6}}};
  double x = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), x);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const unit& u : units)
    if (ec == std::errc{} && rest == u.name && x >= 0 && x * u.micros < 9e18)
      return duration{static_cast<duration::rep>(x * u.micros)};
  return error{
      errc::invalid_argument,
      "'" + std::string{text} + "' is no duration: write a number and us, ms, s, min, h or d"};
}

result<std::uint64_t> parse_bytes(std::string_view text) {
  struct unit {
    std::string_view name;
    double bytes;
  };
  static constexpr std::array<unit, 7> units = {{{"", 1},
                                                 {"kB", 1e3},
                                                 {"MB", 1e6},
                                                 {"GB", 1e9},
                                                 {"KiB", 1024},
                                                 {"MiB", 1024.0 * 1024},
                                                 {"GiB", 1024.0 * 1024 * 1024}}};
  double x = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), x);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const unit& u : units)
    if (ec == std::errc{} && rest == u.name && x >= 0 && x * u.bytes < 1e18)
      return static_cast<std::uint64_t>(x * u.bytes);
  return error{errc::invalid_argument, "'" + std::string{text} +
                                           "' is no size: write a number and kB, MB, GB, KiB, MiB "
                                           "or GiB"};
}

result<std::map<std::string, std::string, std::less<>>> read_config(const std::string& path) {
  std::ifstream file{path};
  if (!file) return error{errc::not_found, "--config: cannot read '" + path + "'"};
  std::stringstream text;
  text << file.rdbuf();
  boost::system::error_code ec;
  const boost::json::value parsed = boost::json::parse(text.str(), ec);
  if (ec || !parsed.is_object())
    return error{errc::invalid_argument, "--config '" + path +
                                             "': expected a JSON object like {\"speed\": \"max\"}" +
                                             (ec ? " (" + ec.message() + ")" : "")};
  std::map<std::string, std::string, std::less<>> values;
  for (const auto& [key, value] : parsed.get_object()) {
    if (value.is_object() || value.is_array() || value.is_null())
      return error{errc::invalid_argument, "--config '" + path + "': '" + std::string{key} +
                                               "' must be a text, a number or a boolean"};
    values[std::string{key}] =
        value.is_string() ? std::string{value.get_string()} : boost::json::serialize(value);
  }
  return values;
}

}  // namespace weir

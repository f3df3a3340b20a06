// SPDX-License-Identifier: BSD-3-Clause
#include "weir/patterns/pattern_rule.hpp"

#include <array>
#include <charconv>

namespace weir::patterns {

result<duration> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> units{
      {{"us", 1},
       {"ms", 1'000},
       {"s", 1'000'000},
       {"min", 60'000'000},
       {"m", 60'000'000},
       {"h", 3'600'000'000},
       {"d", 86'400'000'000}}};
  std::int64_t n = 0;
  const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), n);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  std::int64_t micros = 0;
  if (why == std::errc{})
    for (const auto& [name, factor] : units)
      if (unit == name && !__builtin_mul_overflow(n, factor, &micros)) return duration{micros};
  return error{errc::invalid_argument,
               "'" + std::string{text} + "' is no duration like 500ms, 30s, 5min, 2h or 1d"};
}

result<after_match> parse_skip(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string step{colon == text.npos ? "" : text.substr(colon + 1)};
  if (text == "none") return no_skip();
  if (text == "to_next") return skip_to_next();
  if (text == "past_last") return skip_past_last();
  if (kind == "to_first" && !step.empty()) return skip_to_first(step);
  if (kind == "to_last" && !step.empty()) return skip_to_last(step);
  return error{errc::invalid_argument,
               "'" + std::string{text} +
                   "' is none of none, to_next, past_last, to_first:STEP, to_last:STEP"};
}

}  // namespace weir::patterns

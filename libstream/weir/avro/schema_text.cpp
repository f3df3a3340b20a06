// SPDX-License-Identifier: BSD-3-Clause
#include "weir/avro/schema_text.hpp"

#include <vector>

namespace weir::avro::detail {

namespace {

/// Splits at `::`, but not within angle brackets.
std::vector<std::string_view> parts_of_name(std::string_view cpp) {
  std::vector<std::string_view> parts;
  std::size_t from = 0;
  int open = 0;
  for (std::size_t i = 0; i + 1 < cpp.size(); ++i) {
    if (cpp[i] == '<') ++open;
    if (cpp[i] == '>') --open;
    if (open != 0 || cpp[i] != ':' || cpp[i + 1] != ':') continue;
    parts.push_back(cpp.substr(from, i - from));
    from = i + 2;
    ++i;
  }
  parts.push_back(cpp.substr(from));
  return parts;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string name_for(std::string_view cpp) {
  std::string name;
  for (const std::string_view part : parts_of_name(cpp)) {
    if (part.find("anonymous") != std::string_view::npos && !is_letter(part.front())) continue;
    if (part.empty()) continue;
    if (!name.empty()) name += '.';
    if (is_digit(part.front())) name += '_';
    for (const char c : part) name += is_letter(c) || is_digit(c) ? c : '_';
  }
  return name.empty() ? "record" : name;
}

void write_bytes_default(std::span<const std::byte> data, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const std::byte b : data) {
    const auto value = static_cast<unsigned>(b);
    out += "\\u00";
    out += digits[value >> 4U];
    out += digits[value & 15U];
  }
  out += '"';
}

}  // namespace weir::avro::detail

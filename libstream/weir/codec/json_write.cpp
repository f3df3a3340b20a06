// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/json_write.hpp"

#include <cstddef>

namespace weir::detail {

namespace {

unsigned char byte_at(std::string_view text, std::size_t i) noexcept {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

/// Returns the length of the valid UTF-8 sequence at `i`, or 0 if there is none (RFC 3629: no
/// overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text, std::size_t i) noexcept {
  const unsigned char lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  const unsigned char second = byte_at(text, i + 1);
  if (second < low || second > high) return 0;
  for (std::size_t k = 2; k < n; ++k)
    if ((byte_at(text, i + k) & 0xc0) != 0x80) return 0;
  return n;
}

void write_escape(unsigned char c, std::string& out) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
  }
}

bool is_plain(unsigned char c) noexcept { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

}  // namespace

void write_json_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t from = 0, i = 0;
  while (i < text.size()) {
    const unsigned char c = byte_at(text, i);
    if (is_plain(c)) {
      ++i;
    } else if (const std::size_t n = sequence_length(text, i); n > 1) {
      i += n;
    } else {
      out.append(text, from, i - from);
      if (n == 0)
        out += "\xef\xbf\xbd";
      else
        write_escape(c, out);
      from = ++i;
    }
  }
  out.append(text, from);
  out += '"';
}

}  // namespace weir::detail

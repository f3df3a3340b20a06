// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/base64.hpp"

#include <array>
#include <cstdint>

namespace weir {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t none = 255;

constexpr auto digit_of = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(none);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

}  // namespace

void write_base64(std::span<const std::byte> data, std::string& out) {
  out.reserve(out.size() + (data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const std::size_t n = data.size() - i < 3 ? data.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < n ? std::to_integer<std::uint32_t>(data[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) out += k <= n ? alphabet[group >> (18 - 6 * k) & 63] : '=';
  }
}

bool read_base64(std::string_view text, bytes& out) {
  out.clear();
  if (text.size() % 4 != 0) return false;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::string_view quad = text.substr(i, 4);
    const bool is_last = i + 4 == text.size();
    const std::size_t n = is_last && quad[3] == '=' ? (quad[2] == '=' ? 2 : 3) : 4;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::uint8_t digit = k < n ? digit_of[static_cast<unsigned char>(quad[k])] : 0;
      if (digit == none) return false;
      group = group << 6 | digit;
    }
    const std::uint32_t unused = n == 4 ? 0 : n == 3 ? 0xff : 0xffff;
    if ((group & unused) != 0) return false;
    for (std::size_t k = 0; k + 1 < n; ++k)
      out.push_back(static_cast<std::byte>(group >> (16 - 8 * k) & 0xff));
  }
  return true;
}

}  // namespace weir

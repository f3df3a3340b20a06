// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/text_form.hpp"

namespace weir::detail {

bool is_tiny(std::string_view text) noexcept {
  const std::size_t e = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t digit = mantissa.find_first_of("123456789");
  if (digit == mantissa.npos) return true;
  const std::size_t point =
      mantissa.find('.') == mantissa.npos ? mantissa.size() : mantissa.find('.');
  std::int64_t exponent = 0;
  if (e != text.npos) {
    const std::string_view power = text.substr(e + 1);
    const bool plus = !power.empty() && power.front() == '+';
    const auto [at, code] =
        std::from_chars(power.data() + (plus ? 1 : 0), power.data() + power.size(), exponent);
    if (code == std::errc::result_out_of_range) return power.front() == '-';
  }
  return static_cast<std::int64_t>(point) - static_cast<std::int64_t>(digit) + exponent < 0;
}

}  // namespace weir::detail

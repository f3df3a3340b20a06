// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::patterns {

/// A condition as text, taken apart: what it names is not looked up yet. The language:
///
///     amount > 500 and not starts_with(card, '4111')
///     amount > 10 * mean(probe.amount) or count(probe) >= 3
///
/// or, and, not (also ||, &&, !); == != < <= > >=; + - * / %; numbers, 'text' or "text", true,
/// false; fields of the event, with a dot into nested ones; `step.first.field`,
/// `step.last.field`; count(step), sum, mean, min, max (step.field); starts_with, ends_with,
/// contains (text, part); lower, upper, length (text); abs (number); exists (field); at (), the
/// event's time in microseconds. A field without a value fulfils no comparison.
struct expression {
  enum class kind : unsigned char { number, text, boolean, name, call, unary, binary };

  kind what = kind::boolean;
  std::string word;  ///< Text, function or operator.
  double number = 0;
  bool truth = false;
  std::vector<std::string> path;  ///< Of a name.
  std::vector<expression> parts;
  std::size_t at = 0;  ///< Where it stands in the text, from 1.
};

/// Takes a condition apart. An error says where the text breaks off, and what was expected there.
[[nodiscard]] result<expression> parse_expression(std::string_view text);

/// Writes an expression out so that two are the same text only if they say the same.
[[nodiscard]] std::string to_text(const expression& e);

}  // namespace weir::patterns

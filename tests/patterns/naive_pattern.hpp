// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "patterns/letters.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

/// An event in its place; `none` is a mere move of the clock.
struct input_record {
  std::optional<letter> event;
  std::int64_t at = 0;
};

/// A condition as data: of these names; compared with what the match has taken for a step.
struct naive_condition {
  std::string names;
  std::optional<std::size_t> sum_of;  ///< Step: the price must be above the sum of its prices.
  bool below = false;                 ///< ... below it.
};

/// A pattern as data: what both matchers are made from.
struct naive_item {
  std::size_t step = 0;  ///< Number of its name.
  patterns::link how = patterns::link::begin;
  int min = 1, max = 1;  ///< `max` 0: no bound.
  bool given = false, optional = false, greedy = false;
  contiguity inner = contiguity::relaxed;
  std::int64_t gap = 0, inner_gap = 0, within = 0;
  naive_condition where;
  std::optional<naive_condition> until;
  std::vector<naive_item> group;
};

}  // namespace weir::test

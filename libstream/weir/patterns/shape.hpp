// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/patterns/after_match.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// Which events may lie between an event that is taken and the one before it.
enum class contiguity : std::uint8_t {
  strict,   ///< None.
  relaxed,  ///< Those that don't fit; the first one that fits is taken.
  any,      ///< All: an event that fits may be taken or passed over.
};

/// What `within` measures from.
enum class since : std::uint8_t {
  first,     ///< The match's first event: bounds the whole match.
  previous,  ///< The event taken before: bounds the wait for the step in hand.
};

namespace patterns {

/// How a step is joined to what was taken before it.
enum class link : std::uint8_t {
  begin,
  next,
  followed_by,
  followed_by_any,
  not_next,
  not_followed_by,
};

[[nodiscard]] constexpr bool is_not(link l) noexcept {
  return l == link::not_next || l == link::not_followed_by;
}

inline constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();

/// How often a step repeats.
struct quantifier {
  std::int64_t min = 1;
  std::int64_t max = 1;
  bool given = false;  ///< The user asked for a number of times; else it is exactly once.
  bool optional = false;
  bool greedy = false;
  contiguity inner = contiguity::relaxed;  ///< Between the repetitions.
  std::optional<duration> gap;             ///< Longest time between two repetitions, exclusive.

  [[nodiscard]] bool loops() const noexcept { return max == unbounded; }
  [[nodiscard]] bool has_range() const noexcept { return min != max; }
};

/// No condition: every event fits.
inline constexpr int no_condition = -1;

/// A step, or a group of steps, of a pattern. Conditions are numbers; the typed pattern knows them.
struct item {
  std::string name;  ///< Empty for a group.
  link how = link::begin;
  quantifier times;
  int condition = no_condition;
  int until = no_condition;
  std::optional<duration> gap;  ///< Longest time since the event taken before, exclusive.
  std::vector<item> group;

  [[nodiscard]] bool is_group() const noexcept { return !group.empty(); }
};

/// All of a pattern but what its conditions say: data without the event's type.
struct shape {
  std::string name;
  std::vector<item> items;
  std::optional<duration> within;
  after_match skip;
};

}  // namespace patterns
}  // namespace weir

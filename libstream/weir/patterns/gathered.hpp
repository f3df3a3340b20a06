// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/automaton.hpp"

#include <vector>

namespace weir::patterns {

/// What a walk over NOT steps, skipped items and left loops has gathered.
struct gathered {
  condition_bits forbidden = 0;
  condition_bits not_next = 0;
  std::vector<greedy_rule> rules;
  std::vector<const item*> trailing;  ///< NOT steps with no item after them so far.
};

inline contiguity contiguity_of(link l) {
  if (l == link::next) return contiguity::strict;
  return l == link::followed_by ? contiguity::relaxed : contiguity::any;
}

inline condition_bits until_bits(const item& i) {
  return i.until == no_condition ? 0 : bit_of(i.until);
}

inline void collect(const item& i, gathered& g) {
  (i.how == link::not_next ? g.not_next : g.forbidden) |= bit_of(i.condition);
  g.trailing.push_back(&i);
}

/// Notes that a greedy loop was left or skipped.
inline void leave(const item& i, gathered& g) {
  if (i.times.greedy && i.times.has_range())
    g.rules.push_back({bit_of(i.condition), until_bits(i)});
}

inline void pass_over(const item& i, gathered& g);

/// Passes over all that is in a list.
inline void pass_over_all(const std::vector<item>& items, gathered& g) {
  for (const item& i : items) is_not(i.how) ? collect(i, g) : pass_over(i, g);
}

/// Passes over an item that takes nothing: one that is missing asks for nothing; in a group that is
/// there but empty, the NOT steps hold.
inline void pass_over(const item& i, gathered& g) {
  g.trailing.clear();
  if (i.is_group() && !i.times.optional)
    pass_over_all(i.group, g);
  else
    leave(i, g);
}

}  // namespace weir::patterns

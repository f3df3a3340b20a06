// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/automaton.hpp"

#include <cstdint>

namespace weir::patterns {

// What one event does to one wait, in bits of conditions: no user code, no state.

/// Which of a state's greedy rules an event breaks, given those that are lifted; updates these.
inline std::uint32_t broken_rules(const automaton& a, const state& s, condition_bits bits,
                                  std::uint32_t& lifted) {
  std::uint32_t broken = 0;
  for (unsigned i = 0; i < s.rules; ++i) {
    const greedy_rule& rule = a.rules[s.first_rule + i];
    const std::uint32_t bit = 1U << i;
    if ((bits & rule.until) != 0) lifted |= bit;
    if ((lifted & bit) == 0 && (bits & rule.loop) != 0) broken |= bit;
  }
  return broken;
}

/// Whether a wait takes the event; `first` if it comes right after the event taken before.
inline bool takes(const edge& e, condition_bits bits, bool first) {
  return (bits & e.take) != 0 && (bits & (e.not_taken | e.forbidden)) == 0 &&
         (first || e.how != contiguity::strict);
}

/// Whether a wait goes on after the event.
inline bool goes_on(const edge& e, condition_bits bits) {
  if ((bits & (e.forbidden | e.not_passed)) != 0) return false;
  return e.how == contiguity::any || (e.how == contiguity::relaxed && (bits & e.take) == 0);
}

/// Whether the event stands in the way of a partial match that is complete if nothing does.
inline bool refuses_end(const state& s, condition_bits bits, bool first) {
  return (first && (bits & s.end_not_next) != 0) || (bits & s.end_forbidden) != 0;
}

}  // namespace weir::patterns

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/automaton.hpp"
#include "weir/patterns/condition.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace weir::patterns {

/// A compiled pattern with its conditions: immutable, shared by all instances.
template <class T>
struct plan {
  automaton machine;
  std::vector<condition<T>> conditions;
  condition_bits reads_match = 0;  ///< The conditions that read the match so far.
  condition_bits begins = 0;       ///< An event without one of these begins no match.
  std::uint64_t version = 0;       ///< Of the rule, where patterns come as rules.

  plan(automaton a, std::vector<condition<T>> c) : machine(std::move(a)), conditions(std::move(c)) {
    for (std::size_t i = 0; i < conditions.size(); ++i)
      if (conditions[i].reads_match()) reads_match |= bit_of(static_cast<int>(i));
    for (std::size_t i = 0; i < machine.start().edges; ++i)
      begins |= machine.edges[machine.start().first_edge + i].take;
  }

  /// Looks at events by themselves, many at a time: `bits[i]` gets the conditions that event i
  /// fulfils, or may fulfil for some match.
  void classify(const T* events, std::size_t n, condition_bits* bits, bool* scratch) const {
    std::fill(bits, bits + n, always);
    for (std::size_t c = 0; c < conditions.size(); ++c) {
      conditions[c].on_events(events, n, scratch);
      const condition_bits bit = bit_of(static_cast<int>(c));
      for (std::size_t i = 0; i < n; ++i) bits[i] |= scratch[i] ? bit : 0;
    }
  }
};

}  // namespace weir::patterns

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/patterns/shape.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::patterns {

/// The conditions that an event fulfils, a bit each; `always` is set for every event.
using condition_bits = std::uint64_t;
inline constexpr condition_bits always = condition_bits{1} << 63;
inline constexpr std::size_t most_conditions = 63;

[[nodiscard]] constexpr condition_bits bit_of(int condition) noexcept {
  return condition == no_condition ? always : condition_bits{1} << condition;
}

/// A wait of a partial match: the event that it would take, and where that leads. Which events end
/// the wait is said in bits of conditions.
struct edge {
  condition_bits take = always;   ///< What the taken event must fulfil.
  condition_bits forbidden = 0;   ///< Ends the wait, and can't be taken: not_followed_by.
  condition_bits not_next = 0;    ///< Ends the wait if the very next event fulfils it.
  condition_bits not_taken = 0;   ///< Can't be taken: until.
  condition_bits not_passed = 0;  ///< Ends the wait: until, within its loop.
  std::uint32_t greedy = 0;       ///< Which of the state's greedy rules hold for it, a bit each.
  std::uint16_t to = 0;           ///< State after the take.
  std::uint16_t step = 0;         ///< Number of the step that takes.
  contiguity how = contiguity::any;
  std::int8_t gap = -1;  ///< Number of the longest wait in `automaton::gaps`; -1 for none.

  friend bool operator==(const edge&, const edge&) = default;
};

/// After a greedy loop was left, no event may fulfil `loop`, until one fulfilled `until`.
struct greedy_rule {
  condition_bits loop = 0;
  condition_bits until = 0;

  friend bool operator==(const greedy_rule&, const greedy_rule&) = default;
};

/// What being at the end of the pattern means for a state.
enum class ending : std::uint8_t {
  none,        ///< The pattern is not complete here.
  now,         ///< It is complete.
  next_event,  ///< Complete with the next event, unless that fulfils `end_not_next`.
  in_time,     ///< Complete when its time is over, unless an event fulfils `end_forbidden` before.
};

/// Where a partial match is after it took an event.
struct state {
  std::uint32_t first_edge = 0;
  std::uint16_t edges = 0;  ///< At most 32.
  std::uint16_t step = 0;   ///< The step that took the last event.
  std::uint16_t first_rule = 0;
  std::uint16_t rules = 0;
  ending end = ending::none;
  std::int8_t end_gap = -1;  ///< Of `in_time`: ends that long after the last event.
  bool heeds_next = false;   ///< The next event matters, whatever it is.
  std::uint8_t group = 0;    ///< Which group of waiting partial matches it belongs to.
  condition_bits end_forbidden = 0;
  condition_bits end_not_next = 0;
  condition_bits heeds = 0;  ///< Only events that fulfil one of these matter later on.
  condition_bits reads = 0;  ///< All conditions that are looked at.

  /// Whether it is complete if nothing comes in its way.
  [[nodiscard]] bool waits_to_end() const noexcept {
    return end == ending::in_time || end == ending::next_event;
  }
  /// Whether a partial match that comes to it is still under way.
  [[nodiscard]] bool goes_on() const noexcept { return edges != 0 || waits_to_end(); }
};

/// A pattern compiled to states and the waits in them. State 0 is the start: its waits are for
/// events that begin a match. Repetitions are unrolled; a loop returns to the state that has its
/// minimum. Immutable, without the event's type.
struct automaton {
  std::vector<state> states;
  std::vector<edge> edges;
  std::vector<greedy_rule> rules;
  std::vector<std::string> steps;      ///< Names, in the order of the pattern.
  std::vector<duration> gaps;          ///< The different waits with a longest time.
  std::vector<condition_bits> groups;  ///< What each group of states heeds; 0 is for fresh ones.
  std::optional<duration> within;
  after_match skip;
  std::uint16_t skip_step = 0;
  bool ambiguous = false;  ///< Two ways through it may take the same events for the same steps.
  std::string name;
  std::vector<std::string>
      idle_gaps;  ///< NOT steps whose time since the event before says nothing.

  [[nodiscard]] const state& start() const noexcept { return states.front(); }
  /// Wait number `i` of a state.
  [[nodiscard]] const edge& edge_of(const state& s, unsigned i) const noexcept {
    return edges[s.first_edge + i];
  }
};

/// Compiles a pattern; an error lists all that is illegal about it. Linear in the unrolled
/// repetitions: at most 10,000 states.
[[nodiscard]] result<automaton> compile(const shape& p);

/// Returns a number that differs between patterns whose partial matches can't be exchanged: steps,
/// repetitions and contiguity go into it, conditions can't.
[[nodiscard]] std::uint64_t fingerprint(const automaton& a);

}  // namespace weir::patterns

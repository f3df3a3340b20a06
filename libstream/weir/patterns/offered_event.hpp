// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/plan.hpp"
#include "weir/patterns/run_table.hpp"
#include "weir/patterns/step_rules.hpp"

#include <bit>
#include <cstdint>

namespace weir::patterns {

/// What an event would do to a partial match.
struct decision {
  run_id of;
  std::uint32_t live;
  std::uint32_t lifted;
  std::uint32_t takes;
  bool ends;
  bool completes;
};

/// An event that is offered to partial matches: says what it would do to each, calling the user's
/// conditions, and changes nothing.
template <class T>
class offered_event {
public:
  /// `bits` is the event's classification.
  offered_event(const plan<T>& p, const match_buffer<T>& taken, const T& event, timestamp at,
                timestamp now, condition_bits bits)
      : plan_(&p), taken_(&taken), event_(&event), at_(at), now_(now), bits_(bits) {}

  /// `is_next` if it comes right after the event that the partial match took last.
  [[nodiscard]] decision decide(run_id id, const run& r, bool is_next) const {
    const state& s = machine().states[r.state];
    const condition_bits bits = ask(s.reads, r.path);
    decision d{id, 0, r.lifted, 0, r.ends, false};
    const std::uint32_t broken = broken_rules(machine(), s, bits, d.lifted);
    for (std::uint32_t left = r.live; left != 0; left &= left - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(left));
      const edge& e = machine().edge_of(s, i);
      if ((is_next && (bits & e.not_next) != 0) || (e.greedy & broken) != 0) continue;
      if (takes(e, bits, is_next) && !taken_already(s, d.takes, e)) d.takes |= 1U << i;
      if (goes_on(e, bits)) d.live |= 1U << i;
    }
    if (r.ends) {
      const bool refused = refuses_end(s, bits, is_next);
      d.completes = s.end == ending::next_event && !refused;
      d.ends = s.end == ending::in_time && !refused;
    }
    return d;
  }

  /// The waits of the start that take it, a bit each.
  [[nodiscard]] std::uint32_t takes_at_start() const {
    const state& s = machine().start();
    const condition_bits bits = ask(s.reads, nowhere);
    std::uint32_t lifted = 0;
    const std::uint32_t broken = broken_rules(machine(), s, bits, lifted);
    std::uint32_t taken = 0;
    for (unsigned i = 0; i < s.edges; ++i) {
      const edge& e = machine().edge_of(s, i);
      if ((e.greedy & broken) == 0 && takes(e, bits, true) && !taken_already(s, taken, e))
        taken |= 1U << i;
    }
    return taken;
  }

private:
  [[nodiscard]] const automaton& machine() const { return plan_->machine; }

  /// Asks the conditions that read the match; the others' answers are in the classification.
  [[nodiscard]] condition_bits ask(condition_bits which, node_id path) const {
    condition_bits bits = bits_;
    which &= bits & plan_->reads_match;
    if (which == 0) return bits;
    const match_so_far<T> m{*taken_, path, machine().steps, at_, now_};
    for (; which != 0; which &= which - 1) {
      const int c = std::countr_zero(which);
      if (!plan_->conditions[static_cast<std::size_t>(c)].on_match(*event_, m))
        bits &= ~(condition_bits{1} << c);
    }
    return bits;
  }

  /// Two ways to the same state with the same event are one partial match.
  [[nodiscard]] bool taken_already(const state& s, std::uint32_t taken, const edge& e) const {
    if (!machine().ambiguous) return false;
    for (; taken != 0; taken &= taken - 1)
      if (machine().edge_of(s, static_cast<unsigned>(std::countr_zero(taken))).to == e.to)
        return true;
    return false;
  }

  const plan<T>* plan_;
  const match_buffer<T>* taken_;
  const T* event_;
  timestamp at_, now_;
  condition_bits bits_;
};

}  // namespace weir::patterns

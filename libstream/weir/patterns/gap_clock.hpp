// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/automaton.hpp"
#include "weir/patterns/fifo.hpp"
#include "weir/patterns/run_table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::patterns {

/// A partial match with a wait that ends at a time.
struct gap_wait {
  timestamp deadline;
  run_id of;
  std::uint32_t generation;
};

/// Knows when waits end that are bounded by the time since the event before. All partial matches
/// with the same bound end in the order in which they took their events, so queues suffice: for
/// each bound one of all keys and one of each key. A partial match that has ended leaves its places
/// behind; a queue is cleaned when it is mostly those, so that it stays in proportion to the
/// partial matches. Constant time, amortised.
class gap_clock {
public:
  explicit gap_clock(const std::vector<duration>& gaps) : gaps_(gaps), all_(gaps.size()) {
    for (std::size_t g = 0; g < gaps.size(); ++g) shortest_first_.push_back(g);
    std::sort(shortest_first_.begin(), shortest_first_.end(),
              [&](auto a, auto b) { return gaps[a] < gaps[b]; });
  }

  /// Lets waits be known by key alone: `next_deadline` and `take_due` know of none.
  void only_by_key() noexcept { by_key_only_ = true; }

  /// Whether no wait of the pattern is bounded so.
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  /// Places in all queues, for tests.
  [[nodiscard]] std::size_t places() const noexcept {
    std::size_t n = 0;
    for (const auto& q : all_) n += q.size();
    for (const auto& q : by_key_) n += q.size();
    return n;
  }

  /// Notes the waits of a partial match that took an event at `at`.
  void note(const automaton& a, const run_table& runs, run_id id, timestamp at) {
    const run& r = runs[id];
    const state& s = a.states[r.state];
    std::uint64_t seen[2] = {0, 0};
    const auto note_one = [&](std::int8_t g) {
      if (g < 0 || ((seen[g / 64] >> (g % 64)) & 1) != 0) return;
      seen[g / 64] |= std::uint64_t{1} << (g % 64);
      const auto n = static_cast<std::size_t>(g);
      const gap_wait w{saturating_add(at, gaps_[n]), id, r.generation};
      if (!by_key_only_) add(all_[n], w, runs, runs.size());
      add(queue_of(r.slot, n), w, runs, runs.key(r.slot).runs);
    };
    for (unsigned i = 0; i < s.edges; ++i) note_one(a.edges[s.first_edge + i].gap);
    if (r.ends) note_one(s.end_gap);
  }

  /// The earliest time at which some wait ends.
  [[nodiscard]] timestamp next_deadline(const run_table& runs) {
    timestamp earliest = max_timestamp;
    for (auto& q : all_) {
      while (!q.empty() && is_over(q.front(), runs)) q.pop();
      if (!q.empty()) earliest = std::min(earliest, q.front().deadline);
    }
    return earliest;
  }
  /// Takes out a wait that ends at `deadline`, which `next_deadline` gave, and returns its key.
  [[nodiscard]] std::uint32_t take_due(timestamp deadline, const run_table& runs) {
    for (auto& q : all_) {
      if (q.empty() || q.front().deadline != deadline) continue;
      const std::uint32_t slot = runs[q.front().of].slot;
      q.pop();
      return slot;
    }
    return nowhere;
  }

  /// The earliest time at which a wait of the key ends.
  [[nodiscard]] timestamp deadline_of(std::uint32_t slot, const run_table& runs) {
    timestamp earliest = max_timestamp;
    for (std::size_t g = 0; g < all_.size(); ++g) {
      queue& q = queue_of(slot, g);
      while (!q.empty() && is_over(q.front(), runs)) q.pop();
      if (!q.empty()) earliest = std::min(earliest, q.front().deadline);
    }
    return earliest;
  }
  /// What a key takes while it has none.
  [[nodiscard]] std::size_t slot_bytes() const noexcept { return all_.size() * sizeof(queue); }
  /// Gives back what the waits of a key took, which has none any more.
  void forget(std::uint32_t slot) {
    const std::size_t at = slot * all_.size();
    for (std::size_t g = 0; g < all_.size() && at + g < by_key_.size(); ++g) by_key_[at + g] = {};
  }

  /// Calls `f(wait, bound)` for all waits of a key that have ended at `t`, those with the shortest
  /// bound first: the last wait of a partial match to end is the one that its time was over with.
  template <class F>
  void expire(std::uint32_t slot, timestamp t, const run_table& runs, F f) {
    for (const std::size_t g : shortest_first_) {
      auto& q = queue_of(slot, g);
      while (!q.empty() && (q.front().deadline <= t || is_over(q.front(), runs))) {
        const gap_wait w = q.front();
        q.pop();
        if (!is_over(w, runs)) f(w, g);
      }
    }
  }

private:
  using queue = fifo<gap_wait>;

  static bool is_over(const gap_wait& w, const run_table& runs) {
    return runs[w.of].generation != w.generation;
  }
  static void add(queue& q, const gap_wait& w, const run_table& runs, std::size_t live) {
    if (q.size() > 2 * live + 64) q.erase_if([&](const gap_wait& x) { return is_over(x, runs); });
    q.push(w);
  }
  queue& queue_of(std::uint32_t slot, std::size_t gap) {
    const std::size_t at = slot * all_.size() + gap;
    if (at >= by_key_.size()) by_key_.resize((slot + 1) * all_.size());
    return by_key_[at];
  }

  std::vector<duration> gaps_;
  std::vector<queue> all_;     ///< By bound.
  std::vector<queue> by_key_;  ///< By key and bound.
  std::vector<std::size_t> shortest_first_;
  bool by_key_only_ = false;
};

}  // namespace weir::patterns

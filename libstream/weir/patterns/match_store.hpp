// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/gap_clock.hpp"
#include "weir/patterns/match_buffer.hpp"
#include "weir/patterns/run_table.hpp"
#include "weir/patterns/waiting_matches.hpp"

#include <cstddef>
#include <cstdint>

namespace weir::patterns {

/// What a matcher remembers of all keys: the events that were taken, the partial matches, the
/// complete ones that wait, and when waits end. Keeps account of the bytes of each key.
template <class T>
struct match_store {
  explicit match_store(const automaton& a)
      : runs(a.groups.size(), a.within.has_value()), gaps(a.gaps) {}

  match_buffer<T> buffer;
  run_table runs;
  gap_clock gaps;
  waiting_matches waiting;

  /// Hints that a key's partial matches will be used soon. Each step needs what the one before it
  /// called for: the key's, the youngest of them, what that took last, and the event.
  void fetch(std::uint32_t slot, int step) const {
    if (step == 0) return runs.fetch_key(slot);
    if (step == 1) return static_cast<void>(runs.fetch_youngest(slot));
    const run_id youngest = runs.youngest(slot);
    if (youngest == nowhere) return;
    const node_id path = runs[youngest].path;
    if (path == nowhere) return;
    step == 2 ? buffer.fetch_node(path) : buffer.fetch_event(path);
  }

  [[nodiscard]] bool idle(std::uint32_t slot) const {
    return !runs.has(slot) && !waiting.has(slot);
  }
  /// Partial matches and those that wait.
  [[nodiscard]] std::size_t size() const noexcept { return runs.size() + waiting.size(); }
  [[nodiscard]] std::size_t size(std::uint32_t slot) const {
    return runs.key(slot).runs + (waiting.size() == 0 ? 0 : waiting.size(slot));
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return buffer.bytes() + runs.size() * sizeof(run) + waiting.bytes();
  }
  [[nodiscard]] std::uint64_t bytes(std::uint32_t slot) const { return runs.key(slot).bytes; }

  /// Adds a partial match behind `origin`; the bytes of its path are accounted for by the caller.
  run_id add(const run& made, run_id origin) {
    const run_id id = runs.add(made, origin);
    runs.key(made.slot).bytes += sizeof(run);
    return id;
  }
  /// Ends a partial match; the bytes of its path are accounted for by the caller.
  void drop_run(run_id id) {
    const node_id path = runs[id].path;
    runs.key(runs[id].slot).bytes -= sizeof(run);
    runs.remove(id);
    buffer.release(path);
  }
  void drop(run_id id) {
    const std::uint32_t slot = runs[id].slot;
    const std::uint64_t before = buffer.bytes();
    drop_run(id);
    runs.key(slot).bytes -= before - buffer.bytes();
  }
  /// Gives up a key's reference to a path.
  void release(std::uint32_t slot, node_id path) {
    const std::uint64_t before = buffer.bytes();
    buffer.release(path);
    runs.key(slot).bytes -= before - buffer.bytes();
  }

  void wait(std::uint32_t slot, const complete& c) {
    waiting.add(slot, c);
    runs.key(slot).bytes += waiting_matches::bytes_of_one;
  }
  /// Takes out the match of a key that waits and began first; its path is the caller's.
  complete take_waiting(std::uint32_t slot) {
    runs.key(slot).bytes -= waiting_matches::bytes_of_one;
    return waiting.take_first(slot);
  }

  /// What a key takes in its slot.
  [[nodiscard]] std::size_t slot_bytes() const noexcept {
    return runs.slot_bytes() + gaps.slot_bytes();
  }

  /// Forgets all of a key.
  void clear(std::uint32_t slot) {
    while (runs.has(slot)) drop(runs.key(slot).oldest);
    while (waiting.has(slot)) release(slot, take_waiting(slot).path);
    gaps.forget(slot);
  }
};

}  // namespace weir::patterns

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/plain_array.hpp"
#include "weir/core/prefetch.hpp"
#include "weir/core/time.hpp"
#include "weir/patterns/match_buffer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::patterns {

using run_id = std::uint32_t;

/// A live partial match: the path it has taken, and what it waits for. 64 bytes.
struct run {
  node_id path = nowhere;
  run_id older = nowhere;  ///< Of the same key, by start.
  run_id younger = nowhere;
  run_id left = nowhere;  ///< In its waiting group.
  run_id right = nowhere;
  run_id before = nowhere;  ///< Of all keys, by start, where that order is kept.
  run_id after = nowhere;
  std::uint32_t slot = 0;
  std::uint32_t live = 0;    ///< Waits of its state that are still on, a bit each.
  std::uint32_t lifted = 0;  ///< Greedy rules of its state that no longer hold.
  std::uint32_t generation = 0;
  std::uint16_t state = 0;
  std::uint8_t group = 0;
  bool ends = false;        ///< Is complete if nothing comes in its way.
  std::uint64_t start = 0;  ///< Number of its first event.
  timestamp began;          ///< Time of its first event.
};
static_assert(sizeof(run) == 64);

/// The live partial matches of all keys. Three lists go through them: a key's in the order they
/// began, all in that order, and a key's that wait for the same conditions. One that grows out of
/// another goes right behind it, since it began with it: so the lists stay in order, and what is
/// too old is always in front.
///
/// The list of all is kept only where it is wanted: one that goes has its neighbours in it touched,
/// which are of any keys, and so in no cache.
class run_table {
public:
  run_table(std::size_t groups, bool keeps_order) : groups_(groups), keeps_order_(keeps_order) {}

  struct key_cell {
    run_id oldest = nowhere;
    run_id youngest = nowhere;
    std::uint32_t runs = 0;
    run_id first_group = nowhere;  ///< The head of waiting group 0: the only one, mostly.
    std::uint64_t bytes = 0;
  };

  void need(std::uint32_t slot) {
    if (slot < cells_.size()) return;
    const std::size_t size = slot + std::size_t{1};
    heads_.resize(size * (groups_ - 1), nowhere);
    cells_.resize(size);
  }

  // Hints of what will be used soon: first what a key has, then its youngest partial match.

  void fetch_key(std::uint32_t slot) const {
    if (slot >= cells_.size()) return;
    prefetch_line(&cells_[slot]);
    if (groups_ > 1) prefetch_line(&heads_[slot * (groups_ - 1)]);
  }
  /// Returns the partial match, or `nowhere`.
  run_id fetch_youngest(std::uint32_t slot) const {
    const run_id r = youngest(slot);
    if (r != nowhere) prefetch_line(&runs_[r]);
    return r;
  }
  [[nodiscard]] run_id youngest(std::uint32_t slot) const {
    return slot < cells_.size() ? cells_[slot].youngest : nowhere;
  }

  /// Adds a partial match behind `origin`, or as the youngest of its key.
  run_id add(const run& made, run_id origin) {
    run_id id;
    if (free_.empty()) {
      id = static_cast<run_id>(runs_.size());
      runs_.push_back(made);
    } else {
      id = free_.back();
      free_.pop_back();
      const std::uint32_t generation = runs_[id].generation;
      runs_[id] = made;
      runs_[id].generation = generation;
    }
    key_cell& c = cells_[made.slot];
    link(id, origin != nowhere ? origin : c.youngest, &run::older, &run::younger, c.oldest,
         c.youngest);
    if (keeps_order_)
      link(id, origin != nowhere ? origin : youngest_, &run::before, &run::after, oldest_,
           youngest_);
    ++c.runs;
    ++live_;
    join(id, made.group);
    return id;
  }

  void remove(run_id id) {
    run& r = runs_[id];
    key_cell& c = cells_[r.slot];
    unlink(id, &run::older, &run::younger, c.oldest, c.youngest);
    if (keeps_order_) unlink(id, &run::before, &run::after, oldest_, youngest_);
    part(id);
    --c.runs;
    --live_;
    ++r.generation;
    r.path = nowhere;
    free_.push_back(id);
  }

  /// Moves a partial match to another waiting group of its key.
  void move(run_id id, std::uint8_t group) {
    part(id);
    join(id, group);
  }

  /// Keeps the order of all from now on, too, for `oldest`. Takes as long as sorting them.
  void keep_order() {
    if (keeps_order_) return;
    link_all(in_order());
    keeps_order_ = true;
  }
  /// Returns all in the order of their beginnings, and puts them into it where it is kept; after a
  /// restore.
  std::vector<run_id> sort_all() {
    std::vector<run_id> all = in_order();
    if (keeps_order_) link_all(all);
    return all;
  }

  [[nodiscard]] run& operator[](run_id id) { return runs_[id]; }
  [[nodiscard]] const run& operator[](run_id id) const { return runs_[id]; }
  [[nodiscard]] key_cell& key(std::uint32_t slot) { return cells_[slot]; }
  [[nodiscard]] const key_cell& key(std::uint32_t slot) const { return cells_[slot]; }
  [[nodiscard]] bool has(std::uint32_t slot) const noexcept {
    return slot < cells_.size() && cells_[slot].runs != 0;
  }
  [[nodiscard]] run_id head(std::uint32_t slot, std::size_t group) const {
    return group == 0 ? cells_[slot].first_group : heads_[slot * (groups_ - 1) + group - 1];
  }
  /// Bytes that a key takes in its slot.
  [[nodiscard]] std::size_t slot_bytes() const noexcept {
    return sizeof(key_cell) + (groups_ - 1) * sizeof(run_id);
  }
  /// Of all keys. @pre the order of all is kept
  [[nodiscard]] run_id oldest() const noexcept { return oldest_; }
  [[nodiscard]] std::size_t size() const noexcept { return live_; }
  [[nodiscard]] std::size_t groups() const noexcept { return groups_; }

private:
  using link_member = run_id run::*;

  /// Those of a key are in order already.
  [[nodiscard]] std::vector<run_id> in_order() const {
    std::vector<run_id> all;
    all.reserve(live_);
    for (const key_cell& c : cells_)
      for (run_id r = c.oldest; r != nowhere; r = runs_[r].younger) all.push_back(r);
    const auto beginning = [&](run_id r) { return std::pair{runs_[r].began, runs_[r].start}; };
    std::stable_sort(all.begin(), all.end(),
                     [&](run_id a, run_id b) { return beginning(a) < beginning(b); });
    return all;
  }
  void link_all(const std::vector<run_id>& all) noexcept {
    oldest_ = youngest_ = nowhere;
    for (const run_id r : all) link(r, youngest_, &run::before, &run::after, oldest_, youngest_);
  }

  void link(run_id id, run_id behind, link_member back, link_member forth, run_id& first,
            run_id& last) {
    run& r = runs_[id];
    r.*back = behind;
    r.*forth = behind == nowhere ? first : runs_[behind].*forth;
    (behind == nowhere ? first : runs_[behind].*forth) = id;
    (r.*forth == nowhere ? last : runs_[r.*forth].*back) = id;
  }
  void unlink(run_id id, link_member back, link_member forth, run_id& first, run_id& last) {
    const run& r = runs_[id];
    (r.*back == nowhere ? first : runs_[r.*back].*forth) = r.*forth;
    (r.*forth == nowhere ? last : runs_[r.*forth].*back) = r.*back;
  }

  run_id& head_of(std::uint32_t slot, std::size_t group) {
    return group == 0 ? cells_[slot].first_group : heads_[slot * (groups_ - 1) + group - 1];
  }
  void join(run_id id, std::uint8_t group) {
    run& r = runs_[id];
    run_id& head = head_of(r.slot, group);
    r.group = group;
    r.left = nowhere;
    r.right = head;
    if (head != nowhere) runs_[head].left = id;
    head = id;
  }
  void part(run_id id) {
    const run& r = runs_[id];
    (r.left == nowhere ? head_of(r.slot, r.group) : runs_[r.left].right) = r.right;
    if (r.right != nowhere) runs_[r.right].left = r.left;
  }

  std::size_t groups_;  ///< At least 1.
  bool keeps_order_;
  plain_array<run> runs_;
  plain_array<run_id> free_;
  plain_array<key_cell> cells_;
  plain_array<run_id> heads_;  ///< Of each key's groups but the first.
  run_id oldest_ = nowhere;
  run_id youngest_ = nowhere;
  std::size_t live_ = 0;
};

}  // namespace weir::patterns

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/time.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace weir::operators {

/// The panes of a key in a search tree whose nodes hold the aggregate of what is below them: any
/// pane may still change, and any stretch be asked for. Both take a number of merges that is
/// logarithmic in the panes (expected: it is a treap after Aragon and Seidel, whose priorities are
/// hashes of the panes' starts). Aggregates are renewed when they are asked for, so that events
/// between two firings cost no merges.
template <class T, class Fold>
class pane_tree {
  using accumulator = typename Fold::accumulator;
  using index = std::uint32_t;
  static constexpr index none = UINT32_MAX;

public:
  [[nodiscard]] bool empty() const noexcept { return root_ == none; }
  [[nodiscard]] timestamp first() const {
    index at = root_;
    while (nodes_[at].left != none) at = nodes_[at].left;
    return nodes_[at].start;
  }
  [[nodiscard]] timestamp last() const {
    index at = root_;
    while (nodes_[at].right != none) at = nodes_[at].right;
    return nodes_[at].start;
  }
  [[nodiscard]] timestamp first_from(timestamp t) const {
    timestamp found = max_timestamp;
    for (index at = root_; at != none;) {
      const node& n = nodes_[at];
      if (n.start >= t) found = n.start;
      at = n.start < t ? n.right : n.left;
    }
    return found;
  }

  void add(const Fold& fold, timestamp start, timestamp, const T& event, timestamp at) {
    fold.add(nodes_[pane_at(fold, start)].own, event, at);
  }

  void drop_before(const Fold&, timestamp t) {
    index gone = none;
    split(root_, t, gone, root_);
    free_all(gone);
  }

  /// Calls `f(acc)` with the aggregate over the panes that start in `[from, to)`; false if there
  /// are none.
  template <class F>
  bool fire(const Fold& fold, timestamp from, timestamp to, F f) {
    gathered all{fold, {}, false};
    gather(root_, from, to, false, false, all);
    if (!all.filled) return false;
    f(std::as_const(all.acc));
    return true;
  }

  /// What `save` writes.
  using saved = std::vector<std::pair<timestamp, accumulator>>;
  void save(bytes& to) const {
    encode(static_cast<std::uint32_t>(nodes_.size() - free_.size()), to);
    save_below(root_, to);
  }
  bool load(byte_reader& from) {
    std::uint32_t n = 0;
    if (!decode(from, n)) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      node made;
      if (!decode(from, made.start) || !decode(from, made.own)) return false;
      nodes_.push_back(std::move(made));
      root_ = insert(root_, static_cast<index>(nodes_.size() - 1));
    }
    return true;
  }

private:
  struct node {
    timestamp start;
    accumulator own{};
    accumulator all{};  ///< Of this pane and those below; not if `stale`.
    index left = none;
    index right = none;
    bool stale = true;
  };
  struct gathered {
    const Fold& fold;
    accumulator acc;
    bool filled;

    void add(const accumulator& other) {
      if (std::exchange(filled, true))
        fold.merge(acc, other);
      else
        acc = other;
    }
  };

  /// The finaliser of splitmix64 (Steele, Lea and Flood).
  static std::uint64_t priority(timestamp start) {
    auto x = static_cast<std::uint64_t>(start.time_since_epoch().count()) + 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  }

  /// Finds or makes the pane, and makes the aggregates above it stale.
  index pane_at(const Fold& fold, timestamp start) {
    for (index at = root_; at != none;) {
      node& n = nodes_[at];
      n.stale = true;
      if (n.start == start) return at;
      at = start < n.start ? n.left : n.right;
    }
    index made = 0;
    if (free_.empty()) {
      made = static_cast<index>(nodes_.size());
      nodes_.emplace_back();
    } else {
      made = free_.back();
      free_.pop_back();
      nodes_[made] = {};
    }
    nodes_[made].start = start;
    nodes_[made].own = fold.init();
    root_ = insert(root_, made);
    return made;
  }
  index insert(index under, index made) {
    if (under == none) return made;
    node& n = nodes_[under];
    if (priority(nodes_[made].start) > priority(n.start)) {
      split(under, nodes_[made].start, nodes_[made].left, nodes_[made].right);
      return made;
    }
    n.stale = true;
    index& side = nodes_[made].start < n.start ? n.left : n.right;
    side = insert(side, made);
    return under;
  }
  /// Parts the tree into what starts before `t` and the rest.
  void split(index at, timestamp t, index& before, index& rest) {
    if (at == none) {
      before = rest = none;
      return;
    }
    node& n = nodes_[at];
    n.stale = true;
    if (n.start < t) {
      index inner = n.right;
      split(inner, t, n.right, rest);
      before = at;
    } else {
      index inner = n.left;
      split(inner, t, before, n.left);
      rest = at;
    }
  }
  void free_all(index at) {
    if (at == none) return;
    free_all(nodes_[at].left);
    free_all(nodes_[at].right);
    nodes_[at] = {};
    free_.push_back(at);
  }

  const accumulator& aggregate(const Fold& fold, index at) {
    node& n = nodes_[at];
    if (!n.stale) return n.all;
    gathered all{fold, {}, false};
    if (n.left != none) all.add(aggregate(fold, n.left));
    all.add(n.own);
    if (n.right != none) all.add(aggregate(fold, n.right));
    n.all = std::move(all.acc);
    n.stale = false;
    return n.all;
  }
  /// `low` and `high` say that everything here is known to lie after `from`, before `to`.
  void gather(index at, timestamp from, timestamp to, bool low, bool high, gathered& all) {
    if (at == none) return;
    if (low && high) return all.add(aggregate(all.fold, at));
    const node& n = nodes_[at];
    if (n.start < from) return gather(n.right, from, to, low, high, all);
    if (n.start >= to) return gather(n.left, from, to, low, high, all);
    gather(n.left, from, to, low, true, all);
    all.add(n.own);
    gather(n.right, from, to, true, high, all);
  }

  void save_below(index at, bytes& to) const {
    if (at == none) return;
    save_below(nodes_[at].left, to);
    encode(nodes_[at].start, to);
    encode(nodes_[at].own, to);
    save_below(nodes_[at].right, to);
  }

  std::vector<node> nodes_;
  std::vector<index> free_;
  index root_ = none;
};

}  // namespace weir::operators

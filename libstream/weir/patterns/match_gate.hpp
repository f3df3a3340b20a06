// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/patterns/findings.hpp"
#include "weir/patterns/make_match.hpp"
#include "weir/patterns/match_store.hpp"
#include "weir/patterns/plan.hpp"

#include <exception>
#include <utility>
#include <vector>

namespace weir::patterns {

/// Number of the event that, after match `m`, nothing of its key may have begun before. Throws
/// where the strategy says that a miss is an error. Costs the length of the match.
template <class T>
std::uint64_t skips_to(const complete& m, const automaton& a, const match_buffer<T>& buffer) {
  switch (a.skip.what) {
    case after_match::kind::no_skip:
      return 0;
    case after_match::kind::to_next:
      return m.start + 1;
    case after_match::kind::past_last:
      return buffer.number(m.path) + 1;
    case after_match::kind::to_first:
    case after_match::kind::to_last:
      break;
  }
  node_id target = nowhere;
  for (node_id n = m.path; n != nowhere; n = buffer.parent(n)) {
    if (buffer.step(n) != a.skip_step) continue;
    if (target == nowhere || a.skip.what == after_match::kind::to_first) target = n;
  }
  const bool misses = target == nowhere || buffer.number(target) == m.start;
  if (misses && a.skip.fails_on_miss)
    throw exception({errc::stage_failed,
                     "pattern '" + a.name + "': a match can't skip to step '" + a.skip.step +
                         (target == nowhere ? "', which took no event" : "', its own beginning")});
  return target == nowhere ? 0 : buffer.number(target);
}

/// Lets complete matches out in their order. Under a skip strategy a match waits for as long as a
/// partial match of its key began before it, and discards what the strategy says when it goes out.
template <class T>
class match_gate {
public:
  /// Adds a match of the key in hand that has just become complete.
  void add(const complete& c) { arrived_.push_back(c); }
  [[nodiscard]] bool empty() const noexcept { return arrived_.empty(); }

  /// Lets out those of a key that may go. An error of one is kept for `rethrow`.
  void open(std::uint32_t slot, const plan<T>& p, match_store<T>& store, matcher_counts& counts,
            findings<T>& out) {
    const visit v{slot, p, store, counts, out};
    if (p.machine.skip.what == after_match::kind::no_skip) {
      sort(v);
      for (const complete& c : arrived_) emit(v, c);
      arrived_.clear();
    } else if (!store.waiting.has(slot)) {
      sort(v);
      let_out(v);
    } else {
      for (const complete& c : arrived_) store.wait(slot, c);
      arrived_.clear();
      while (call_up(v)) let_out(v);
    }
  }

  /// Throws the first error since the last call, if there was one.
  void rethrow() {
    if (error_) [[unlikely]]
      std::rethrow_exception(std::exchange(error_, nullptr));
  }

private:
  struct visit {
    std::uint32_t slot;
    const plan<T>& p;
    match_store<T>& store;
    matcher_counts& counts;
    findings<T>& out;
  };

  static bool is_behind(const visit& v, std::uint64_t start) {
    const run_id oldest = v.store.runs.key(v.slot).oldest;
    return oldest != nowhere && v.store.runs[oldest].start < start;
  }

  /// Fetches those that wait and began first, unless something is before them.
  bool call_up(const visit& v) {
    if (!v.store.waiting.has(v.slot)) return false;
    const std::uint64_t start = v.store.waiting.first(v.slot).start;
    if (is_behind(v, start)) return false;
    while (v.store.waiting.has(v.slot) && v.store.waiting.first(v.slot).start == start)
      arrived_.push_back(v.store.take_waiting(v.slot));
    sort(v);
    return true;
  }

  /// Lets out those at hand, up to the first that must wait; it and those behind it do.
  void let_out(const visit& v) {
    std::size_t i = 0;
    while (i < arrived_.size() && !is_behind(v, arrived_[i].start)) {
      const complete c = arrived_[i++];
      std::uint64_t until = 0;
      try {
        until = skips_to(c, v.p.machine, v.store.buffer);
      } catch (...) {
        if (!error_) error_ = std::current_exception();
        v.store.release(v.slot, c.path);
        continue;
      }
      discard(v, until);
      for (; i < arrived_.size() && arrived_[i].start < until; ++i)
        v.store.release(v.slot, arrived_[i].path);
      emit(v, c);
    }
    for (; i < arrived_.size(); ++i) v.store.wait(v.slot, arrived_[i]);
    arrived_.clear();
  }

  static void discard(const visit& v, std::uint64_t until) {
    auto& store = v.store;
    const auto& key = store.runs.key(v.slot);
    while (key.oldest != nowhere && store.runs[key.oldest].start < until) store.drop(key.oldest);
    while (store.waiting.has(v.slot) && store.waiting.first(v.slot).start < until)
      store.release(v.slot, store.take_waiting(v.slot).path);
  }

  void sort(const visit& v) {
    if (arrived_.size() > 1)
      order_.sort(arrived_, v.store.buffer, v.p.machine.ambiguous,
                  [&](const complete& c) { v.store.release(v.slot, c.path); });
  }

  void emit(const visit& v, const complete& c) {
    ++v.counts.matches;
    v.out.matches.push(std::pair{make_match(v.store.buffer, v.p, c.path, scratch_), c.at});
    v.store.release(v.slot, c.path);
  }

  std::vector<complete> arrived_;  ///< Of the key in hand.
  match_order order_;
  std::vector<node_id> scratch_;
  std::exception_ptr error_;
};

}  // namespace weir::patterns

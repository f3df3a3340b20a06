// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/growth.hpp"
#include "weir/patterns/limits.hpp"
#include "weir/patterns/match_gate.hpp"
#include "weir/patterns/match_store.hpp"
#include "weir/patterns/offered_event.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::patterns {

/// Matches one pattern for many keys; keys are slots. Events of a key come in the order of their
/// time; before each, and with the watermark, `advance` says what time it is.
///
/// An event looks only at the partial matches of its key that heed a condition it fulfils, and at
/// those that took the event before it. It first finds out, calling the user's conditions, what
/// would change; if one throws, nothing has.
template <class T>
class matcher {
public:
  /// With `shares_events`, events are copied when they are taken, since others look at them, too.
  matcher(std::shared_ptr<const plan<T>> p, match_limits limits, bool shares_events = false)
      : plan_(std::move(p)),
        limits_(limits),
        begins_with_(plan_->begins),
        copies_(shares_events || plan_->machine.skip.fails_on_miss),
        store_(plan_->machine) {}

  [[nodiscard]] const plan<T>& pattern() const noexcept { return *plan_; }
  [[nodiscard]] const automaton& machine() const noexcept { return plan_->machine; }
  [[nodiscard]] const match_store<T>& store() const noexcept { return store_; }
  [[nodiscard]] const match_buffer<T>& buffer() const noexcept { return store_.buffer; }
  [[nodiscard]] const run_table& runs() const noexcept { return store_.runs; }
  [[nodiscard]] const waiting_matches& waiting() const noexcept { return store_.waiting; }
  [[nodiscard]] const matcher_counts& counts() const noexcept { return counts_; }
  /// Partial matches, without those that are complete and wait for an earlier one.
  [[nodiscard]] std::size_t size() const noexcept { return store_.runs.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return store_.bytes(); }
  /// Whether the key has no partial match, and no match that waits.
  [[nodiscard]] bool idle(std::uint32_t slot) const { return store_.idle(slot); }
  [[nodiscard]] bool begins(condition_bits bits) const noexcept {
    return (bits & begins_with_) != 0;
  }
  /// Begins no match any more; those that have begun go on.
  void close() noexcept { begins_with_ = 0; }
  [[nodiscard]] bool is_empty() const noexcept { return store_.size() == 0; }

  /// Takes an event whose classification is `bits`; it may be moved from. Throws what a condition
  /// throws, and at a limit if the policy says so; then the event has changed nothing. Throws for a
  /// match that can't skip to its step; then it has.
  void on_event(std::uint32_t slot, T& event, timestamp at, timestamp now, condition_bits bits,
                findings<T>& out) {
    store_.runs.need(slot);
    decisions_.clear();
    const offered_event<T> offered{*plan_, store_.buffer, event, at, now, bits};
    for (std::size_t g = 0; g < store_.runs.groups(); ++g) {
      if (g != 0 && (machine().groups[g] & bits) == 0) continue;
      for (run_id r = store_.runs.head(slot, g); r != nowhere; r = store_.runs[r].right)
        decisions_.push_back(offered.decide(r, store_.runs[r], g == 0));
    }
    const std::uint32_t starting = begins(bits) ? offered.takes_at_start() : std::uint32_t{0};
    if (decisions_.empty() && starting == 0) return;
    if (limits_.then == at_limit::dead_letter) refuse_if_full(slot, starting, event);
    apply(slot, starting, event, at);
    settle(slot, out);
    if (limits_.then != at_limit::dead_letter) shrink(slot, out);
    gate_.rethrow();
  }

  /// Whether time alone can do anything to a partial match.
  [[nodiscard]] bool heeds_time() const noexcept {
    return machine().within.has_value() || !store_.gaps.empty();
  }
  /// Tells a key that its clock has come to `t`: ends what is too old, and completes what only
  /// time completes.
  void advance(std::uint32_t slot, timestamp t, findings<T>& out) {
    if (idle(slot)) return;
    if (!store_.gaps.empty())
      store_.gaps.expire(slot, t, store_.runs,
                         [&](const gap_wait& w, std::size_t gap) { expire_gap(w, gap, t, out); });
    if (machine().within) expire_window(slot, t, out);
    settle(slot, out);
    gate_.rethrow();
  }

  /// The earliest time at which some key wants to be advanced.
  [[nodiscard]] timestamp next_deadline() {
    const timestamp over =
        store_.gaps.empty() ? max_timestamp : store_.gaps.next_deadline(store_.runs);
    return std::min(over, next_window_end());
  }
  /// Finds a key whose deadline is not after `t`; false if there is nowhere.
  [[nodiscard]] bool next_due(timestamp t, std::uint32_t& slot) {
    const timestamp due = next_deadline();
    if (due > t || due == max_timestamp) return false;
    slot = next_window_end() == due ? store_.runs[store_.runs.oldest()].slot
                                    : store_.gaps.take_due(due, store_.runs);
    return true;
  }

  // Where what is remembered of a key may leave memory, `next_deadline` and `next_due` know of
  // nothing: keys are asked one by one.

  /// Memory is bounded by what lets them leave: the limits over all keys are not kept.
  void keys_may_leave() noexcept {
    store_.gaps.only_by_key();
    limits_.matches = limits_.bytes = std::numeric_limits<std::uint64_t>::max();
  }
  /// Goes up when what is remembered of some key changes.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
  /// When the key wants to be advanced. It is in memory.
  [[nodiscard]] timestamp deadline_of(std::uint32_t slot) {
    if (!store_.runs.has(slot)) return max_timestamp;
    const timestamp over =
        store_.gaps.empty() ? max_timestamp : store_.gaps.deadline_of(slot, store_.runs);
    return std::min(over, window_end(store_.runs[store_.runs.key(slot).oldest]));
  }
  /// The number that the next event will have; those of a key's events grow.
  [[nodiscard]] std::uint64_t next_number() const noexcept { return next_number_; }
  void number_from(std::uint64_t n) noexcept { next_number_ = std::max(next_number_, n); }

  /// Ends a key's partial matches because no event can come any more, so that the matches that
  /// waited behind one are emitted.
  void end(std::uint32_t slot, findings<T>& out) {
    ++changes_;
    while (store_.runs.has(slot)) store_.drop(store_.runs.key(slot).oldest);
    settle(slot, out);
    gate_.rethrow();
  }
  /// Lets `f(slot)` be called before a limit makes it forget something of a key that is not the
  /// one in hand.
  void tell_before_giving_up(std::function<void(std::uint32_t)> f) {
    before_giving_up_ = std::move(f);
  }
  /// Forgets all of a key without a word.
  void clear(std::uint32_t slot) { store_.clear(slot); }

private:
  template <class>
  friend class matcher_snapshot;

  // Taking events.

  void apply(std::uint32_t slot, std::uint32_t starting, T& event, timestamp at) {
    ++changes_;
    const std::uint64_t before = store_.buffer.bytes();
    const std::uint64_t number = next_number_++;
    born_.clear();
    event_ = nowhere;
    for (const decision& d : decisions_) apply(slot, d, event, at, number);
    for (; starting != 0; starting &= starting - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(starting));
      take(slot, machine().edge_of(machine().start(), i), nowhere, event, at, number);
    }
    store_.runs.key(slot).bytes += store_.buffer.bytes() - before;
  }

  void apply(std::uint32_t slot, const decision& d, T& event, timestamp at, std::uint64_t number) {
    const state& s = machine().states[store_.runs[d.of].state];
    if (leaves_nothing(d)) {
      const auto i = static_cast<unsigned>(std::countr_zero(d.takes));
      if (move_on(d.of, machine().edge_of(s, i), event, at, number)) return;
    }
    for (std::uint32_t left = d.takes; left != 0; left &= left - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(left));
      take(slot, machine().edge_of(s, i), d.of, event, at, number);
    }
    run& r = store_.runs[d.of];
    if (d.completes) complete_run(r, at);
    r.live = d.live;
    r.lifted = d.lifted;
    r.ends = d.ends;
    if (r.live == 0 && !r.ends)
      store_.drop_run(d.of);
    else if (r.group == 0 && s.group != 0)
      store_.runs.move(d.of, s.group);
  }

  void take(std::uint32_t slot, const edge& e, run_id origin, T& event, timestamp at,
            std::uint64_t number) {
    auto& [buffer, runs, gaps, waiting] = store_;
    keep_event(event, at, number);
    const state& s = machine().states[e.to];
    run made;
    made.path = buffer.add_node(origin == nowhere ? nowhere : runs[origin].path, event_, e.step);
    made.slot = slot;
    made.state = e.to;
    made.start = origin == nowhere ? number : runs[origin].start;
    made.began = origin == nowhere ? at : runs[origin].began;
    if (s.end == ending::now) complete_run(made, at);
    if (!s.goes_on()) return buffer.release(made.path);
    made.ends = s.waits_to_end();
    made.live = all_waits(s);
    made.group = first_group(s);
    note_new(store_.add(made, origin), at);
  }

  /// Whether a partial match goes on in one way only, so that it may itself become what follows.
  static bool leaves_nothing(const decision& d) noexcept {
    return d.live == 0 && !d.ends && !d.completes && std::has_single_bit(d.takes);
  }
  /// Lets a partial match that leaves nothing behind take the event: what comes of it stands where
  /// it stood. False, and nothing is done, if it comes to its end.
  bool move_on(run_id id, const edge& e, T& event, timestamp at, std::uint64_t number) {
    const state& s = machine().states[e.to];
    if (s.end == ending::now || !s.goes_on()) return false;
    auto& [buffer, runs, gaps, waiting] = store_;
    keep_event(event, at, number);
    run& r = runs[id];
    const node_id before = std::exchange(r.path, buffer.add_node(r.path, event_, e.step));
    buffer.release(before);  // the new node has a reference of its own
    ++r.generation;
    r.state = e.to;
    r.ends = s.waits_to_end();
    r.live = all_waits(s);
    r.lifted = 0;
    runs.move(id, first_group(s));
    note_new(id, at);
    return true;
  }

  void keep_event(T& event, timestamp at, std::uint64_t number) {
    if (event_ != nowhere) return;
    T value = copies_ ? T(event) : std::move(event);
    event_ = store_.buffer.add_event(std::move(value), at, number);
  }
  static std::uint32_t all_waits(const state& s) noexcept {
    return s.edges == 32 ? ~std::uint32_t{0} : (1U << s.edges) - 1;
  }
  static std::uint8_t first_group(const state& s) noexcept {
    return s.heeds_next ? std::uint8_t{0} : s.group;
  }
  void note_new(run_id id, timestamp at) {
    auto& [buffer, runs, gaps, waiting] = store_;
    if (limits_.then == at_limit::drop_newest) born_.emplace_back(id, runs[id].generation);
    if (!gaps.empty()) gaps.note(machine(), runs, id, at);
  }

  void complete_run(const run& r, timestamp at) {
    store_.buffer.refer(r.path);
    gate_.add({r.path, r.start, at});
  }
  /// Lets out the matches of a key that may go.
  void settle(std::uint32_t slot, findings<T>& out) {
    if (!gate_.empty() || store_.waiting.has(slot)) gate_.open(slot, *plan_, store_, counts_, out);
  }

  // Limits.

  [[nodiscard]] bool key_over(std::uint32_t slot) const {
    return store_.size(slot) > limits_.matches_per_key ||
           store_.bytes(slot) > limits_.bytes_per_key;
  }
  [[nodiscard]] bool over() const {
    return store_.size() > limits_.matches || store_.bytes() > limits_.bytes;
  }

  /// Gives up partial matches until the limits are kept. What then is still over them are matches
  /// that wait, so what these wait for goes, too.
  void shrink(std::uint32_t slot, findings<T>& out) {
    if (!key_over(slot) && !over()) [[likely]]
      return;
    for (; !born_.empty() && (key_over(slot) || over()); born_.pop_back())
      if (const auto [id, generation] = born_.back(); store_.runs[id].generation == generation)
        give_up(id, out);
    while (key_over(slot) && store_.runs.has(slot)) give_up(store_.runs.key(slot).oldest, out);
    if (limits_.then == at_limit::drop_newest)
      while (over() && store_.runs.has(slot)) give_up(store_.runs.key(slot).oldest, out);
    else
      while (over() && store_.runs.size() != 0) {
        store_.runs.keep_order();
        const run_id oldest = store_.runs.oldest();
        if (before_giving_up_) before_giving_up_(store_.runs[oldest].slot);
        give_up(oldest, out);
      }
  }
  void give_up(run_id id, findings<T>& out) {
    ++counts_.dropped;
    ++changes_;
    const std::uint32_t slot = store_.runs[id].slot;
    store_.drop(id);
    settle(slot, out);
  }

  /// Throws if what the event would add could go over a limit.
  void refuse_if_full(std::uint32_t slot, std::uint32_t starting, const T& event) const {
    const growth more = growth_of(machine(), store_, slot, decisions_, starting, event);
    const auto check = [&](std::uint64_t has, std::int64_t grows, std::uint64_t limit,
                           const char* what) {
      if (grows > 0 && has + static_cast<std::uint64_t>(grows) > limit)
        throw exception({errc::stage_failed, "pattern '" + machine().name + "': limit of " + what +
                                                 std::to_string(limit) + " reached"});
    };
    check(store_.size(slot), more.matches, limits_.matches_per_key, "partial matches per key of ");
    check(store_.bytes(slot), more.bytes, limits_.bytes_per_key, "bytes per key of ");
    check(store_.size(), more.matches, limits_.matches, "partial matches of ");
    check(store_.bytes(), more.bytes, limits_.bytes, "bytes of ");
  }

  // Time.

  [[nodiscard]] timestamp next_window_end() const {
    if (!machine().within) return max_timestamp;
    const run_id oldest = store_.runs.oldest();
    return oldest != nowhere ? window_end(store_.runs[oldest]) : max_timestamp;
  }
  [[nodiscard]] timestamp window_end(const run& r) const {
    return machine().within ? saturating_add(r.began, *machine().within) : max_timestamp;
  }

  void expire_gap(const gap_wait& w, std::size_t gap, timestamp t, findings<T>& out) {
    ++changes_;
    run& r = store_.runs[w.of];
    const state& s = machine().states[r.state];
    const std::uint32_t had = r.live;
    for (std::uint32_t left = r.live; left != 0; left &= left - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(left));
      if (machine().edge_of(s, i).gap == static_cast<std::int8_t>(gap)) r.live &= ~(1U << i);
    }
    if (r.ends && s.end == ending::in_time && s.end_gap == static_cast<std::int8_t>(gap)) {
      complete_run(r, t == max_timestamp ? w.deadline : t);
      r.ends = false;
    }
    if (r.live != 0 || r.ends) return;
    if (had != 0) report_timed_out(r, std::min(w.deadline, window_end(r)), out);
    store_.drop(w.of);
  }

  void expire_window(std::uint32_t slot, timestamp t, findings<T>& out) {
    while (store_.runs.has(slot)) {
      const run_id id = store_.runs.key(slot).oldest;
      const run& r = store_.runs[id];
      const timestamp over = window_end(r);
      if (over > t || over == max_timestamp) return;
      ++changes_;
      const bool in_time = r.ends && machine().states[r.state].end == ending::in_time;
      if (in_time) complete_run(r, t == max_timestamp ? over : t);
      if (r.live != 0 || (r.ends && !in_time)) report_timed_out(r, over, out);
      store_.drop(id);
    }
  }

  void report_timed_out(const run& r, timestamp at, findings<T>& out) {
    ++counts_.timed_out;
    if (out.wants_timed_out)
      out.timed_out.push(timed_out_match<T>{make_match(buffer(), *plan_, r.path, scratch_), at});
  }

  std::shared_ptr<const plan<T>> plan_;
  match_limits limits_;
  condition_bits begins_with_;
  bool copies_;  ///< A later failure, or another matcher, wants to see the event as it came.
  match_store<T> store_;
  match_gate<T> gate_;
  matcher_counts counts_;
  std::uint64_t next_number_ = 1;
  std::uint64_t changes_ = 0;
  std::function<void(std::uint32_t)> before_giving_up_;

  // Of the event in hand; kept for their memory.
  std::vector<decision> decisions_;
  std::vector<std::pair<run_id, std::uint32_t>> born_;  ///< With generations; to drop the newest.
  typename match_buffer<T>::event_id event_ = nowhere;
  std::vector<node_id> scratch_;
};

}  // namespace weir::patterns

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/fifo.hpp"
#include "weir/patterns/limits.hpp"
#include "weir/patterns/make_match.hpp"
#include "weir/patterns/match_order.hpp"
#include "weir/patterns/plan.hpp"
#include "weir/patterns/run_table.hpp"
#include "weir/patterns/step_rules.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::patterns {

/// What came out of an event or of time, with the timestamps that it has in the stream.
template <class T>
struct findings {
  fifo<std::pair<match<T>, timestamp>> matches;
  fifo<timed_out_match<T>> timed_out;
  bool wants_timed_out = false;

  [[nodiscard]] bool empty() const noexcept { return matches.empty() && timed_out.empty(); }
};

/// How much a matcher has given up or found, for the metrics.
struct matcher_counts {
  std::uint64_t dropped = 0;  ///< Partial matches given up at a limit.
  std::uint64_t timed_out = 0;
  std::uint64_t matches = 0;
};

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
        runs_(plan_->machine.groups.size()),
        waking_(plan_->machine.gaps.size()) {
    for (std::size_t g = 0; g < machine().gaps.size(); ++g) gap_order_.push_back(g);
    std::sort(gap_order_.begin(), gap_order_.end(),
              [&](auto a, auto b) { return machine().gaps[a] < machine().gaps[b]; });
  }

  [[nodiscard]] const plan<T>& pattern() const noexcept { return *plan_; }
  [[nodiscard]] const automaton& machine() const noexcept { return plan_->machine; }
  [[nodiscard]] const match_buffer<T>& buffer() const noexcept { return buffer_; }
  [[nodiscard]] const run_table& runs() const noexcept { return runs_; }
  [[nodiscard]] const matcher_counts& counts() const noexcept { return counts_; }
  [[nodiscard]] std::size_t size() const noexcept { return runs_.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return buffer_.bytes() + runs_.size() * sizeof(run);
  }
  /// Whether the key has no partial match, and no match that waits.
  [[nodiscard]] bool idle(std::uint32_t slot) const {
    return !runs_.has(slot) && (slot >= waiting_.size() || waiting_[slot].empty());
  }
  [[nodiscard]] bool begins(condition_bits bits) const noexcept {
    return (bits & begins_with_) != 0;
  }
  /// Begins no match any more; those that have begun go on.
  void close() noexcept { begins_with_ = 0; }
  [[nodiscard]] bool is_empty() const noexcept {
    return runs_.size() == 0 && waiting_slots_.empty();
  }

  /// Takes an event whose classification is `bits`; it may be moved from. Throws what a condition
  /// throws, and at a limit if the policy says so; then the event has changed nothing.
  void on_event(std::uint32_t slot, T& event, timestamp at, timestamp now, condition_bits bits,
                findings<T>& out) {
    runs_.need(slot);
    decisions_.clear();
    for (std::size_t g = 0; g < runs_.groups(); ++g) {
      if (g != 0 && (machine().groups[g] & bits) == 0) continue;
      for (run_id r = runs_.head(slot, g); r != nowhere; r = runs_[r].right)
        decide(r, g == 0, event, at, now, bits);
    }
    const std::uint32_t starting =
        begins(bits) ? takes_at_start(event, at, now, bits) : std::uint32_t{0};
    if (decisions_.empty() && starting == 0) return;
    if (limits_.then == at_limit::dead_letter) refuse_if_full(slot, starting, event);
    apply(slot, starting, event, at);
    finish(slot, out);
  }

  /// Tells a key that its clock has come to `t`: ends what is too old, and completes what only
  /// time completes.
  void advance(std::uint32_t slot, timestamp t, findings<T>& out) {
    if (idle(slot)) return;
    if (!waking_.empty()) expire_gaps(slot, t, out);
    if (machine().within) expire_window(slot, t, out);
    if (!done_.empty() || waits(slot)) finish(slot, out);
  }

  /// The earliest time at which some key wants to be advanced.
  [[nodiscard]] timestamp next_deadline() {
    timestamp earliest = max_timestamp;
    if (machine().within && runs_.oldest() != nowhere)
      earliest = saturating_add(runs_[runs_.oldest()].began, *machine().within);
    for (auto& q : waking_) {
      while (!q.empty() && !still_waits(q.front())) q.pop();
      if (!q.empty()) earliest = std::min(earliest, q.front().deadline);
    }
    return earliest;
  }
  /// Finds a key whose deadline is not after `t`; false if there is nowhere.
  [[nodiscard]] bool next_due(timestamp t, std::uint32_t& slot) {
    const timestamp due = next_deadline();
    if (due > t || due == max_timestamp) return false;
    if (machine().within && runs_.oldest() != nowhere &&
        saturating_add(runs_[runs_.oldest()].began, *machine().within) == due) {
      slot = runs_[runs_.oldest()].slot;
      return true;
    }
    for (auto& q : waking_) {
      if (q.empty() || q.front().deadline != due) continue;
      slot = runs_[q.front().of].slot;
      q.pop();
      return true;
    }
    return false;
  }

  /// Ends a key's partial matches because no event can come any more, so that the matches that
  /// waited behind one are emitted.
  void end(std::uint32_t slot, findings<T>& out) {
    while (runs_.has(slot)) drop(runs_.key(slot).oldest);
    if (waits(slot)) finish(slot, out);
  }
  /// Calls `f(slot)` for each key with a match that waits.
  template <class F>
  void each_waiting(F f) const {
    for (const std::uint32_t slot : waiting_slots_) f(slot);
  }

  /// Ends all partial matches of a key without a word.
  void clear(std::uint32_t slot) {
    if (runs_.has(slot))
      while (runs_.key(slot).oldest != nowhere) drop(runs_.key(slot).oldest);
    if (slot >= waiting_.size()) return;
    for (const complete& c : waiting_[slot]) buffer_.release(c.path);
    waiting_[slot].clear();
    waiting_slots_.erase(slot);
  }

  /// Time of the earliest match of a key that is complete and waits for its turn.
  [[nodiscard]] timestamp earliest_waiting(std::uint32_t slot) const {
    timestamp earliest = max_timestamp;
    if (slot < waiting_.size())
      for (const complete& c : waiting_[slot]) earliest = std::min(earliest, c.at);
    return earliest;
  }
  [[nodiscard]] bool waits(std::uint32_t slot) const {
    return slot < waiting_.size() && !waiting_[slot].empty();
  }

private:
  template <class>
  friend class matcher_snapshot;

  /// What an event would do to a partial match.
  struct decision {
    run_id of;
    std::uint32_t live;
    std::uint32_t lifted;
    std::uint32_t takes;
    bool ends;
    bool completes;
  };
  /// A partial match with a wait that ends at a time.
  struct gap_wait {
    timestamp deadline;
    run_id of;
    std::uint32_t generation;
  };

  [[nodiscard]] const edge& edge_of(const state& s, unsigned i) const {
    return machine().edges[s.first_edge + i];
  }

  /// Asks the conditions that read the match; the others' answers are in `bits`.
  condition_bits ask(condition_bits which, condition_bits bits, node_id path, const T& event,
                     timestamp at, timestamp now) const {
    which &= bits & plan_->reads_match;
    if (which == 0) return bits;
    const match_so_far<T> m{buffer_, path, machine().steps, at, now};
    for (; which != 0; which &= which - 1) {
      const int c = std::countr_zero(which);
      if (!plan_->conditions[static_cast<std::size_t>(c)].on_match(event, m))
        bits &= ~(condition_bits{1} << c);
    }
    return bits;
  }

  void decide(run_id id, bool first, const T& event, timestamp at, timestamp now,
              condition_bits all) {
    const run& r = runs_[id];
    const state& s = machine().states[r.state];
    const condition_bits bits = ask(s.reads, all, r.path, event, at, now);
    decision d{id, 0, r.lifted, 0, r.ends, false};
    const std::uint32_t broken = broken_rules(machine(), s, bits, d.lifted);
    for (std::uint32_t left = r.live; left != 0; left &= left - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(left));
      const edge& e = edge_of(s, i);
      if ((first && (bits & e.not_next) != 0) || (e.greedy & broken) != 0) continue;
      if (takes(e, bits, first) && !taken_already(s, d.takes, e)) d.takes |= 1U << i;
      if (goes_on(e, bits)) d.live |= 1U << i;
    }
    if (r.ends) {
      const bool refused = refuses_end(s, bits, first);
      d.completes = s.end == ending::next_event && !refused;
      d.ends = s.end == ending::in_time && !refused;
    }
    decisions_.push_back(d);
  }

  /// Two ways to the same state with the same event are one partial match.
  bool taken_already(const state& s, std::uint32_t taken, const edge& e) const {
    if (!machine().ambiguous) return false;
    for (; taken != 0; taken &= taken - 1)
      if (edge_of(s, static_cast<unsigned>(std::countr_zero(taken))).to == e.to) return true;
    return false;
  }

  std::uint32_t takes_at_start(const T& event, timestamp at, timestamp now, condition_bits all) {
    const state& s = machine().start();
    const condition_bits bits = ask(s.reads, all, nowhere, event, at, now);
    std::uint32_t lifted = 0;
    const std::uint32_t broken = broken_rules(machine(), s, bits, lifted);
    std::uint32_t taken = 0;
    for (unsigned i = 0; i < s.edges; ++i) {
      const edge& e = edge_of(s, i);
      if ((e.greedy & broken) == 0 && takes(e, bits, true) && !taken_already(s, taken, e))
        taken |= 1U << i;
    }
    return taken;
  }

  void apply(std::uint32_t slot, std::uint32_t starting, T& event, timestamp at) {
    const std::uint64_t before = buffer_.bytes();
    const std::uint64_t number = next_number_++;
    born_.clear();
    event_ = nowhere;
    for (const decision& d : decisions_) apply(slot, d, event, at, number);
    for (; starting != 0; starting &= starting - 1) {
      const edge& e = edge_of(machine().start(), static_cast<unsigned>(std::countr_zero(starting)));
      take(slot, e, nowhere, event, at, number);
    }
    runs_.key(slot).bytes += buffer_.bytes() - before;
    if (limits_.then != at_limit::dead_letter) shrink(slot);
  }

  void apply(std::uint32_t slot, const decision& d, T& event, timestamp at, std::uint64_t number) {
    const state& s = machine().states[runs_[d.of].state];
    for (std::uint32_t left = d.takes; left != 0; left &= left - 1)
      take(slot, edge_of(s, static_cast<unsigned>(std::countr_zero(left))), d.of, event, at,
           number);
    run& r = runs_[d.of];
    if (d.completes) complete_run(r, at);
    r.live = d.live;
    r.lifted = d.lifted;
    r.ends = d.ends;
    if (r.live == 0 && !r.ends)
      drop_counted_later(d.of);
    else if (r.group == 0 && s.group != 0)
      runs_.move(d.of, s.group);
  }

  void take(std::uint32_t slot, const edge& e, run_id origin, T& event, timestamp at,
            std::uint64_t number) {
    if (event_ == nowhere) {
      T value = copies_ ? T(event) : std::move(event);
      event_ = buffer_.add_event(std::move(value), at, number);
    }
    const state& s = machine().states[e.to];
    run made;
    made.path = buffer_.add_node(origin == nowhere ? nowhere : runs_[origin].path, event_, e.step);
    made.slot = slot;
    made.state = e.to;
    made.start = origin == nowhere ? number : runs_[origin].start;
    made.began = origin == nowhere ? at : runs_[origin].began;
    if (s.end == ending::now) complete_run(made, at);
    made.ends = s.end == ending::in_time || s.end == ending::next_event;
    if (s.edges == 0 && !made.ends) return buffer_.release(made.path);
    made.live = s.edges == 32 ? ~std::uint32_t{0} : (1U << s.edges) - 1;
    made.group = s.heeds_next ? std::uint8_t{0} : s.group;
    const run_id id = runs_.add(made, origin);
    runs_.key(slot).bytes += sizeof(run);
    born_.push_back(id);
    if (!waking_.empty()) note_gaps(id, s, at);
  }

  void complete_run(const run& r, timestamp at) {
    buffer_.refer(r.path);
    done_.push_back({r.path, r.start, at});
  }

  /// Ends a partial match where the bytes of its path are accounted for by the caller.
  void drop_counted_later(run_id id) {
    const node_id path = runs_[id].path;
    runs_.key(runs_[id].slot).bytes -= sizeof(run);
    runs_.remove(id);
    buffer_.release(path);
  }
  void drop(run_id id) {
    const std::uint32_t slot = runs_[id].slot;
    const std::uint64_t before = buffer_.bytes();
    drop_counted_later(id);
    runs_.key(slot).bytes -= before - buffer_.bytes();
  }
  void release(std::uint32_t slot, node_id path) {
    const std::uint64_t before = buffer_.bytes();
    buffer_.release(path);
    runs_.key(slot).bytes -= before - buffer_.bytes();
  }

  // Limits.

  [[nodiscard]] bool key_over(std::uint32_t slot) const {
    const auto& key = runs_.key(slot);
    return key.runs > limits_.matches_per_key || key.bytes > limits_.bytes_per_key;
  }
  [[nodiscard]] bool over() const {
    return runs_.size() > limits_.matches || bytes() > limits_.bytes;
  }

  void shrink(std::uint32_t slot) {
    if (!key_over(slot) && !over()) [[likely]]
      return;
    if (limits_.then == at_limit::drop_newest) {
      for (; !born_.empty() && (key_over(slot) || over()); born_.pop_back()) give_up(born_.back());
      // What is left over the bound are matches that wait for an older run of the key to end.
      while ((key_over(slot) || over()) && runs_.has(slot)) give_up(runs_.key(slot).oldest);
      return;
    }
    while (key_over(slot) && runs_.has(slot)) give_up(runs_.key(slot).oldest);
    while (over() && runs_.oldest() != nowhere) give_up(runs_.oldest());
  }
  void give_up(run_id id) {
    ++counts_.dropped;
    drop(id);
  }

  void refuse_if_full(std::uint32_t slot, std::uint32_t starting, const T& event) const {
    std::uint64_t births = static_cast<std::uint64_t>(std::popcount(starting));
    std::uint64_t deaths = 0;
    for (const decision& d : decisions_) {
      births += static_cast<std::uint64_t>(std::popcount(d.takes));
      deaths += d.live == 0 && !d.ends ? 1 : 0;
    }
    if (births <= deaths) return;
    const std::uint64_t grows = births - deaths;
    const std::uint64_t bytes_more = births * (sizeof(run) + 16) + sizeof(T) + dynamic_size(event);
    const auto& key = runs_.key(slot);
    const auto refuse = [&](const char* what, std::uint64_t limit) {
      throw exception({errc::stage_failed, "pattern '" + machine().name + "': " + what +
                                               std::to_string(limit) + " reached"});
    };
    if (key.runs + grows > limits_.matches_per_key)
      refuse("limit of partial matches per key of ", limits_.matches_per_key);
    if (key.bytes + bytes_more > limits_.bytes_per_key)
      refuse("limit of bytes per key of ", limits_.bytes_per_key);
    if (runs_.size() + grows > limits_.matches)
      refuse("limit of partial matches of ", limits_.matches);
    if (bytes() + bytes_more > limits_.bytes) refuse("limit of bytes of ", limits_.bytes);
  }

  // Time.

  void note_gaps(run_id id, const state& s, timestamp at) {
    std::uint64_t seen[2] = {0, 0};
    const auto note = [&](std::int8_t g) {
      if (g < 0 || ((seen[g / 64] >> (g % 64)) & 1) != 0) return;
      seen[g / 64] |= std::uint64_t{1} << (g % 64);
      const auto n = static_cast<std::size_t>(g);
      const gap_wait w{saturating_add(at, machine().gaps[n]), id, runs_[id].generation};
      waking_[n].push(w);
      gap_queue(runs_[id].slot, n).push(w);
    };
    for (unsigned i = 0; i < s.edges; ++i) note(edge_of(s, i).gap);
    if (runs_[id].ends) note(s.end_gap);
  }
  fifo<gap_wait>& gap_queue(std::uint32_t slot, std::size_t gap) {
    const std::size_t at = slot * waking_.size() + gap;
    if (at >= gap_queues_.size()) gap_queues_.resize((slot + 1) * waking_.size());
    return gap_queues_[at];
  }
  [[nodiscard]] bool still_waits(const gap_wait& w) const {
    return runs_[w.of].generation == w.generation;
  }

  /// Gaps are gone through from the shortest: the last wait of a partial match that ends is the one
  /// that its time was over with.
  void expire_gaps(std::uint32_t slot, timestamp t, findings<T>& out) {
    for (const std::size_t g : gap_order_) {
      auto& queue = gap_queue(slot, g);
      for (; !queue.empty() && (queue.front().deadline <= t || !still_waits(queue.front()));
           queue.pop())
        if (still_waits(queue.front())) expire_gap(queue.front(), g, t, out);
    }
  }
  void expire_gap(const gap_wait& w, std::size_t gap, timestamp t, findings<T>& out) {
    run& r = runs_[w.of];
    const state& s = machine().states[r.state];
    const std::uint32_t had = r.live;
    for (std::uint32_t left = r.live; left != 0; left &= left - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(left));
      if (edge_of(s, i).gap == static_cast<std::int8_t>(gap)) r.live &= ~(1U << i);
    }
    const bool ended_in_time =
        r.ends && s.end == ending::in_time && s.end_gap == static_cast<std::int8_t>(gap);
    if (ended_in_time) {
      complete_run(r, t == max_timestamp ? w.deadline : t);
      r.ends = false;
    }
    if (r.live != 0 || r.ends) return;
    if (had != 0) {
      const timestamp over =
          machine().within ? saturating_add(r.began, *machine().within) : max_timestamp;
      report_timed_out(r, std::min(w.deadline, over), out);
    }
    drop(w.of);
  }

  void expire_window(std::uint32_t slot, timestamp t, findings<T>& out) {
    while (runs_.has(slot)) {
      const run_id id = runs_.key(slot).oldest;
      const run& r = runs_[id];
      const timestamp over = saturating_add(r.began, *machine().within);
      if (over > t || over == max_timestamp) return;
      const bool in_time = r.ends && machine().states[r.state].end == ending::in_time;
      if (in_time) complete_run(r, t == max_timestamp ? over : t);
      if (r.live != 0 || (r.ends && !in_time)) report_timed_out(r, over, out);
      drop(id);
    }
  }

  void report_timed_out(const run& r, timestamp at, findings<T>& out) {
    ++counts_.timed_out;
    if (out.wants_timed_out)
      out.timed_out.push(
          timed_out_match<T>{make_match(buffer_, *plan_, r.path, scratch_path_), at});
  }

  // Matches.

  void finish(std::uint32_t slot, findings<T>& out) {
    if (machine().skip.what == after_match::kind::no_skip) {
      if (done_.size() > 1) sort(slot, done_);
      for (const complete& c : done_) emit(slot, c, out);
      done_.clear();
      return;
    }
    if (!done_.empty()) {
      if (slot >= waiting_.size()) waiting_.resize(std::max<std::size_t>(slot + 1, 2 * slot));
      auto& waiting = waiting_[slot];
      waiting.insert(waiting.end(), done_.begin(), done_.end());
      done_.clear();
      if (waiting.size() > 1) sort(slot, waiting);
    }
    if (!waits(slot)) return;
    waiting_slots_.insert(slot);
    skip(slot, out);
    if (!waits(slot)) waiting_slots_.erase(slot);
  }

  /// Emits the matches that wait and that no earlier partial match is before, in their order; each
  /// discards what its strategy says.
  void skip(std::uint32_t slot, findings<T>& out) {
    auto& waiting = waiting_[slot];
    while (!waiting.empty()) {
      const complete first = waiting.front();
      const auto& key = runs_.key(slot);
      if (key.oldest != nowhere && runs_[key.oldest].start < first.start) return;
      waiting.erase(waiting.begin());
      std::uint64_t until = 0;
      try {
        until = discards_before(first);
      } catch (...) {
        release(slot, first.path);
        throw;
      }
      while (key.oldest != nowhere && runs_[key.oldest].start < until) drop(key.oldest);
      std::erase_if(waiting, [&](const complete& c) {
        if (c.start >= until) return false;
        release(slot, c.path);
        return true;
      });
      emit(slot, first, out);
    }
  }

  /// Number of the event that partial matches must not have begun before.
  [[nodiscard]] std::uint64_t discards_before(const complete& m) const {
    switch (machine().skip.what) {
      case after_match::kind::no_skip:
        return 0;
      case after_match::kind::to_next:
        return m.start + 1;
      case after_match::kind::past_last:
        return buffer_.number(m.path) + 1;
      case after_match::kind::to_first:
      case after_match::kind::to_last:
        break;
    }
    node_id target = nowhere;
    for (node_id n = m.path; n != nowhere; n = buffer_.parent(n)) {
      if (buffer_.step(n) != machine().skip_step) continue;
      if (target == nowhere || machine().skip.what == after_match::kind::to_first) target = n;
    }
    const bool misses = target == nowhere || buffer_.number(target) == m.start;
    if (misses && machine().skip.fails_on_miss)
      throw exception(
          {errc::stage_failed,
           "pattern '" + machine().name + "': a match can't skip to step '" + machine().skip.step +
               (target == nowhere ? "', which took no event" : "', its own beginning")});
    return target == nowhere ? 0 : buffer_.number(target);
  }

  void sort(std::uint32_t slot, std::vector<complete>& all) {
    order_.sort(all, buffer_, machine().ambiguous,
                [&](const complete& c) { release(slot, c.path); });
  }

  void emit(std::uint32_t slot, const complete& c, findings<T>& out) {
    ++counts_.matches;
    out.matches.push(std::pair{make_match(buffer_, *plan_, c.path, scratch_path_), c.at});
    release(slot, c.path);
  }

  std::shared_ptr<const plan<T>> plan_;
  match_limits limits_;
  condition_bits begins_with_;
  bool copies_;  ///< A later failure, or another matcher, wants to see the event as it came.
  match_buffer<T> buffer_;
  run_table runs_;
  matcher_counts counts_;
  std::uint64_t next_number_ = 1;

  std::vector<fifo<gap_wait>> waking_;      ///< By gap: of all keys.
  std::vector<fifo<gap_wait>> gap_queues_;  ///< By key and gap.
  std::vector<std::size_t> gap_order_;
  std::vector<std::vector<complete>> waiting_;  ///< By key: complete, and behind an earlier one.
  boost::unordered_flat_set<std::uint32_t> waiting_slots_;

  // Of the event in hand; kept for their memory.
  std::vector<decision> decisions_;
  std::vector<run_id> born_;
  std::vector<complete> done_;
  typename match_buffer<T>::event_id event_ = nowhere;
  match_order order_;
  std::vector<node_id> scratch_path_;
};

}  // namespace weir::patterns

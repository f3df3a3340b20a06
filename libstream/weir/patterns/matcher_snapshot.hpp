// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/patterns/matcher.hpp"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::patterns {

/// Writes and reads what a matcher remembers of a key: its events, each once, the paths over them,
/// the partial matches and the matches that wait. Limits of waits are made anew.
template <class T>
class matcher_snapshot {
public:
  explicit matcher_snapshot(matcher<T>& of) : of_(&of) {}

  /// What is saved of a key: events with their times and numbers; nodes (parent, event, step); runs
  /// (path, live, lifted, state, fresh, ends, start, began); matches that wait (path, start, at).
  template <class K>
  using saved =
      std::tuple<K, std::vector<std::tuple<T, timestamp, std::uint64_t>>,
                 std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint16_t>>,
                 std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint16_t,
                                        bool, bool, std::uint64_t, timestamp>>,
                 std::vector<std::tuple<std::uint32_t, std::uint64_t, timestamp>>>;

  void save(std::uint32_t slot, bytes& to) {
    events_.clear();
    nodes_.clear();
    node_numbers_.clear();
    event_numbers_.clear();
    const auto& runs = of_->runs();
    for (run_id r = first_run(slot); r != nowhere; r = runs[r].younger) add_path(runs[r].path);
    of_->waiting().each(slot, [&](const complete& c) { add_path(c.path); });
    write_paths(to);
    write_runs(slot, to);
    write_waiting(slot, to);
  }

  /// Adds what `save` wrote to a key that holds nothing. False if it does not decode.
  [[nodiscard]] bool load(std::uint32_t slot, byte_reader& from) {
    auto& store = of_->store_;
    store.runs.need(slot);
    const std::uint64_t before = store.buffer.bytes();
    std::vector<node_id> nodes;
    const bool whole =
        read_paths(from, nodes) && read_runs(slot, from, nodes) && read_waiting(slot, from, nodes);
    for (const node_id n : nodes) store.buffer.release(n);
    store.runs.key(slot).bytes += store.buffer.bytes() - before;
    return whole;
  }

  /// Puts what was loaded for all keys into order.
  void finish() { note_gaps(of_->store_.runs.sort_all()); }
  /// ... for one key, where they come one by one.
  void finish(std::uint32_t slot) {
    if (of_->store_.gaps.empty()) return;
    std::vector<run_id> all;
    for (run_id r = first_run(slot); r != nowhere; r = of_->runs()[r].younger) all.push_back(r);
    note_gaps(std::move(all));
  }

private:
  struct saved_node {
    std::uint32_t parent, event;
    std::uint16_t step;
  };

  void note_gaps(std::vector<run_id> all) {
    gap_clock& gaps = of_->store_.gaps;
    if (gaps.empty()) return;
    const auto last_event = [&](run_id r) { return of_->buffer().at(of_->runs()[r].path); };
    std::stable_sort(all.begin(), all.end(),
                     [&](run_id a, run_id b) { return last_event(a) < last_event(b); });
    for (const run_id r : all) gaps.note(of_->machine(), of_->runs(), r, last_event(r));
  }

  [[nodiscard]] run_id first_run(std::uint32_t slot) const {
    return of_->runs().has(slot) ? of_->runs().key(slot).oldest : nowhere;
  }

  void add_path(node_id n) {
    path_.clear();
    for (; n != nowhere && !node_numbers_.contains(n); n = of_->buffer().parent(n))
      path_.push_back(n);
    for (; !path_.empty(); path_.pop_back()) {
      const node_id at = path_.back();
      const auto event = of_->buffer().event_of(at);
      const auto [number, fresh] =
          event_numbers_.try_emplace(event, static_cast<std::uint32_t>(events_.size()));
      if (fresh) events_.push_back(event);
      const node_id parent = of_->buffer().parent(at);
      node_numbers_.emplace(at, static_cast<std::uint32_t>(nodes_.size()));
      nodes_.push_back({parent == nowhere ? nowhere : node_numbers_.at(parent), number->second,
                        of_->buffer().step(at)});
    }
  }

  void write_paths(bytes& to) const {
    encode(static_cast<std::uint32_t>(events_.size()), to);
    for (const auto e : events_) {
      encode(of_->buffer().stored_event(e), to);
      encode(of_->buffer().stored_at(e), to);
      encode(of_->buffer().stored_number(e), to);
    }
    encode(static_cast<std::uint32_t>(nodes_.size()), to);
    for (const saved_node& n : nodes_) {
      encode(n.parent, to);
      encode(n.event, to);
      encode(n.step, to);
    }
  }
  void write_runs(std::uint32_t slot, bytes& to) const {
    const auto& runs = of_->runs();
    encode(first_run(slot) == nowhere ? std::uint32_t{0} : runs.key(slot).runs, to);
    for (run_id id = first_run(slot); id != nowhere; id = runs[id].younger) {
      const run& r = runs[id];
      encode(node_numbers_.at(r.path), to);
      encode(r.live, to);
      encode(r.lifted, to);
      encode(r.state, to);
      encode(r.group == 0, to);
      encode(r.ends, to);
      encode(r.start, to);
      encode(r.began, to);
    }
  }
  void write_waiting(std::uint32_t slot, bytes& to) const {
    encode(static_cast<std::uint32_t>(of_->waiting().size(slot)), to);
    of_->waiting().each(slot, [&](const complete& c) {
      encode(node_numbers_.at(c.path), to);
      encode(c.start, to);
      encode(c.at, to);
    });
  }

  bool read_paths(byte_reader& from, std::vector<node_id>& nodes) {
    std::uint32_t n = 0;
    if (!decode(from, n)) return false;
    std::vector<typename match_buffer<T>::event_id> events;
    for (std::uint32_t i = 0; i < n; ++i) {
      T value{};
      timestamp at;
      std::uint64_t number = 0;
      if (!decode(from, value) || !decode(from, at) || !decode(from, number)) return false;
      events.push_back(of_->store_.buffer.add_event(std::move(value), at, number));
      of_->next_number_ = std::max(of_->next_number_, number + 1);
    }
    if (!decode(from, n)) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      saved_node s{};
      if (!decode(from, s.parent) || !decode(from, s.event) || !decode(from, s.step)) return false;
      if (s.event >= events.size() || s.step >= of_->machine().steps.size() ||
          (s.parent != nowhere && s.parent >= nodes.size()))
        return false;
      nodes.push_back(of_->store_.buffer.add_node(s.parent == nowhere ? nowhere : nodes[s.parent],
                                                  events[s.event], s.step));
    }
    return true;
  }
  bool read_runs(std::uint32_t slot, byte_reader& from, const std::vector<node_id>& nodes) {
    std::uint32_t n = 0;
    if (!decode(from, n)) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      run r;
      bool fresh = false;
      if (!decode(from, r.path) || !decode(from, r.live) || !decode(from, r.lifted) ||
          !decode(from, r.state) || !decode(from, fresh) || !decode(from, r.ends) ||
          !decode(from, r.start) || !decode(from, r.began))
        return false;
      if (r.path >= nodes.size() || r.state >= of_->machine().states.size()) return false;
      r.path = nodes[r.path];
      r.slot = slot;
      r.group = fresh ? std::uint8_t{0} : of_->machine().states[r.state].group;
      of_->store_.buffer.refer(r.path);
      of_->store_.add(r, nowhere);
    }
    return true;
  }
  bool read_waiting(std::uint32_t slot, byte_reader& from, const std::vector<node_id>& nodes) {
    std::uint32_t n = 0;
    if (!decode(from, n)) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      complete c;
      if (!decode(from, c.path) || !decode(from, c.start) || !decode(from, c.at)) return false;
      if (c.path >= nodes.size()) return false;
      c.path = nodes[c.path];
      of_->store_.buffer.refer(c.path);
      of_->store_.wait(slot, c);
    }
    return true;
  }

  matcher<T>* of_;
  std::vector<typename match_buffer<T>::event_id> events_;
  std::vector<saved_node> nodes_;
  std::unordered_map<node_id, std::uint32_t> node_numbers_;
  std::unordered_map<std::uint32_t, std::uint32_t> event_numbers_;
  std::vector<node_id> path_;
};

}  // namespace weir::patterns

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/key_hash.hpp"
#include "weir/flow/either.hpp"
#include "weir/flow/inputs_apart.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/joins/either_key.hpp"
#include "weir/joins/join_kind.hpp"
#include "weir/joins/join_waiting.hpp"
#include "weir/joins/kept_rows.hpp"
#include "weir/joins/table_row.hpp"
#include "weir/joins/unmatched_gate.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/gradual_queue.hpp"
#include "weir/state/keyed_parts.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace weir::operators {

/// Joins each event with its key's row of a table that is read to its end first. Until then the
/// stream's events wait, in the order of their arrival; then they and all later ones are answered
/// at once. Of a key the row that came last counts. The watermark is held back behind the events
/// that wait. When both inputs have ended, nothing is kept. At most so many wait in an instance;
/// one more fails, by the stage's directive.
///
/// An event costs a table operation.
template <class K, class A, class V, class KeyA, class KeyV, class F, join_kind Kind>
class loaded_join {
  using row = table_row<V>;
  static constexpr std::uint16_t table_port = 1;

public:
  using event = flow::either<A, V>;
  static constexpr bool takes_inputs_apart = true;
  static constexpr bool emits_at_most_one = true;

  loaded_join(KeyA key_a, KeyV key_v, F f, join_sides sides, std::size_t most_waiting)
      : key_a_(std::move(key_a)),
        key_v_(std::move(key_v)),
        f_(std::move(f)),
        unmatched_(std::move(sides.unmatched_left)),
        most_waiting_(most_waiting) {}

  void open(const flow::operator_environment& e) {
    id_ = e.id;
    groups_ = e.key_groups;
    rows_held_ = &e.metrics->add_gauge(e.id + ": rows held");
    events_waiting_ = &e.metrics->add_gauge(e.id + ": events waiting");
    unmatched_.open(e, "left");
    rows_.open(e);
  }

  void look_ahead(const batch<event>& in, std::size_t i) const noexcept {
    fetch(in.size(), i,
          [&](std::size_t n) { return either_key<K>(in.values[n], std::tie(key_a_, key_v_)); });
  }
  void look_ahead(std::in_place_index_t<0>, const batch<A>& in, std::size_t i) const noexcept {
    fetch(in.size(), i, [&](std::size_t n) -> K { return std::invoke(key_a_, in.values[n]); });
  }
  void look_ahead(std::in_place_index_t<1>, const batch<V>& in, std::size_t i) const noexcept {
    fetch(in.size(), i, [&](std::size_t n) -> K { return std::invoke(key_v_, in.values[n]); });
  }

  template <class E, class Next>
  void on_event(E&& in, timestamp at, Next& next, flow::step&) {
    flow::by_input(
        std::forward<E>(in),
        [&]<class Left>(Left&& left) {
          if (answers_) [[likely]]
            answer(std::forward<Left>(left), at, next);
          else
            let_wait(std::forward<Left>(left), at);
        },
        [&]<class Right>(Right&& right) { take_row(std::forward<Right>(right)); });
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    loaded_ = loaded_ || p.watermark == max_timestamp || table_has_ended(s);
    while (loaded_ && !waiting_.empty()) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      const waiting first = waiting_.take_front();
      count();
      if (!answer_waiting(first, next, s)) return after_failure(s);
    }
    if (p.watermark == max_timestamp && waiting_.empty()) forget_all();
    answers_ = loaded_ && waiting_.empty();
    if (waiting_.empty())
      earliest_ = max_timestamp;
    else
      p.watermark = std::min(p.watermark, saturating_add(earliest_, duration{-1}));
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    rows_.save(to);
    save_form<std::tuple<K, timestamp, A>>(to, "@waiting");
    auto parts = std::make_shared<keyed_parts<K>>(to, groups_);
    waiting_.save(
        to,
        [this, parts](const waiting& w) {
          bytes& part = parts->begin(std::invoke(key_a_, w.value));
          encode(w.at, part);
          encode(w.value, part);
        },
        [parts](snapshot_writer& w, bool all) { parts->hand_on(w, "@waiting", all); });
    return flow::verdict::done;
  }

  /// The table's end is not in the snapshot: an input that has ended says so again.
  void restore(snapshot_reader& from) {
    rows_.restore(from);
    read_keyed_parts<std::tuple<K, timestamp, A>>(from, "@waiting", [&](const K&, byte_reader& in) {
      waiting w{};
      if (!decode(in, w.at) || !decode(in, w.value)) return false;
      earliest_ = std::min(earliest_, w.at);
      waiting_.push_back(std::move(w));
      return true;
    });
    count();
  }

private:
  struct waiting {
    timestamp at;
    A value;
  };

  /// Of a table that is in the cache, nothing has to be called for.
  template <class KeyOf>
  void fetch(std::size_t events, std::size_t i, KeyOf key_of) const noexcept {
    if (rows_.slots().is_small()) return;
    fetch_ahead(rows_.slots(), coming_, events, i, key_of, [](const row&) {});
  }

  static bool table_has_ended(const flow::step& s) {
    return s.lanes != nullptr &&
           std::all_of(s.lanes->begin(), s.lanes->end(), [](const flow::lane& l) {
             return l.port != table_port || l.state == flow::lane_state::ended;
           });
  }

  template <class E>
  void take_row(E&& in) {
    const K key = std::invoke(key_v_, std::as_const(in));
    if (removes_row(in))
      rows_.erase(key);
    else
      rows_.put(key, row_in(std::forward<E>(in)));
    count();
  }

  template <class E>
  void let_wait(E&& in, timestamp at) {
    if (waiting_.size() >= most_waiting_)
      throw exception({errc::invalid_argument,
                       "join '" + id_ + "': " + std::to_string(waiting_.size()) +
                           " events wait for the end of the table already; let the source of the "
                           "stream wait for it with event_time_options::max_drift, or let more "
                           "wait"});
    // A key that holds NaN is refused now, not when it is asked for.
    static_cast<void>(key_hash(std::invoke(key_a_, std::as_const(in))));
    waiting_.push_back({at, std::forward<E>(in)});
    earliest_ = std::min(earliest_, at);
    count();
  }

  /// False if the user's function has failed.
  template <class Next>
  bool answer_waiting(const waiting& w, Next& next, flow::step& s) {
    const row* found = rows_.find(std::invoke(key_a_, w.value));
    if (found == nullptr && Kind == join_kind::inner) return unmatched_.pass(w.value, w.at), true;
    if (found == nullptr) unmatched_.count();
    auto made = join_waiting<Kind>(f_, &w.value, found, w.at, id_, s);
    if (made) next(*std::move(made), w.at);
    return made.has_value();
  }
  template <class E, class Next>
  void answer(E&& in, timestamp at, Next& next) {
    const row* found = rows_.find(std::invoke(key_a_, std::as_const(in)));
    if (found == nullptr && Kind == join_kind::inner)
      return unmatched_.pass(std::forward<E>(in), at);
    if (found == nullptr) unmatched_.count();
    next(join_events<Kind>(f_, &std::as_const(in), found), at);
  }

  /// The stream has ended, and nobody asks the table any more.
  void forget_all() {
    rows_.clear();  // what of it is being saved first
    count();
  }

  void count() {
    rows_held_->set(static_cast<std::int64_t>(rows_.size()));
    events_waiting_->set(static_cast<std::int64_t>(waiting_.size()));
  }

  [[no_unique_address]] KeyA key_a_;
  [[no_unique_address]] KeyV key_v_;
  [[no_unique_address]] F f_;
  unmatched_gate<A> unmatched_;
  std::size_t most_waiting_;
  std::string id_;
  std::uint32_t groups_ = default_key_groups;
  gauge* rows_held_ = nullptr;
  gauge* events_waiting_ = nullptr;

  kept_rows<K, row> rows_;
  mutable coming_hashes coming_;
  gradual_queue<waiting> waiting_;
  timestamp earliest_ = max_timestamp;  ///< Of those that wait, or waited with them.
  bool loaded_ = false;
  bool answers_ = false;  ///< At once: the table is loaded, and nobody waits before.
};

}  // namespace weir::operators

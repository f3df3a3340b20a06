// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/planted_fault.hpp"
#include "weir/flow/batch_body.hpp"
#include "weir/flow/output_port.hpp"

#include <algorithm>
#include <deque>
#include <span>
#include <type_traits>

namespace weir::flow {

/// An output of events of type `T`: batches what is emitted, per lane, and sends a batch when it is
/// full or flushed. A lane is a channel or, for a broadcast, all channels at once. Bound: per lane
/// a full batch, an open one, and the outputs of one input event.
template <class T>
class typed_output_port final : public output_port {
public:
  typed_output_port(const std::vector<channel_id>& ids, attempt_id attempt, batch_limits limits,
                    bool broadcast)
      : limits_(limits) {
    for (channel_id id : ids) channels_.emplace_back(id, attempt);
    const std::size_t per_lane = broadcast ? ids.size() : 1;
    for (std::size_t first = 0; first < ids.size(); first += per_lane)
      lanes_.emplace_back(first, per_lane);
    for (lane& l : lanes_) l.open = fresh();
  }

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }

  /// Adds an event to a lane's open batch. Constant time; no allocation in steady state.
  template <class V>
  void emit(std::size_t lane_index, V&& value, timestamp at) {
    lane& l = lanes_[lane_index];
    if constexpr (has_dynamic_size<T>) {
      const std::size_t size = event_bytes(value);
      if (l.open_bytes != 0 && l.open_bytes + size > limits_.bytes) close_full(lane_index);
      l.open_bytes += size;
    }
    batch<T>& open = l.open->events;
    if (open.empty()) l.earliest = earliest_;
    open.push(std::forward<V>(value), at);
    if (is_full(l)) [[unlikely]]
      close_full(lane_index);
  }

  /// Makes room for `n` events in each lane, for events of a plain type that are written one by one
  /// to whichever lane; `finish_writing` has to follow.
  /// @pre n <= room()
  [[nodiscard]] std::span<batch_writer<T>> begin_writing(std::size_t n) {
    writers_.clear();
    for (lane& l : lanes_) {
      if (l.open->events.empty()) l.earliest = earliest_;
      writers_.emplace_back(l.open->events, n);
    }
    return writers_;
  }
  void finish_writing() {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      writers_[i].finish(lanes_[i].open->events);
      if (is_full(lanes_[i])) close_full(i);
    }
  }

  /// Takes back the newest event of a lane; false if it was sent already.
  bool take_back(std::size_t lane_index) {
    lane& l = lanes_[lane_index];
    if (l.open->events.empty()) {
      if (l.closed.empty()) return false;
      l.open = std::move(l.closed.back().events);
      l.open_bytes = l.closed.back().size;
      l.earliest = l.closed.back().earliest;
      l.closed.pop_back();
      set_stuck(l, !l.closed.empty());
    }
    batch<T>& open = l.open->events;
    if constexpr (has_dynamic_size<T>) l.open_bytes -= event_bytes(open.values.back());
    open.pop();
    return true;
  }

  /// How many events may be emitted, to whichever lane, before it has to be asked again whether the
  /// port is full: what the fullest lane still takes. One where only each event's size can tell.
  [[nodiscard]] std::size_t room() const noexcept {
    if constexpr (has_dynamic_size<T>) return 1;
    std::size_t least = limits_.events;
    for (const lane& l : lanes_)
      least = std::min<std::size_t>(
          least, l.limit - std::min<std::size_t>(l.limit, l.open->events.size()));
    return std::max<std::size_t>(1, least);
  }

  /// Whether a batch that the lane closed now would be sent at once.
  [[nodiscard]] bool has_credit(std::size_t lane_index) const noexcept {
    return credit(lanes_[lane_index]);
  }
  /// Counts closed batches, so that a router can go on to the next lane with each.
  [[nodiscard]] std::uint64_t batches_closed() const noexcept { return batches_closed_; }

  void on_grant(const grant& g) override {
    for (out_channel& c : channels_)
      if (c.id() == g.channel) c.on_grant(g);
    reuse(g.returned);
    for (lane& l : lanes_) {
      if (l.stuck) pump(l);
      std::uint32_t granted = limits_.events;
      each_channel(l, [&](const out_channel& c) { granted = std::min(granted, c.max_events()); });
      l.limit = event_limit(std::max(1U, granted));
      if (is_full(l)) close(l);
    }
  }

  void set_progress(progress p) override {
    for (out_channel& c : channels_) c.set_progress(p);
  }

  void set_tell_at(timestamp t) override {
    for (out_channel& c : channels_) c.set_tell_at(t);
  }

  void send_barrier(barrier b) override {
    for (lane& l : lanes_) {
      if (!planted(fault::barrier_overtakes_data)) close(l);
      each_channel(l, [&](out_channel& c) { c.set_barrier(b); });
      pump(l);
    }
  }

  void send_end() override {
    for (lane& l : lanes_) {
      close(l);
      each_channel(l, [](out_channel& c) { c.set_end(); });
      pump(l);
    }
  }

  void flush_lane(std::size_t lane_index) override {
    if (lane& l = lanes_[lane_index]; l.closed.empty() && credit(l)) close(l);
  }
  void flush() override {
    for (lane& l : lanes_) {
      if (l.closed.empty() && credit(l)) close(l);
      if (!l.closed.empty() || !l.open->events.empty()) continue;
      each_channel(l, [&](out_channel& c) {
        if (!c.control_waits()) c.send_progress(earliest_, *effects_);
      });
    }
  }

  [[nodiscard]] bool waits_for_credit() const noexcept override {
    if (stuck_ != 0) return true;
    return std::any_of(channels_.begin(), channels_.end(), [&](const out_channel& c) {
      return !c.has_credit() && (events_held() != 0 || c.progress_waits());
    });
  }

  [[nodiscard]] std::size_t events_held() const noexcept override {
    std::size_t n = 0;
    for (const lane& l : lanes_) {
      n += l.open->events.size();
      for (const closed_batch& c : l.closed) n += c.events->events.size();
    }
    return n;
  }

  [[nodiscard]] const std::vector<out_channel>& channels() const noexcept override {
    return channels_;
  }

private:
  using body = boost::intrusive_ptr<batch_body<T>>;

  struct closed_batch {
    body events;
    steady_time earliest;
    std::size_t size = 0;
  };

  struct lane {
    lane(std::size_t first_channel, std::size_t channel_count)
        : first(first_channel), count(channel_count) {}

    body open;
    std::size_t first;
    std::size_t count;
    std::uint32_t limit = 1;  ///< Events that a batch may have; one until the receivers say more.
    bool stuck = false;
    std::size_t open_bytes = 0;
    steady_time earliest{};
    std::deque<closed_batch> closed;  ///< Batches without credit, oldest first.
  };

  static std::size_t event_bytes(const T& value) { return sizeof(T) + dynamic_size(value); }

  /// For a type without heap parts, the byte limit is a count.
  [[nodiscard]] std::uint32_t event_limit(std::uint32_t wanted) const {
    if constexpr (has_dynamic_size<T>) return std::max(1U, wanted);
    const auto by_bytes =
        static_cast<std::uint32_t>(std::min<std::size_t>(limits_.bytes / sizeof(T), wanted));
    return std::max(1U, by_bytes);
  }

  [[nodiscard]] bool is_full(const lane& l) const {
    if constexpr (has_dynamic_size<T>)
      if (l.open_bytes >= limits_.bytes) return true;
    return l.open->events.size() >= l.limit;
  }

  template <class F>
  void each_channel(lane& l, F f) {
    for (std::size_t i = 0; i < l.count; ++i) f(channels_[l.first + i]);
  }

  [[nodiscard]] bool credit(const lane& l) const noexcept {
    for (std::size_t i = 0; i < l.count; ++i)
      if (!channels_[l.first + i].has_credit() || channels_[l.first + i].control_waits())
        return false;
    return true;
  }

  body fresh() {
    while (!spare_.empty()) {
      body_ptr b = std::move(spare_.back());
      spare_.pop_back();
      if (b->use_count() == 1) return body{static_cast<batch_body<T>*>(b.get())};
    }
    body b{new batch_body<T>};
    return b;
  }

  void reuse(body_ptr list) {
    while (list) {
      body_ptr rest = std::move(list->next);
      // As many as a single receiver gives back at a time, and one or two for each of many.
      if (spare_.size() < 2 * channels_.size() + 16) spare_.push_back(std::move(list));
      list = std::move(rest);
    }
  }

  /// Ends the open batch, if it holds anything, and sends it if credit allows.
  void close(lane& l) {
    if (l.open->events.empty()) return;
    ++batches_closed_;
    if (l.closed.empty() && credit(l)) {
      send(l, std::exchange(l.open, fresh()), l.earliest, true);
    } else {
      l.closed.push_back({std::exchange(l.open, fresh()), l.earliest, l.open_bytes});
      set_stuck(l, true);
    }
    l.open_bytes = 0;
  }

  void close_full(std::size_t lane_index) {
    for (output_port* other : others_) other->flush_lane(lane_index);
    close(lanes_[lane_index]);
  }

  void send(lane& l, body events, steady_time earliest, bool is_last) {
    each_channel(l, [&](out_channel& c) { c.send_data(events, earliest, is_last, *effects_); });
  }

  /// Sends what waits on a lane, in order, as far as credit goes.
  void pump(lane& l) {
    while (!l.closed.empty() && data_credit(l)) {
      closed_batch next = std::move(l.closed.front());
      l.closed.pop_front();
      send(l, std::move(next.events), next.earliest, l.closed.empty() && l.open->events.empty());
    }
    bool waits = !l.closed.empty();
    each_channel(l, [&](out_channel& c) {
      if (l.closed.empty()) c.send_waiting(*effects_);
      waits = waits || c.control_waits();
    });
    set_stuck(l, waits);
  }

  /// Credit for data that came before the control frames that wait.
  [[nodiscard]] bool data_credit(const lane& l) const noexcept {
    for (std::size_t i = 0; i < l.count; ++i)
      if (!channels_[l.first + i].has_credit()) return false;
    return true;
  }

  void set_stuck(lane& l, bool stuck) noexcept {
    if (l.stuck == stuck) return;
    l.stuck = stuck;
    stuck ? ++stuck_ : --stuck_;
  }

  struct no_writer {};
  using writer = std::conditional_t<std::is_trivially_copyable_v<T>, batch_writer<T>, no_writer>;

  batch_limits limits_;
  std::vector<writer> writers_;  ///< By lane, while events are written.
  std::vector<out_channel> channels_;
  std::vector<lane> lanes_;
  std::vector<body_ptr> spare_;
  std::uint64_t batches_closed_ = 0;
};

}  // namespace weir::flow

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/fan_out.hpp"
#include "weir/flow/typed_output_port.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::flow {

/// The end of a fused loop that leaves the stage: routes each event to a lane of an output port.
template <class T, class Router>
class port_end {
public:
  static constexpr bool writes_ahead = std::is_trivially_copyable_v<T>;

  /// Writes events to their lanes, where room was made for them. Where there is just one, nobody
  /// has to be asked which, and how far it has been written stays in registers.
  class writer {
  public:
    writer(port_end& end, std::size_t n)
        : end_(&end),
          lanes_(end.port_->begin_writing(n)),
          only_(lanes_.front()),
          has_one_(lanes_.size() == 1) {}

    template <class V>
    void push(V&& value, timestamp at) {
      if (has_one_)
        only_.push(std::forward<V>(value), at);
      else
        lanes_[end_->router_(std::as_const(value), *end_->port_)].push(std::forward<V>(value), at);
    }
    void finish() const {
      if (has_one_) lanes_.front() = only_;
      end_->port_->finish_writing();
    }

  private:
    port_end* end_;
    std::span<batch_writer<T>> lanes_;
    batch_writer<T> only_;
    bool has_one_;
  };

  port_end(typed_output_port<T>& port, Router router) : port_(&port), router_(std::move(router)) {}

  template <class V>
  void emit(V&& value, timestamp at) {
    port_->emit(router_(std::as_const(value), *port_), std::forward<V>(value), at);
  }
  /// For up to `room()` events in a row.
  writer begin_writing(std::size_t n) { return {*this, n}; }
  void finish_writing(const writer& w) { w.finish(); }
  /// As `emit`, and notes the lane, so that the event can be taken back.
  template <class V>
  void emit_noted(V&& value, timestamp at) {
    const std::size_t lane = router_(std::as_const(value), *port_);
    noted_.push_back(static_cast<std::uint32_t>(lane));
    port_->emit(lane, std::forward<V>(value), at);
  }
  void forget_noted() noexcept { noted_.clear(); }
  void take_back_noted() {
    for (; !noted_.empty(); noted_.pop_back()) port_->take_back(noted_.back());
  }

  void begin(step& s) noexcept { port_->set_earliest(s.earliest); }
  [[nodiscard]] bool full() const noexcept { return port_->full(); }
  [[nodiscard]] std::size_t room() const noexcept { return port_->room(); }
  verdict settle(step&) const noexcept { return port_->full() ? verdict::blocked : verdict::done; }
  verdict on_progress(progress p, step&) {
    port_->set_progress(p);
    return verdict::done;
  }
  verdict on_time(step&) const noexcept { return verdict::done; }
  verdict on_completion(step&) const noexcept { return verdict::done; }
  [[nodiscard]] timestamp next_timer() const noexcept { return max_timestamp; }
  verdict snapshot(barrier, snapshot_writer&, step&) const noexcept { return verdict::done; }
  void restore(snapshot_reader&) const noexcept {}
  result<void> commit(barrier) const { return {}; }
  [[nodiscard]] std::size_t events_held() const noexcept { return 0; }  // the stage asks the port
  void find_places(return_search&) const noexcept {}
  [[nodiscard]] flow::outstanding outstanding() const noexcept { return {}; }

private:
  typed_output_port<T>* port_;
  Router router_;
  std::vector<std::uint32_t> noted_;
};

/// The end of a fused loop that stays in the stage: a named stream with consumers of its own.
template <class T>
class node_end {
public:
  static constexpr bool writes_ahead = std::is_trivially_copyable_v<T>;

  explicit node_end(std::unique_ptr<fan_out<T>> node) : node_(std::move(node)) {}

  template <class V>
  void emit(V&& value, timestamp at) {
    node_->emit(std::forward<V>(value), at);
  }
  template <class V>
  void emit_noted(V&& value, timestamp at) {
    ++noted_;
    node_->emit(std::forward<V>(value), at);
  }
  /// For up to `room()` events in a row.
  batch_writer<T> begin_writing(std::size_t n) { return {node_->gathered(), n}; }
  void finish_writing(const batch_writer<T>& w) { w.finish(node_->gathered()); }
  void forget_noted() noexcept { noted_ = 0; }
  void take_back_noted() {
    for (; noted_ != 0; --noted_) node_->take_back();
  }

  void begin(step&) const noexcept {}
  [[nodiscard]] bool full() const noexcept { return node_->full(); }
  [[nodiscard]] std::size_t room() const noexcept { return node_->room(); }
  verdict settle(step& s) { return node_->settle(s); }
  verdict on_progress(progress p, step& s) { return node_->on_progress(p, s); }
  verdict on_time(step& s) { return node_->on_time(s); }
  verdict on_completion(step& s) { return node_->on_completion(s); }
  [[nodiscard]] timestamp next_timer() const { return node_->next_timer(); }
  verdict snapshot(barrier b, snapshot_writer& to, step& s) { return node_->snapshot(b, to, s); }
  void restore(snapshot_reader& from) { node_->restore(from); }
  result<void> commit(barrier b) { return node_->commit(b); }
  [[nodiscard]] std::size_t events_held() const { return node_->events_held(); }
  void find_places(return_search& search) { node_->find_places(search); }
  [[nodiscard]] flow::outstanding outstanding() const { return node_->outstanding(); }

private:
  std::unique_ptr<fan_out<T>> node_;
  std::size_t noted_ = 0;
};

}  // namespace weir::flow

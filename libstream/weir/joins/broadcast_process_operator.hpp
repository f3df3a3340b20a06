// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"
#include "weir/joins/broadcast_state.hpp"
#include "weir/operators/process.hpp"

#include <concepts>
#include <tuple>
#include <utility>

namespace weir {

/// A processor of events of `A` keyed by `K` that also takes `on_broadcast(const B&, const
/// broadcast_context&)`, for events that every instance sees. `broadcast_states()`, if there,
/// answers `std::tie` of its broadcast states.
template <class P, class K, class A, class B>
concept broadcast_processor = processor<P, K, A> &&
    requires(P& p, const B& event, const broadcast_context& context) {
  p.on_broadcast(event, context);
};

namespace operators {

/// Runs a user's processor on keyed events and on broadcast ones, in the order of their arrival.
template <class K, class A, class B, class KeyOf, class P>
class broadcast_process {
public:
  using event = flow::either<A, B>;
  static constexpr bool emits_many = true;

  broadcast_process(KeyOf key_of, P processor) : inner_(std::move(key_of), std::move(processor)) {}

  void open(const flow::operator_environment& e) {
    inner_.open(e);
    is_first_ = e.instance == 0;
  }

  template <class E, class Next>
  void on_event(E&& in, timestamp at, Next& next, flow::step& s) {
    if (in.held.index() == 0)
      return inner_.on_event(std::get<0>(std::forward<E>(in).held), at, next, s);
    const writing during{*this};
    inner_.processor().on_broadcast(std::as_const(std::get<1>(in.held)),
                                    broadcast_context{at, s.wall});
  }
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    return inner_.on_progress(p, next, s);
  }
  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    return inner_.on_time(next, s);
  }
  [[nodiscard]] timestamp next_timer() { return inner_.next_timer(); }

  /// All instances hold the same: one saves it, and each restores it.
  flow::verdict snapshot(snapshot_writer& to) {
    if (is_first_) each_state([&](const auto& state) { state.save(to); });
    return inner_.snapshot(to);
  }
  void restore(snapshot_reader& from) {
    each_state([&](auto& state) { state.restore(from); });
    inner_.restore(from);
  }

private:
  struct writing {
    broadcast_process& of;

    explicit writing(broadcast_process& p) : of(p) {
      of.each_state([](auto& state) { state.allow_writing(true); });
    }
    writing(const writing&) = delete;
    writing& operator=(const writing&) = delete;
    ~writing() {
      of.each_state([](auto& state) { state.allow_writing(false); });
    }
  };

  template <class F>
  void each_state(F f) {
    if constexpr (requires { inner_.processor().broadcast_states(); })
      std::apply([&](auto&... state) { (f(state), ...); }, inner_.processor().broadcast_states());
  }

  process<K, A, KeyOf, P> inner_;
  bool is_first_ = false;
};

}  // namespace operators
}  // namespace weir

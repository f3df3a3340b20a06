// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/tumbling_operator.hpp"

namespace weir::operators {

/// As `tumbling_operator`, for windows of the wall clock: events belong where it stands when they
/// come, and a window fires when it has come to its end. An event in a window that has fired, as in
/// its last microsecond, or when the clock was set back, has a late result of its own.
template <class K, class T, class KeyOf, class Fold>
class clock_tumbling_operator : private tumbling_operator<K, T, KeyOf, Fold> {
  using base = tumbling_operator<K, T, KeyOf, Fold>;

public:
  static constexpr bool leaves_timers = true;

  clock_tumbling_operator(tumbling windows, KeyOf key_of, Fold fold)
      : base(windows, std::move(key_of), std::move(fold), {}) {}

  void open(const flow::operator_environment& e) {
    base::open(e);
    unfired_ = &e.metrics->add_counter(e.id + ": windows dropped unfired");
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    if (base::is_open(s.wall)) [[likely]]
      base::add(std::forward<E>(event), at);
    else
      base::emit_alone(std::forward<E>(event), at, base::window_of(s.wall), next);
  }

  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    return base::fire(s.wall, next, s);
  }
  [[nodiscard]] timestamp next_timer() const noexcept { return base::earliest_end(); }

  /// At the end of the stream nobody waits for the clock any more.
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next&, flow::step&) {
    if (p.watermark == max_timestamp && !std::exchange(ended_, true))
      unfired_->add(base::open_windows());
    return flow::verdict::done;
  }

  using base::restore;
  using base::snapshot;

private:
  counter* unfired_ = nullptr;
  bool ended_ = false;
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/effects.hpp"
#include "weir/flow/frame.hpp"

#include <algorithm>
#include <optional>

namespace weir::flow {

/// The sending end of a channel, without its data: credit, sequence numbers and the control frames
/// that wait. At most one of each kind waits: a newer watermark replaces an older one, barrier n+1
/// replaces barrier n.
class out_channel {
public:
  out_channel(channel_id id, attempt_id attempt) : id_(id), attempt_(attempt) {}

  [[nodiscard]] channel_id id() const noexcept { return id_; }
  [[nodiscard]] bool has_credit() const noexcept { return next_ < granted_; }
  [[nodiscard]] std::uint64_t credits() const noexcept { return granted_ - next_; }
  [[nodiscard]] std::uint32_t max_events() const noexcept { return max_events_; }
  [[nodiscard]] std::uint64_t events_sent() const noexcept { return events_sent_; }
  [[nodiscard]] timestamp receiver_watermark() const noexcept { return receiver_watermark_; }
  /// The newest watermark of its own, sent or not.
  [[nodiscard]] timestamp watermark() const noexcept { return progress_.watermark; }
  /// Whether a barrier or the end waits for credit; events must wait behind it.
  [[nodiscard]] bool control_waits() const noexcept { return barrier_.has_value() || end_waits_; }

  /// Whether progress waits that the receiver was not told.
  [[nodiscard]] bool progress_waits() const noexcept {
    return announced_ != progress_ || (tell_at() != max_timestamp && tell_at() != asked_);
  }

  /// Takes the receiver's permission. Grants are absolute, so repeats and reorderings do no harm.
  void on_grant(const grant& g) {
    if (g.up_to < granted_) return;
    granted_ = g.up_to;
    max_events_ = g.max_events;
    receiver_watermark_ = std::max(receiver_watermark_, g.receiver_watermark);
  }

  void set_progress(progress p) { progress_ = p; }
  /// Asks the receiver for a grant as soon as its watermark has come to `t`.
  void set_tell_at(timestamp t) { tell_at_ = t; }
  void set_barrier(barrier b) { barrier_ = b; }
  void set_end() { end_waits_ = true; }

  /// Sends a body; `is_last` says that no event emitted before the waiting progress is still held
  /// back behind it.
  /// @pre has_credit()
  void send_data(body_ptr body, steady_time earliest, bool is_last, effects& out) {
    if (is_last) announced_ = progress_;
    events_sent_ += body->size();
    push(frame_kind::data, earliest, out).body = std::move(body);
  }

  /// Sends the barrier and the end that wait, as far as credit goes; call only when no event is
  /// held back.
  void send_waiting(effects& out) {
    if (barrier_ && has_credit()) {
      announced_ = progress_;
      push(frame_kind::barrier, {}, out).barrier = *barrier_;
      barrier_.reset();
    }
    if (end_waits_ && !barrier_ && has_credit()) {
      announced_ = progress_;
      push(frame_kind::end, {}, out);
      end_waits_ = false;
    }
  }

  /// Sends progress that nothing carried, alone; call at a flush, when no event is held back.
  void send_progress(steady_time earliest, effects& out) {
    if (!progress_waits() || !has_credit()) return;
    announced_ = progress_;
    push(frame_kind::watermark, earliest, out);
  }

private:
  /// A receiver that has come to all that it was told waits for us: that must be known, too.
  [[nodiscard]] timestamp tell_at() const noexcept {
    return tell_at_ == max_timestamp ? tell_at_ : std::min(tell_at_, progress_.watermark);
  }

  frame& push(frame_kind kind, steady_time earliest, effects& out) {
    frame& f = out.frames.emplace_back();
    f.channel = id_;
    f.attempt = attempt_;
    f.sequence = next_++;
    f.kind = kind;
    f.progress = announced_;
    f.tell_at = asked_ = tell_at();
    f.earliest_read = earliest;
    return f;
  }

  channel_id id_;
  attempt_id attempt_;
  std::uint64_t next_ = 0;
  std::uint64_t granted_ = 0;
  std::uint64_t events_sent_ = 0;
  std::uint32_t max_events_ = 0;
  progress progress_;   ///< Newest.
  progress announced_;  ///< What the receiver was told last.
  std::optional<barrier> barrier_;
  bool end_waits_ = false;
  timestamp receiver_watermark_ = min_timestamp;
  timestamp tell_at_ = max_timestamp;
  timestamp asked_ = max_timestamp;  ///< What the receiver was asked last.
};

}  // namespace weir::flow

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/doorbell.hpp"
#include "weir/actors/link.hpp"
#include "weir/actors/spsc_ring.hpp"

#include <atomic>
#include <cassert>
#include <memory>
#include <utility>

namespace weir::actors {

/// A channel between two actors of one process. Frames go through a ring that credit keeps from
/// overflowing; grants, being absolute, need no queue: the newest replaces the one before. Either
/// end wakes the other by its doorbell.
class local_channel final : public sending_end, public receiving_end {
public:
  /// `window` is the most frames that a grant lets be in flight.
  local_channel(flow::channel_id id, flow::attempt_id attempt, std::uint32_t window,
                std::shared_ptr<doorbell> sender, std::shared_ptr<doorbell> receiver)
      : id_(id),
        attempt_(attempt),
        frames_(window),
        returned_(2 * window),
        sender_(std::move(sender)),
        receiver_(std::move(receiver)) {}

  void send(flow::frame&& f) override {
    [[maybe_unused]] const bool room = frames_.push(std::move(f));
    assert(room && "a frame was sent without credit");
    receiver_->ring();
  }

  [[nodiscard]] bool take_frame(flow::frame& out) override { return frames_.pop(out); }

  void grant(flow::grant&& g) override {
    for (flow::body_ptr b = std::move(g.returned); b;) {
      flow::body_ptr rest = std::move(b->next);
      if (!returned_.push(std::move(b)))
        break;  // the sender has spare bodies enough; this one goes
      b = std::move(rest);
    }
    max_events_.store(g.max_events, std::memory_order_relaxed);
    watermark_.store(g.receiver_watermark.time_since_epoch().count(), std::memory_order_relaxed);
    up_to_.store(g.up_to, std::memory_order_relaxed);
    // A grant may bring nothing but a newer watermark, so they are told apart by their count. With
    // wait_for_grant(): of this store and that one the other side's load sees at least one.
    const std::uint64_t count = grants_.load(std::memory_order_relaxed) + 1;
    grants_.store(count, std::memory_order_seq_cst);
    if (sender_waits_.load(std::memory_order_seq_cst)) sender_->ring();
  }

  [[nodiscard]] bool wait_for_grant(bool waits) override {
    sender_waits_.store(waits, std::memory_order_seq_cst);
    return waits && grants_.load(std::memory_order_seq_cst) != taken_;
  }

  [[nodiscard]] bool take_grant(flow::grant& out) override {
    const std::uint64_t count = grants_.load(std::memory_order_acquire);
    if (count == taken_) return false;
    taken_ = count;
    out = {id_,
           attempt_,
           up_to_.load(std::memory_order_relaxed),
           max_events_.load(std::memory_order_relaxed),
           timestamp{duration{watermark_.load(std::memory_order_relaxed)}},
           nullptr};
    for (flow::body_ptr b; returned_.pop(b);) {
      b->next = std::move(out.returned);
      out.returned = std::move(b);
    }
    return true;
  }

private:
  flow::channel_id id_;
  flow::attempt_id attempt_;
  spsc_ring<flow::frame> frames_;
  spsc_ring<flow::body_ptr> returned_;
  std::atomic<std::uint64_t> grants_{0};  ///< Counts them; the others are of the newest.
  std::atomic<std::uint64_t> up_to_{0};
  std::atomic<std::uint32_t> max_events_{0};
  std::atomic<duration::rep> watermark_{min_timestamp.time_since_epoch().count()};
  std::atomic<bool> sender_waits_{false};
  std::uint64_t taken_ = 0;  ///< The sender's: the grant it took last.
  std::shared_ptr<doorbell> sender_;
  std::shared_ptr<doorbell> receiver_;
};

}  // namespace weir::actors

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/credit_window.hpp"
#include "weir/flow/effects.hpp"
#include "weir/flow/frame.hpp"
#include "weir/flow/watermark_merge.hpp"

#include <boost/circular_buffer.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace weir::flow {

/// Where a channel ends: the input port of the stage it feeds.
struct input_channel {
  channel_id id = 0;
  std::uint16_t port = 0;
  bool timed = true;   ///< Its watermark counts; else nobody waits for it.
  std::string from{};  ///< The sending stage, for people.
  std::uint32_t from_instance = 0;
};

/// The receiving ends of all of a stage's channels: queues frames as they arrive, merges progress,
/// aligns barriers, and says whose turn it is. Bound: the credit window a channel.
///
/// Of the channels with frames the one that is furthest behind in event time goes first, since
/// the others' events would wait for its, in state; of those that are equally far, frames go in the
/// order of their arrival. A channel without event time goes before any frame that came after its.
/// No channel is passed over for ever. But one whose barrier has come waits for the barriers of the
/// others (Chandy and Lamport's snapshot with aligned markers).
class inbox {
public:
  enum class verdict_on_frame : std::uint8_t {
    queued,
    refused,  ///< Of another attempt, or of no channel of ours: count it, and go on.
    broken,   ///< A gap, a repeat or more than was granted: the channel can't be trusted any more.
  };

  /// A frame to work on, and the channel it came from.
  struct turn {
    std::size_t channel = 0;  ///< Index into the channels given to the constructor.
    std::uint16_t port = 0;
    flow::frame frame;
  };

  /// A channel is passed over so many times in a row, and once more for each other channel that has
  /// been so, at most.
  static constexpr std::uint64_t at_most_passed = 64;

  inbox(const std::vector<input_channel>& channels, attempt_id attempt, credit_settings credits,
        timestamp watermark, bool aligns = true);

  /// Appends the first grant of every channel.
  void open(effects& out);
  verdict_on_frame accept(frame&& f);

  /// Takes the next frame whose channel may go on. Linear in the number of channels.
  [[nodiscard]] std::optional<turn> next();
  /// Notes that the frame of `t` has been worked off, and grants more when a step of the window is
  /// reached. `spent` covers work and waits for output since `next()`.
  void worked_off(turn& t, std::size_t events, std::chrono::nanoseconds spent, effects& out);

  /// Notes progress that came with a frame of channel `i`.
  void update(std::size_t i, progress p) { merge_.update(i, p); }
  /// Notes that the sender of channel `i` wants a grant when the merged watermark has come to `t`.
  void tell_at(std::size_t i, timestamp t) {
    channels_[i].tell_at = t;
    first_tell_ = std::min(first_tell_, t);
  }
  /// Grants to those whose time has come. Constant time where there are none.
  void tell_waiting(effects& out);
  void activate(std::size_t i) { merge_.activate(i); }
  void end(std::size_t i);
  [[nodiscard]] const progress& merged() const noexcept { return merge_.merged(); }
  /// The channel that the merged watermark waits for; none if no active one holds it.
  [[nodiscard]] std::optional<std::size_t> holder() const { return merge_.holder(); }

  /// Notes a barrier of channel `i`; true when every channel has brought it. A newer barrier
  /// cancels the alignment of an older one; an older one is ignored.
  /// Until then the channels that have brought it wait, unless the inbox was told not to align:
  /// then what comes behind it is part of the snapshot, and comes again when that is restored.
  [[nodiscard]] bool align(std::size_t i, barrier b);
  /// Gives up on `b` and the barriers before it: channels that wait go on, and what comes of them
  /// is ignored. Without this a channel could wait for ever: for a barrier that a stage before us
  /// cancelled for a newer one, which is held up behind that very channel.
  void abandon(barrier b);
  /// Lets the channels go on that waited for the others.
  void release();
  /// Whether a barrier is queued, or waits for those of other channels. Takes time for each frame
  /// queued.
  [[nodiscard]] bool barrier_waits() const noexcept;
  /// Whether nothing but barriers can come next: they are all that the channels still lack.
  [[nodiscard]] bool barrier_is_next() const noexcept;
  [[nodiscard]] bool aligning() const noexcept { return aligning_.has_value(); }

  [[nodiscard]] bool all_ended() const noexcept {
    return ended_ == channels_.size() && !channels_.empty();
  }
  /// Whether all channels but one have ended.
  [[nodiscard]] bool one_is_left() const noexcept { return ended_ + 1 == channels_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return channels_.size(); }
  [[nodiscard]] std::size_t frames_queued() const noexcept { return queued_; }
  /// Events of channel `i` that have been taken by the stage; what was sent beyond is lost if the
  /// stage fails.
  [[nodiscard]] std::uint64_t events_taken(std::size_t i) const noexcept {
    return channels_[i].events_taken;
  }
  [[nodiscard]] channel_id id(std::size_t i) const noexcept { return channels_[i].at.id; }

private:
  struct queued_frame {
    flow::frame frame;
    std::uint64_t arrival = 0;  ///< They are counted.
  };
  struct channel {
    input_channel at;
    boost::circular_buffer<queued_frame> queue;  ///< As large as the window.
    std::uint64_t next_sequence = 0;
    std::uint64_t worked = 0;
    std::uint64_t granted = 0;
    std::uint64_t events_taken = 0;
    std::uint64_t first_since = 0;  ///< The turn at which its first frame became that.
    bool aligned = false;
    timestamp tell_at = max_timestamp;
    body_ptr returned;
  };

  [[nodiscard]] std::optional<std::size_t> index_of(channel_id id) const noexcept;
  [[nodiscard]] const channel* whose_turn() const noexcept;
  void send_grant(channel& c, effects& out);

  std::vector<channel> channels_;
  channel_id lowest_id_ = 0;
  bool dense_ = false;  ///< Ids are consecutive, so that an id gives its index.
  attempt_id attempt_;
  credit_window window_;
  watermark_merge merge_;
  std::uint64_t arrived_ = 0;
  std::uint64_t turns_ = 0;
  std::size_t queued_ = 0;
  bool aligns_;
  std::optional<barrier> aligning_;
  std::uint64_t oldest_wanted_ = 0;  ///< Barriers with a smaller id are ignored.
  std::size_t barriers_seen_ = 0;
  timestamp first_tell_ = max_timestamp;  ///< At or before the earliest `tell_at`.
  std::size_t ended_ = 0;
};

}  // namespace weir::flow

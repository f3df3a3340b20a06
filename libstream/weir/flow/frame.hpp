// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"
#include "weir/core/clock.hpp"
#include "weir/core/time.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstdint>

namespace weir::flow {

using channel_id = std::uint32_t;
/// Counts the restarts of a region; a frame of another attempt is refused.
using attempt_id = std::uint32_t;

/// The contents of a data frame, whatever its event type. Shared by the consumers of a broadcast; a
/// consumer that finds itself the only owner may move the events out.
class frame_body : public boost::intrusive_ref_counter<frame_body, boost::thread_safe_counter> {
public:
  frame_body() = default;
  frame_body(const frame_body&) = delete;
  frame_body& operator=(const frame_body&) = delete;
  virtual ~frame_body() = default;

  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  /// Drops the events and keeps the memory, so that the body can be filled again.
  virtual void recycle() noexcept = 0;
  /// Appends the events in the binary codec; called only when a channel leaves the process.
  virtual void encode(bytes& out) const = 0;

  boost::intrusive_ptr<frame_body> next;  ///< Links bodies on their way back to their sender.
};

using body_ptr = boost::intrusive_ptr<frame_body>;

enum class frame_kind : std::uint8_t {
  data,       ///< Carries a body.
  watermark,  ///< Carries progress alone.
  barrier,    ///< Separates what is in a checkpoint from what is not.
  end,        ///< No more data; barriers still pass.
};

/// What a checkpoint is taken for.
enum class checkpoint_kind : std::uint8_t {
  checkpoint,  ///< To recover from a failure.
  savepoint,   ///< On a user's request; kept until deleted.
  final,       ///< The last one, after every source has ended.
};

struct barrier {
  std::uint64_t id = 0;
  checkpoint_kind kind = checkpoint_kind::checkpoint;
  bool keeps_state = true;  ///< False in a run without a store: only sinks have to do something.

  friend bool operator==(const barrier&, const barrier&) = default;
};

/// How far a channel or an operator has come in event time.
struct progress {
  timestamp watermark = min_timestamp;  ///< No more event with a timestamp at or before this.
  bool idle = false;  ///< Nothing is expected for now: do not wait for this input.

  friend bool operator==(const progress&, const progress&) = default;
};

/// What a channel carries. Moves; the body is never copied between local stages.
struct frame {
  channel_id channel = 0;
  attempt_id attempt = 0;
  std::uint64_t sequence = 0;  ///< Counts the frames of the channel from 0, without gaps.
  frame_kind kind = frame_kind::data;
  flow::progress progress;      ///< Holds after the frame's events.
  flow::barrier barrier;        ///< Set on a barrier.
  steady_time earliest_read{};  ///< When the oldest event behind this frame was read by its source.
  body_ptr body;                ///< Set on data.
  timestamp tell_at = max_timestamp;  ///< Grant at once when the receiver's watermark is this far.
};

/// The receiver's permission to send, absolute so that a repeat is harmless.
struct grant {
  channel_id channel = 0;
  attempt_id attempt = 0;
  std::uint64_t up_to = 0;       ///< Frames with a smaller sequence number may be sent,
  std::uint32_t max_events = 0;  ///< each with at most so many events.
  timestamp receiver_watermark =
      min_timestamp;  ///< The receiver's merged watermark, for aligning splits.
  body_ptr returned;  ///< Emptied bodies, linked by `next`.
};

}  // namespace weir::flow

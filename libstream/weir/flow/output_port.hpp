// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/out_channel.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::flow {

/// How large a frame may grow; the receiver's grant may ask for less.
struct batch_limits {
  std::uint32_t events = 1024;
  std::size_t bytes = 64 * 1024;  ///< Strings and vectors counted; a larger event travels alone.
};

/// An output of a stage without its event type: what the stage's state machine needs to know of it.
class output_port {
public:
  output_port() = default;
  output_port(const output_port&) = delete;
  output_port& operator=(const output_port&) = delete;
  virtual ~output_port() = default;

  /// Whether some channel holds all it may: bring no event until a grant has come.
  [[nodiscard]] bool full() const noexcept { return stuck_ != 0; }

  /// Names the buffer that sends go to, and when the oldest event behind what is emitted now was
  /// read.
  void begin_step(effects& out) noexcept { effects_ = &out; }
  void set_earliest(steady_time at) noexcept { earliest_ = at; }
  /// Names the ports whose lanes lead to the same stage instances as those of this one, in the same
  /// order. When a batch gets full, what they have for its receiver is sent before it, so that of
  /// two inputs of a stage the one with few events doesn't come long after the other.
  void goes_with(std::vector<output_port*> others) { others_ = std::move(others); }

  virtual void on_grant(const grant& g) = 0;
  virtual void set_progress(progress p) = 0;
  virtual void set_tell_at(timestamp t) = 0;
  virtual void send_barrier(barrier b) = 0;
  virtual void send_end() = 0;
  /// Sends open batches and unannounced progress, as far as credit goes.
  virtual void flush() = 0;
  /// Sends the lane's open batch, if credit lets it.
  /// @pre the port knows the step's buffer, and is not being written to
  virtual void flush_lane(std::size_t lane_index) = 0;
  /// Whether a grant would let events, progress, a barrier or the end go that are held back now.
  [[nodiscard]] virtual bool waits_for_credit() const noexcept = 0;
  /// Events emitted and not sent; they are lost when the stage fails.
  [[nodiscard]] virtual std::size_t events_held() const noexcept = 0;
  [[nodiscard]] virtual const std::vector<out_channel>& channels() const noexcept = 0;

protected:
  std::vector<output_port*> others_;
  effects* effects_ = nullptr;
  steady_time earliest_{};
  std::uint32_t stuck_ = 0;  ///< Lanes that hold a full batch or a control frame without credit.
};

}  // namespace weir::flow

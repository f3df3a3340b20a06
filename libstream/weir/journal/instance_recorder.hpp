// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/stage.hpp"
#include "weir/journal/digest.hpp"
#include "weir/journal/recording.hpp"
#include "weir/journal/tape.hpp"

#include <memory>
#include <utility>

namespace weir::journal {

/// Records one stage instance: told by its shell of what it takes, before it does, and of what came
/// of it. Belongs to the thread of its stage.
class instance_recorder {
public:
  instance_recorder(std::shared_ptr<tape> on, std::shared_ptr<entry_sink> to,
                    std::uint32_t instance)
      : tape_(std::move(on)), to_(std::move(to)), instance_(instance) {}

  /// The instance has been made.
  void made();
  /// A message that comes alone: an entry begins.
  void begin(const flow::message& m);
  /// What lies in the channels.
  void taken(const flow::grant& g);
  void taken(const flow::frame& f);
  /// All has been taken, and a step begins.
  void begin_step();
  /// Ends the entry.
  void end(const flow::effects& e, flow::verdict v = flow::verdict::done);

private:
  std::shared_ptr<tape> tape_;
  std::shared_ptr<entry_sink> to_;
  std::uint32_t instance_;
  std::uint64_t number_ = 0;
  bool on_ = true;
  bytes scratch_;
};

/// Messages on a tape. A frame is told by its channel alone: its sender sends it again.
void note_message(const tape& on, const flow::message& m);
/// Reads what follows a mark of a message other than a frame.
[[nodiscard]] flow::message noted_message(const tape& from, mark m, flow::attempt_id attempt);

}  // namespace weir::journal

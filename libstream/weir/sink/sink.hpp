// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"
#include "weir/core/result.hpp"
#include "weir/core/time.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace weir {

/// How much of a batch a sink has taken.
struct written {
  std::size_t events =
      0;  ///< From the front; fewer than offered means that the next one failed or must wait.
  std::optional<error>
      failure;  ///< Why the event behind them failed; without it the sink has no room for now.
};

/// What a sink's instance finds when it begins.
enum class sink_start : std::uint8_t {
  fresh,     ///< Nothing: what was written and not committed comes again, or is of an earlier run.
  goes_on,   ///< What earlier attempts wrote stands: a restart without a checkpoint.
  restored,  ///< A checkpoint: it is committed before the first `write`, and what is behind it
             ///< comes again.
};

/// Which of a sink's instances this is.
struct sink_instance {
  std::string id;  ///< The sink's operator id.
  std::uint32_t instance = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t attempt = 0;
  std::function<void()> wake;  ///< Safe to call from any thread: there is room again.
  /// Unset: `fresh` for attempt 0, else `goes_on`; but `restored` once a commit comes first.
  std::optional<sink_start> start;
  std::string pipeline;  ///< The pipeline's name.
  /// From the beginning of one checkpoint to that of the next; unset if none is taken.
  std::optional<duration> checkpoint_interval;
};

/// Writes events to the world, in two phases so that a checkpoint can decide. Exactly once takes:
/// - At a barrier `pre_commit` makes what was written since the one before durable, not visible.
///   What it answers, the committable, is part of the checkpoint.
/// - `commit` comes once that is complete and durable. It is idempotent, possible for a writer made
///   anew from the committable alone, and repeated by a restart if it fails.
/// - A writer made for a restored checkpoint is first given the committables of that checkpoint, of
///   any instance if the parallelism has changed, and then events. With the first of these it gives
///   up (aborts) what earlier writers of its instance left and no committable named.
/// - The work of a checkpoint that fails while the run goes on is committed with the next one: its
///   input is not read again.
/// - A writer is destroyed before the one of the next attempt is made. One whose process was killed
///   may still have work under way elsewhere, which a later `sink_instance::attempt` has to fence.
/// Called from one thread at a time.
template <class T>
class sink_writer {
public:
  virtual ~sink_writer() = default;

  virtual written write(std::span<const T> events, std::span<const timestamp> times) = 0;
  /// A write costs much the same however many events it is given, as a round trip to a server does:
  /// it is given all that are at hand, even if it was slow.
  [[nodiscard]] virtual bool takes_whole_batches() const { return false; }
  /// Hands over what was given to `write` as soon as possible; called when no more is at hand for
  /// now.
  virtual result<void> flush() { return {}; }
  /// Makes all that was written since the last call durable but not visible, and says how to make
  /// it visible later; no bytes say that there is nothing to commit.
  virtual result<bytes> pre_commit(std::uint64_t checkpoint) = 0;
  virtual result<void> commit(std::span<const std::byte> committable) = 0;
};

/// What `stream::to` takes: a copyable description from which each instance's writer is made.
template <class S, class T>
concept sink_of = std::copy_constructible<S> && requires(const S& s, const sink_instance& at) {
  { s.template make_writer<T>(at) } -> std::convertible_to<std::unique_ptr<sink_writer<T>>>;
  { s.kind() } -> std::convertible_to<std::string>;
  { s.blocking() } -> std::convertible_to<bool>;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/sink/sink.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace weir {

/// Writes events to a system that answers later. Several batches may be under way at a time, so
/// that none waits for the answer to another; a checkpoint, and the stream's end, wait for all.
/// Made with `sink_instance::wake`, which it calls when answers have come. Otherwise it is called
/// from one thread at a time. For systems that are idempotent by key, or repeat: there is nothing
/// to commit.
template <class T>
class answered_writer {
public:
  virtual ~answered_writer() = default;

  /// Begins to write a batch behind those under way. Its events stay where they are until they have
  /// been settled.
  virtual void begin(std::span<const T> events) = 0;
  /// Says how the oldest batch has gone, from where the last call left it: how many events are
  /// written, and why the next one failed; fewer without a failure: the rest has no answer yet. A
  /// batch that is settled to its end is forgotten. @pre a batch is under way
  virtual written settle() = 0;
  /// What is to become of the event that `settle` said has failed: it is tried once more, or has
  /// been dealt with. Called before `settle` is again.
  virtual void try_again() = 0;
  virtual void pass_over() = 0;
  /// Whether answers have come that `settle` has not seen. Does not throw.
  [[nodiscard]] virtual bool has_answers() const = 0;
  /// How many batches may be under way; always the same.
  [[nodiscard]] virtual std::size_t most_under_way() const noexcept = 0;
};

/// A sink whose instances' writers are answered.
template <class S, class T>
concept answered_sink_of = std::copy_constructible<S> &&
    requires(const S& s, const sink_instance& at) {
  {
    s.template make_answered_writer<T>(at)
    } -> std::convertible_to<std::unique_ptr<answered_writer<T>>>;
  { s.kind() } -> std::convertible_to<std::string>;
  { s.blocking() } -> std::convertible_to<bool>;
};

/// What `stream::to` takes.
template <class S, class T>
concept any_sink_of = sink_of<S, T> || answered_sink_of<S, T>;

}  // namespace weir

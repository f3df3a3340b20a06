// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/journal/taped_written.hpp"

#include <memory>
#include <utility>

namespace weir::journal {

/// A sink's writer on a tape: notes what the real one answers, or answers what was noted and writes
/// nothing.
template <class T>
class taped_writer final : public sink_writer<T> {
public:
  /// @pre `real` is null if, and only if, the tape repeats
  taped_writer(std::unique_ptr<sink_writer<T>> real, std::shared_ptr<tape> on)
      : real_(std::move(real)), tape_(std::move(on)) {}

  written write(std::span<const T> events, std::span<const timestamp> times) override {
    if (tape_->repeats()) return noted_written(*tape_, mark::written);
    written done = noting(*tape_, [&] { return real_->write(events, times); });
    note_written(*tape_, mark::written, done);
    return done;
  }
  [[nodiscard]] bool takes_whole_batches() const override {
    if (tape_->repeats()) return tape_->expect(mark::takes_whole), tape_->template read<bool>();
    const bool whole = real_->takes_whole_batches();
    encode(whole, tape_->note(mark::takes_whole));
    return whole;
  }
  result<void> flush() override {
    return on_tape(mark::flushed, [&] { return real_->flush(); });
  }
  result<bytes> pre_commit(std::uint64_t checkpoint) override {
    if (tape_->repeats()) {
      if (auto done = noted_result(*tape_, mark::prepared); !done) return done.error();
      return tape_->template read<bytes>();
    }
    auto prepared = noting(*tape_, [&] { return real_->pre_commit(checkpoint); });
    note_result(*tape_, mark::prepared, prepared ? result<void>{} : prepared.error());
    if (prepared) encode(*prepared, tape_->entry());
    return prepared;
  }
  result<void> commit(std::span<const std::byte> committable) override {
    return on_tape(mark::committed, [&] { return real_->commit(committable); });
  }

private:
  template <class Ask>
  result<void> on_tape(mark m, Ask ask) {
    if (tape_->repeats()) return noted_result(*tape_, m);
    result<void> done = noting(*tape_, ask);
    note_result(*tape_, m, done);
    return done;
  }

  std::unique_ptr<sink_writer<T>> real_;
  std::shared_ptr<tape> tape_;
};

}  // namespace weir::journal

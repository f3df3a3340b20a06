// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/journal/taped_written.hpp"
#include "weir/sink/answered_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace weir::journal {

/// The writer of a sink that is answered later, on a tape: notes what the real one says of its
/// batches, and when; or says what was noted and writes nothing.
template <class T>
class taped_answered_writer final : public answered_writer<T> {
public:
  /// @pre `real` is null if, and only if, the tape repeats
  taped_answered_writer(std::unique_ptr<answered_writer<T>> real, std::shared_ptr<tape> on)
      : real_(std::move(real)), tape_(std::move(on)), most_(ask_most()) {}

  void begin(std::span<const T> events) override {
    on_tape(mark::begun, [&] { real_->begin(events); });
  }
  written settle() override {
    if (tape_->repeats()) return noted_written(*tape_, mark::settled);
    written done = noting(*tape_, [&] { return real_->settle(); });
    note_written(*tape_, mark::settled, done);
    return done;
  }
  void try_again() override {
    on_tape(mark::tried_again, [&] { real_->try_again(); });
  }
  void pass_over() override {
    on_tape(mark::passed_over, [&] { real_->pass_over(); });
  }
  [[nodiscard]] bool has_answers() const override {
    if (tape_->repeats()) return tape_->expect(mark::has_answers), tape_->template read<bool>();
    const bool some = real_->has_answers();
    encode(some, tape_->note(mark::has_answers));
    return some;
  }
  [[nodiscard]] std::size_t most_under_way() const noexcept override { return most_; }

private:
  template <class Do>
  void on_tape(mark m, Do what) {
    if (tape_->repeats()) return tape_->expect(m), void();
    noting(*tape_, what);
    tape_->note(m);
  }
  /// Asked once: it is compared outside of steps, too.
  [[nodiscard]] std::size_t ask_most() const {
    std::uint64_t most = 0;
    if (!tape_->repeats())
      write_number(most = real_->most_under_way(), tape_->note(mark::under_way));
    else if (!read_number(tape_->expect(mark::under_way), most))
      tape::damaged();
    return most;
  }

  std::unique_ptr<answered_writer<T>> real_;
  std::shared_ptr<tape> tape_;
  std::size_t most_;
};

}  // namespace weir::journal

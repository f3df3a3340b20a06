// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/clock.hpp"
#include "weir/core/result.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace weir::journal {

/// What stands on a tape, one after the other: what a stage instance took, and what it was told
/// when it asked its clocks, its reader or its writer.
enum class mark : std::uint8_t {
  made = 1,  ///< The instance was made.
  frame,
  grant,
  completion,
  command,
  step,
  wall,
  steady,
  polled,
  next_poll,
  closed,
  takes_whole,
  written,
  flushed,
  prepared,
  committed,
  threw = 18,  ///< 17 was in use once.
  digest,      ///< What the entry came to; an entry's last one.
  // Of sinks that are answered later.
  under_way,
  begun,
  settled,
  has_answers,
  tried_again,
  passed_over,
};
/// The mark's name, as people read it.
[[nodiscard]] std::string to_string(mark m);

/// The recording of one stage instance, made entry by entry: while it runs, answers come from the
/// world and are noted; while it is repeated, they come from the tape. It is the instance's clock,
/// too. Belongs to the thread of its stage.
class tape final : public clock {
public:
  /// Records what this clock says.
  explicit tape(const clock& real) : real_(&real) {}
  /// Repeats.
  tape() = default;

  [[nodiscard]] bool repeats() const noexcept { return real_ == nullptr; }
  /// The clock behind it. @pre !repeats()
  [[nodiscard]] const clock& real() const noexcept { return *real_; }

  // Recording.

  /// Adds a mark, and answers where what belongs to it is appended.
  bytes& note(mark m) const {
    entry_.push_back(static_cast<std::byte>(m));
    return entry_;
  }
  /// What was noted since the last entry.
  [[nodiscard]] bytes& entry() const noexcept { return entry_; }

  // Repeating. All throw `weir::exception` where the tape does not go on so.

  void load(bytes entry) {
    entry_ = std::move(entry);
    left_ = byte_reader{entry_};
  }
  /// Passes over a mark, and answers where what belongs to it is read. Where an exception was noted
  /// instead, throws that.
  byte_reader& expect(mark m) const;
  /// Passes over a mark, whichever it is.
  mark take_mark() const;
  [[nodiscard]] byte_reader& left() const noexcept { return left_; }
  /// While it stands still the clocks show what they showed last.
  void stand_still(bool still) noexcept { still_ = still; }
  /// Says that what is read does not decode.
  [[noreturn]] static void damaged();
  template <class V>
  V read() const {
    V value{};
    if (!decode(left_, value)) damaged();
    return value;
  }

  [[nodiscard]] timestamp wall() const override;
  [[nodiscard]] steady_time steady() const override;

private:
  std::int64_t reading(mark m, std::int64_t now, std::int64_t& last) const;

  const clock* real_ = nullptr;
  bool still_ = false;
  mutable bytes entry_;
  mutable byte_reader left_{{}};
  mutable std::int64_t last_wall_ = 0;
  mutable std::int64_t last_steady_ = 0;
};

/// Numbers in 7 bits a byte, the lowest first.
void write_number(std::uint64_t n, bytes& out);
[[nodiscard]] bool read_number(byte_reader& in, std::uint64_t& n);

void note_thrown(const tape& on, const error& why);
/// @pre the mark `threw` was taken
[[noreturn]] void throw_noted(const tape& from);
/// Calls `ask`, and notes what it throws.
template <class Ask>
auto noting(const tape& on, Ask ask) {
  try {
    return ask();
  } catch (const exception& e) {
    note_thrown(on, e.why());
    throw;
  } catch (const std::exception& e) {
    note_thrown(on, {errc::stage_failed, e.what()});
    throw;
  }
}

/// A result that may be an error, on the tape.
void note_result(const tape& on, mark m, const result<void>& r);
[[nodiscard]] result<void> noted_result(const tape& from, mark m);

}  // namespace weir::journal

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// One of the late events that nobody takes, as people read it.
struct late_note {
  std::string at_operator;
  std::string event;  ///< As JSON; empty if the event's type has none.
  timestamp at;
  timestamp watermark;  ///< By which it was late.
};

/// The newest few late events of a stage instance, at most one a second of wall-clock time. The
/// instance writes, any thread reads; a mutex, because a note is more than a number and is taken so
/// seldom.
class late_sample {
public:
  static constexpr std::size_t capacity = 8;

  /// Whether another note may be taken. For the instance.
  [[nodiscard]] bool due(timestamp now) const noexcept { return now >= next_; }
  void add(late_note note, timestamp now) {
    next_ = saturating_add(now, std::chrono::seconds{1});
    const std::lock_guard lock{mutex_};
    if (notes_.size() < capacity) notes_.resize(notes_.size() + 1);
    for (std::size_t i = notes_.size() - 1; i != 0; --i) notes_[i] = std::move(notes_[i - 1]);
    notes_.front() = std::move(note);
    ++taken_;
  }

  /// Returns the notes, newest first.
  [[nodiscard]] std::vector<late_note> notes() const {
    const std::lock_guard lock{mutex_};
    return notes_;
  }

  /// Returns the newest note, if one has been taken since `taken` notes had been; sets `taken`.
  [[nodiscard]] std::optional<late_note> newer(std::uint64_t& taken) const {
    const std::lock_guard lock{mutex_};
    if (std::exchange(taken, taken_) == taken_) return std::nullopt;
    return notes_.front();
  }

private:
  timestamp next_ = min_timestamp;
  mutable std::mutex mutex_;
  std::vector<late_note> notes_;
  std::uint64_t taken_ = 0;  ///< In all.
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"
#include "weir/core/time.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace weir {

/// By which clock a row of a cold store is forgotten, if it is.
enum class row_expiry : std::uint8_t { never, event_time, processing_time };

/// Writes a row of a cold store: until when it is kept, and columns, each a number and bytes.
/// Numbers are those of the host: a cold store does not move to another kind of machine.
class row_writer {
public:
  explicit row_writer(bytes& to) : to_(&to) {
    to.assign(head, std::byte{0});
    to.front() = std::byte{static_cast<std::uint8_t>(row_expiry::never)};
  }

  /// Begins a column; what is appended to the answer is in it.
  bytes& begin(std::uint8_t column) {
    end();
    to_->push_back(std::byte{column});
    to_->resize(to_->size() + sizeof(std::uint32_t));
    open_ = to_->size();
    return *to_;
  }
  /// Ends the last column.
  void end() {
    if (!open_) return;
    const auto size = static_cast<std::uint32_t>(to_->size() - *open_);
    std::memcpy(to_->data() + *open_ - sizeof size, &size, sizeof size);
    open_.reset();
  }
  void keep_until(row_expiry by, timestamp until) {
    const std::int64_t micros = until.time_since_epoch().count();
    to_->front() = std::byte{static_cast<std::uint8_t>(by)};
    std::memcpy(to_->data() + 1, &micros, sizeof micros);
  }
  /// Whether there is no column.
  [[nodiscard]] bool empty() const noexcept { return to_->size() == head; }

  static constexpr std::size_t head = 1 + sizeof(std::int64_t);

private:
  bytes* to_;
  std::optional<std::size_t> open_;
};

/// Calls `f(column, data)`, which answers whether it can read that, for each column of a row; false
/// if one can't be read.
template <class F>
[[nodiscard]] bool each_column(std::span<const std::byte> row, F f) {
  byte_reader in{row};
  std::span<const std::byte> skipped;
  if (!in.view(row_writer::head, skipped)) return false;
  while (in.remaining() != 0) {
    std::uint8_t column = 0;
    std::uint32_t size = 0;
    std::span<const std::byte> data;
    if (!in.read(&column, sizeof column) || !in.read(&size, sizeof size) || !in.view(size, data) ||
        !f(column, data))
      return false;
  }
  return true;
}

/// Whether a row may be forgotten at those times.
[[nodiscard]] inline bool row_is_over(std::span<const std::byte> row, timestamp watermark,
                                      timestamp wall) {
  if (row.size() < row_writer::head) return false;
  const auto by = static_cast<row_expiry>(row.front());
  if (by == row_expiry::never) return false;
  std::int64_t until = 0;
  std::memcpy(&until, row.data() + 1, sizeof until);
  const timestamp now = by == row_expiry::event_time ? watermark : wall;
  return timestamp{duration{until}} <= now;
}

}  // namespace weir

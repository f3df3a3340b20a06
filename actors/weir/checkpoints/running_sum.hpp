// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace weir::checkpoints {

/// A file's length and the XXH3-64 of its bytes.
struct file_sum {
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;

  friend bool operator==(const file_sum&, const file_sum&) = default;
};

/// Sums up bytes that come piece by piece.
class running_sum {
public:
  running_sum();
  running_sum(running_sum&&) noexcept;
  running_sum& operator=(running_sum&&) noexcept;
  ~running_sum();

  void add(const void* from, std::size_t n);
  [[nodiscard]] file_sum sum() const;

private:
  struct state;
  std::unique_ptr<state> state_;
  std::uint64_t size_ = 0;
};

}  // namespace weir::checkpoints

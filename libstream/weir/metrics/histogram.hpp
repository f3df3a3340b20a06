// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <limits>

namespace weir {

/// Counts values by magnitude with a relative error of at most 1/32. One thread writes, any thread
/// reads; a reader sees each bucket at some recent moment. Log-linear buckets as in HdrHistogram
/// (Tene). Constant time to record, 15 KiB.
class histogram {
public:
  static constexpr unsigned sub_bits = 5;
  static constexpr std::size_t buckets = (64 - sub_bits + 1) << sub_bits;

  void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    auto& c = counts_[index(value)];
    c.store(c.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
  }

  void add(const histogram& other) noexcept {
    for (std::size_t i = 0; i < buckets; ++i)
      counts_[i].store(counts_[i].load(std::memory_order_relaxed) +
                           other.counts_[i].load(std::memory_order_relaxed),
                       std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t count() const noexcept {
    std::uint64_t n = 0;
    for (const auto& c : counts_) n += c.load(std::memory_order_relaxed);
    return n;
  }

  /// Returns the highest value of the bucket that holds the share `q` (0 to 1) of what was
  /// recorded; 0 if nothing was.
  [[nodiscard]] std::uint64_t quantile(double q) const noexcept {
    const std::uint64_t n = count();
    if (n == 0) return 0;
    auto left = static_cast<std::uint64_t>(q * static_cast<double>(n - 1)) + 1;
    for (std::size_t i = 0; i < buckets; ++i) {
      const std::uint64_t here = counts_[i].load(std::memory_order_relaxed);
      if (here >= left) return upper(i);
      left -= here;
    }
    return upper(buckets - 1);
  }

private:
  static std::size_t index(std::uint64_t v) noexcept {
    if (v < (1U << sub_bits)) return static_cast<std::size_t>(v);
    const unsigned shift = static_cast<unsigned>(std::bit_width(v)) - sub_bits - 1;
    return (static_cast<std::size_t>(shift + 1) << sub_bits) +
           static_cast<std::size_t>((v >> shift) & ((1U << sub_bits) - 1));
  }

  static std::uint64_t upper(std::size_t i) noexcept {
    const std::size_t row = i >> sub_bits;
    if (row == 0) return i;
    const std::uint64_t low = ((1ULL << sub_bits) | (i & ((1U << sub_bits) - 1))) << (row - 1);
    return low + ((1ULL << (row - 1)) - 1);
  }

  std::array<std::atomic<std::uint64_t>, buckets> counts_{};
};

}  // namespace weir

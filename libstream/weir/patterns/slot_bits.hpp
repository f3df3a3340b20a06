// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::patterns {

/// A bit for each rule of each key's slot.
class slot_bits {
public:
  /// Makes room for so many bits in each slot.
  void widen(std::size_t bits) {
    const std::size_t words = (bits + 63) / 64;
    if (words <= words_) return;
    std::vector<std::uint64_t> wider(slots() * words);
    for (std::size_t s = 0; s < slots(); ++s)
      std::copy_n(bits_.begin() + at(s, 0), words_, wider.begin() + static_cast<long>(s * words));
    bits_ = std::move(wider);
    words_ = words;
  }
  void set(std::uint32_t slot, std::size_t n, bool on) {
    if (slot >= slots()) {
      if (!on) return;
      bits_.resize(std::max<std::size_t>(slot + 1, 2 * slots()) * words_);
    }
    const std::uint64_t bit = std::uint64_t{1} << n % 64;
    std::uint64_t& word = bits_[slot * words_ + n / 64];
    word = on ? word | bit : word & ~bit;
  }
  [[nodiscard]] bool test(std::uint32_t slot, std::size_t n) const {
    return slot < slots() && (bits_[slot * words_ + n / 64] >> n % 64 & 1) != 0;
  }
  [[nodiscard]] bool any(std::uint32_t slot) const {
    if (slot >= slots()) return false;
    return std::any_of(bits_.begin() + at(slot, 0), bits_.begin() + at(slot, words_),
                       [](std::uint64_t w) { return w != 0; });
  }
  /// Calls `f(n)` for each bit of a slot.
  template <class F>
  void each(std::uint32_t slot, F f) const {
    if (slot >= slots()) return;
    for (std::size_t w = 0; w < words_; ++w)
      for (std::uint64_t left = bits_[slot * words_ + w]; left != 0; left &= left - 1)
        f(w * 64 + static_cast<std::size_t>(std::countr_zero(left)));
  }
  /// ... that is also in `mask`.
  template <class F>
  void each_common(std::uint32_t slot, const std::vector<std::uint64_t>& mask, F f) const {
    if (slot >= slots()) return;
    for (std::size_t w = 0; w < std::min(words_, mask.size()); ++w)
      for (std::uint64_t left = bits_[slot * words_ + w] & mask[w]; left != 0; left &= left - 1)
        f(w * 64 + static_cast<std::size_t>(std::countr_zero(left)));
  }
  /// Takes a bit out of every slot; those behind it move up.
  void erase(std::size_t n) {
    const std::uint64_t below = (std::uint64_t{1} << n % 64) - 1;
    for (std::size_t s = 0; s < slots(); ++s) {
      std::uint64_t* words = bits_.data() + s * words_;
      for (std::size_t w = n / 64; w < words_; ++w) {
        const std::uint64_t moved = words[w] >> 1 | (w + 1 < words_ ? words[w + 1] << 63 : 0);
        words[w] = w == n / 64 ? (words[w] & below) | (moved & ~below) : moved;
      }
    }
  }
  void clear() { bits_.clear(); }

private:
  [[nodiscard]] std::size_t slots() const noexcept {
    return words_ == 0 ? 0 : bits_.size() / words_;
  }
  [[nodiscard]] std::ptrdiff_t at(std::size_t slot, std::size_t word) const {
    return static_cast<std::ptrdiff_t>(slot * words_ + word);
  }

  std::vector<std::uint64_t> bits_;
  std::size_t words_ = 0;
};

}  // namespace weir::patterns

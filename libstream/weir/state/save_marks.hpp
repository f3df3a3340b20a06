// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir {

/// Which entries of a part of a table a save has written: a bit for each place of the array they
/// lie in, numbered from an entry in the middle of it. Nothing of an earlier save counts, so no
/// part is touched when one begins.
class save_marks {
public:
  [[nodiscard]] bool has_all(std::uint64_t save) const noexcept { return save_ == save && all_; }
  void set_all(std::uint64_t save) noexcept {
    save_ = save;
    all_ = true;
    bits_ = {};
  }

  /// Notes that an entry is written, of an array of `places`; answers whether it was before.
  template <class Entry>
  bool set(std::uint64_t save, const Entry* entry, std::size_t places) {
    if (save_ != save) {
      bits_.assign(2 * places / 64 + 1, 0);
      save_ = save;
      all_ = false;
      middle_ = entry;
    }
    if (all_) return true;
    const auto bit = static_cast<std::size_t>(
        (entry - static_cast<const Entry*>(middle_)) + static_cast<std::ptrdiff_t>(places));
    std::uint64_t& word = bits_[bit / 64];
    const std::uint64_t before = word;
    word |= std::uint64_t{1} << bit % 64;
    return word == before;
  }

private:
  std::uint64_t save_ = 0;
  bool all_ = false;
  const void* middle_ = nullptr;
  std::vector<std::uint64_t> bits_;
};

}  // namespace weir

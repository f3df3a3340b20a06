// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace weir {

/// Which entries of an open-addressing table a save has written: a bit for each place of the array
/// they lie in, numbered from the entry that was marked first, wherever that is. Nothing of an
/// earlier save counts.
class save_marks {
public:
  /// All entries are written, or are no part of the save.
  void set_all(std::uint64_t save) noexcept {
    save_ = save;
    all_ = true;
    bits_ = {};
  }
  /// Those that lie before `first` are no part of the save.
  void begin_at(std::uint64_t save, const void* first) noexcept {
    save_ = save;
    all_ = false;
    first_ = first;
    bits_ = {};
  }

  /// Notes that an entry is written, of an array of `places`; answers whether it was before.
  template <class Entry>
  bool set(std::uint64_t save, const Entry& entry, std::size_t places) {
    if (save_ != save) begin_at(save, nullptr);
    if (all_ || std::less<const void*>{}(&entry, first_)) return true;
    if (bits_.empty()) {
      bits_.resize(2 * places / 64 + 1);
      zero_ = &entry;
    }
    const auto bit = static_cast<std::size_t>((&entry - static_cast<const Entry*>(zero_)) +
                                              static_cast<std::ptrdiff_t>(places));
    std::uint64_t& word = bits_[bit / 64];
    const std::uint64_t before = word;
    word |= std::uint64_t{1} << bit % 64;
    return word == before;
  }

private:
  std::uint64_t save_ = 0;  ///< What the rest is of.
  bool all_ = false;
  const void* first_ = nullptr;
  const void* zero_ = nullptr;
  std::vector<std::uint64_t> bits_;
};

}  // namespace weir

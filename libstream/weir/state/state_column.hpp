// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace weir {

/// A value a slot, in pages of 256: pages are what a snapshot copies.
template <class V>
class state_column {
public:
  state_column() = default;
  state_column(state_column&&) noexcept = default;
  state_column& operator=(state_column&&) noexcept = default;
  ~state_column() = default;
  state_column(const state_column& other) {
    for (const auto& page : other.pages_)
      pages_.push_back(page ? std::make_unique<page_cells>(*page) : nullptr);
  }
  state_column& operator=(const state_column& other) { return *this = state_column{other}; }

  [[nodiscard]] const V* find(std::uint32_t slot) const {
    const std::size_t page = slot / page_size;
    if (page >= pages_.size() || !pages_[page]) return nullptr;
    const auto& cell = (*pages_[page])[slot % page_size];
    return cell ? &*cell : nullptr;
  }
  [[nodiscard]] std::optional<V>& cell(std::uint32_t slot) {
    const std::size_t page = slot / page_size;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (!pages_[page]) pages_[page] = std::make_unique<page_cells>();
    return (*pages_[page])[slot % page_size];
  }
  /// A hint that the slot's value will be used soon.
  void fetch(std::uint32_t slot) const {
    const std::size_t page = slot / page_size;
    if (page < pages_.size() && pages_[page]) prefetch_line(&(*pages_[page])[slot % page_size]);
  }
  void erase(std::uint32_t slot) {
    if (find(slot) != nullptr) cell(slot).reset();
  }

private:
  static constexpr std::size_t page_size = 256;
  using page_cells = std::array<std::optional<V>, page_size>;
  std::vector<std::unique_ptr<page_cells>> pages_;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace weir {

/// Makes a block of plain memory larger, or a new one of none (null, 0), and returns where it is
/// now. A large one is a mapping of its own, so that growing moves pages and copies nothing (on
/// Linux); memory that is touched for the first time costs more than what is then done with it.
/// Throws `std::bad_alloc`, and leaves the block as it is.
[[nodiscard]] void* enlarge_block(void* at, std::size_t bytes, std::size_t wanted);
void free_block(void* at, std::size_t bytes) noexcept;

}  // namespace weir

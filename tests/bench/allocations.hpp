// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace weir::bench {

/// Returns how often `operator new` was called in this process, by any thread.
std::uint64_t allocations_so_far() noexcept;

}  // namespace weir::bench

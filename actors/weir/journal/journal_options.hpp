// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace weir {

/// A journal of a run: what is needed to repeat it exactly, step by step.
struct journal_options {
  std::string directory;                    ///< Empty for no journal.
  std::uint64_t max_bytes = 1ULL << 30;     ///< Of all its files; older recordings go first.
  std::uint64_t segment_bytes = 16U << 20;  ///< When a further file is begun.
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace weir {

/// A hint that what lies there will be used soon.
inline void prefetch_line(const void* at) noexcept {
  __builtin_prefetch(at);
  // Else GCC takes a function of such hints for one without effects, and leaves out its calls.
  asm volatile("");
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdlib>

namespace weir::test {

/// How often a long test goes round: `n` times, or a tenth of it where a sanitizer slows it down.
/// All of it there, too, if WEIR_LONG is set, as `./dev test --long` does.
inline int rounds(int n) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  const char* all = std::getenv("WEIR_LONG");
  return all != nullptr && *all != '\0' ? n : n / 10;
#else
  return n;
#endif
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/memory_watch.hpp"

#include <malloc.h>
#include <unistd.h>
#include <fstream>

namespace weir {

std::optional<std::uint64_t> resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  if (!(in >> all >> resident)) return std::nullopt;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void return_free_memory() { malloc_trim(0); }

}  // namespace weir

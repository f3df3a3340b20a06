// SPDX-License-Identifier: BSD-3-Clause
#include "weir/core/block.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace weir {

namespace {

#ifdef __linux__
bool is_mapped(std::size_t bytes) {
  constexpr std::size_t large = std::size_t{1} << 20;
  return bytes >= large;
}
void* map(std::size_t bytes) {
  return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
/// Such arrays live long and are read all over: large pages mean fewer faults and TLB misses.
void ask_for_large_pages(void* at, std::size_t bytes) {
  constexpr std::size_t worth_it = std::size_t{8} << 20;  // at most a quarter of it is spare
  if (bytes >= worth_it) ::madvise(at, bytes, MADV_HUGEPAGE);
}
#endif

}  // namespace

void* enlarge_block(void* at, std::size_t bytes, std::size_t wanted) {
#ifdef __linux__
  if (is_mapped(wanted)) {
    void* made = is_mapped(bytes) ? ::mremap(at, bytes, wanted, MREMAP_MAYMOVE) : map(wanted);
    if (made == MAP_FAILED) throw std::bad_alloc{};
    ask_for_large_pages(made, wanted);
    if (is_mapped(bytes)) return made;
    if (bytes != 0) std::memcpy(made, at, bytes);
    std::free(at);
    return made;
  }
#endif
  void* made = std::realloc(at, wanted);
  if (made == nullptr) throw std::bad_alloc{};
  return made;
}

void free_block(void* at, std::size_t bytes) noexcept {
#ifdef __linux__
  if (is_mapped(bytes)) return static_cast<void>(::munmap(at, bytes));
#endif
  std::free(at);
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/core/block.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace weir {

namespace {

#ifdef __linux__
constexpr std::size_t large_page = std::size_t{2} << 20U;
/// Of that size on, an array is in large pages: it lives long and is read all over, and they mean
/// fewer faults and TLB misses. At most a quarter of it is spare.
constexpr std::size_t worth_large_pages = std::size_t{8} << 20U;

bool is_mapped(std::size_t bytes) {
  constexpr std::size_t large = std::size_t{1} << 20;
  return bytes >= large;
}
void* map(std::size_t bytes) {
  void* const at =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc{};
  return at;
}
/// Maps whole large pages. Where they are is the same in all of them, so that the kernel can move
/// them as they are; else it would split them.
char* map_large_pages(std::size_t bytes) {
  char* const at = static_cast<char*>(map(bytes + large_page));
  const std::size_t before =
      (large_page - reinterpret_cast<std::uintptr_t>(at) % large_page) % large_page;
  if (before != 0) ::munmap(at, before);
  if (before != large_page) ::munmap(at + before + bytes, large_page - before);
  ::madvise(at + before, bytes, MADV_HUGEPAGE);
  return at + before;
}
std::size_t in_large_pages(std::size_t bytes) {
  return (bytes + large_page - 1) / large_page * large_page;
}

/// Enlarges a block that is in large pages.
void* enlarge_large_pages(void* at, std::size_t bytes, std::size_t wanted) {
  if (bytes == wanted || ::mremap(at, bytes, wanted, 0) != MAP_FAILED) {
    ::madvise(at, wanted, MADV_HUGEPAGE);
    return at;
  }
  char* const made = map_large_pages(wanted);
  if (::mremap(at, bytes, wanted, MREMAP_MAYMOVE | MREMAP_FIXED, made) != MAP_FAILED) {
    ::madvise(made, wanted, MADV_HUGEPAGE);
    return made;
  }
  ::munmap(made, wanted);
  throw std::bad_alloc{};
}
void* enlarge_mapping(void* at, std::size_t bytes, std::size_t wanted) {
  if (bytes >= worth_large_pages)
    return enlarge_large_pages(at, in_large_pages(bytes), in_large_pages(wanted));
  if (wanted < worth_large_pages && is_mapped(bytes)) {
    void* const made = ::mremap(at, bytes, wanted, MREMAP_MAYMOVE);
    if (made == MAP_FAILED) throw std::bad_alloc{};
    return made;
  }
  void* const made =
      wanted < worth_large_pages ? map(wanted) : map_large_pages(in_large_pages(wanted));
  if (bytes != 0) std::memcpy(made, at, bytes);
  free_block(at, bytes);
  return made;
}
#endif

}  // namespace

void* enlarge_block(void* at, std::size_t bytes, std::size_t wanted) {
#ifdef __linux__
  if (is_mapped(wanted)) return enlarge_mapping(at, bytes, wanted);
#endif
  void* made = std::realloc(at, wanted);
  if (made == nullptr) throw std::bad_alloc{};
  return made;
}

void free_block(void* at, std::size_t bytes) noexcept {
#ifdef __linux__
  if (bytes >= worth_large_pages) return static_cast<void>(::munmap(at, in_large_pages(bytes)));
  if (is_mapped(bytes)) return static_cast<void>(::munmap(at, bytes));
#endif
  std::free(at);
}

}  // namespace weir

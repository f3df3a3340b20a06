// SPDX-License-Identifier: BSD-3-Clause
#include "weir/event/text_ref.hpp"

#include "weir/core/error.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

namespace weir {

namespace {

std::atomic<std::size_t> held{0};
std::atomic<std::size_t> most_held{std::size_t{1} << 30};

/// A part of the pool: texts in blocks that are never moved or freed.
class part {
public:
  const char* find_or_add(std::string_view characters) {
    std::lock_guard lock{mutex_};
    const auto at = known_.find(characters);
    if (at != known_.end()) return at->data();
    if (!reserve(characters.size())) return nullptr;
    char* copy = room_for(characters.size());
    std::memcpy(copy, characters.data(), characters.size());
    known_.emplace(copy, characters.size());
    return copy;
  }

private:
  static constexpr std::size_t block_size = std::size_t{64} * 1024;

  static bool reserve(std::size_t n) {
    if (held.fetch_add(n, std::memory_order_relaxed) + n <=
        most_held.load(std::memory_order_relaxed))
      return true;
    held.fetch_sub(n, std::memory_order_relaxed);
    return false;
  }

  char* room_for(std::size_t n) {
    if (n > left_) {
      const std::size_t size = std::max(n, block_size);
      blocks_.push_back(std::make_unique<char[]>(size));
      if (n > block_size / 4) return blocks_.back().get();  // goes on with the block before
      next_ = blocks_.back().get();
      left_ = size;
    }
    left_ -= n;
    return std::exchange(next_, next_ + n);
  }

  std::mutex mutex_;
  boost::unordered_flat_set<std::string_view> known_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

/// Never destroyed: a text may be looked at until the process is gone.
std::array<part, 16>& parts() {
  static auto* all = new std::array<part, 16>;
  return *all;
}

}  // namespace

const char* text_pool::find_or_add(std::string_view characters) {
  if (characters.empty()) return "";
  if (characters.size() > std::numeric_limits<std::uint32_t>::max()) return nullptr;
  const std::size_t hash = std::hash<std::string_view>{}(characters);
  return parts()[hash % parts().size()].find_or_add(characters);
}

std::size_t text_pool::size() noexcept { return held.load(std::memory_order_relaxed); }
std::size_t text_pool::limit() noexcept { return most_held.load(std::memory_order_relaxed); }
void text_pool::set_limit(std::size_t most) noexcept {
  most_held.store(most, std::memory_order_relaxed);
}

bool text_ref::try_assign(std::string_view characters) {
  const char* kept = text_pool::find_or_add(characters);
  if (kept == nullptr) return false;
  *this = {kept, static_cast<std::uint32_t>(characters.size())};
  return true;
}

text_ref& text_ref::assign(std::string_view characters) {
  if (!try_assign(characters))
    throw exception({errc::invalid_argument,
                     "text_ref: a text of " + std::to_string(characters.size()) +
                         " bytes has no room in the pool of texts that are kept for good, which "
                         "may hold " +
                         std::to_string(text_pool::limit()) +
                         "; use std::string for texts that rarely repeat, or raise the limit with "
                         "text_pool::set_limit()"});
  return *this;
}

}  // namespace weir

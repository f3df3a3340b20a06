// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir {

/// The most frequent keys of a stream with a fixed number of counters: Space-Saving (Metwally,
/// Agrawal and El Abbadi: efficient computation of frequent and top-k elements in data streams,
/// 2005). A key without a counter takes over the lowest one. So of each key that has a counter the
/// true weight is between `count - error` and `count`, and each key of a weight above
/// total / counters has one. Linear time in the counters.
template <class K>
class space_saving {
public:
  struct entry {
    K key{};
    std::uint64_t count = 0;
    std::uint64_t error = 0;
  };

  /// @pre counters > 0
  explicit space_saving(std::size_t counters) {
    hashes_.reserve(counters);
    entries_.reserve(counters);
  }

  /// Adds weight to a key; `hash` must be the same for equal keys.
  void add(const K& key, std::uint64_t hash, std::uint64_t weight) {
    total_ += weight;
    for (std::size_t i = 0; i < hashes_.size(); ++i)
      if (hashes_[i] == hash && entries_[i].key == key) {
        entries_[i].count += weight;
        return;
      }
    if (entries_.size() < entries_.capacity()) {
      hashes_.push_back(hash);
      entries_.push_back({key, weight, 0});
      return;
    }
    const auto lowest =
        std::min_element(entries_.begin(), entries_.end(),
                         [](const entry& a, const entry& b) { return a.count < b.count; });
    hashes_[static_cast<std::size_t>(lowest - entries_.begin())] = hash;
    *lowest = {key, lowest->count + weight, lowest->count};
  }

  /// Halves all weights, so that what comes counts more than what was.
  void age() {
    for (entry& e : entries_) {
      e.count /= 2;
      e.error = (e.error + 1) / 2;  // must not promise more than was there
    }
    total_ /= 2;
  }

  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }

private:
  std::vector<std::uint64_t> hashes_;
  std::vector<entry> entries_;
  std::uint64_t total_ = 0;
};

}  // namespace weir

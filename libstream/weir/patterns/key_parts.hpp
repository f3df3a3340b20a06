// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/codec/key_hash.hpp"
#include "weir/operators/process_context.hpp"
#include "weir/state/key_groups.hpp"
#include "weir/state/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::patterns {

/// State by key group, or as one item where there is no key; each entry begins with its key.
template <class K>
class key_parts {
public:
  explicit key_parts(std::uint32_t groups) : parts_(std::is_same_v<K, no_key> ? 1 : groups) {}
  /// Begins an entry, and returns where the rest of it is appended.
  bytes& begin(const K& key) {
    std::size_t group = 0;
    if constexpr (!std::is_same_v<K, no_key>)
      group = group_of_hash(key_hash(key), static_cast<std::uint32_t>(parts_.size()));
    bytes& part = parts_[group];
    encode(key, part);
    return part;
  }
  void write(snapshot_writer& to, std::string_view state) {
    for (std::size_t g = 0; g < parts_.size(); ++g) {
      if (parts_[g].empty()) continue;
      if constexpr (std::is_same_v<K, no_key>)
        to.item(state, std::move(parts_[g]));
      else
        to.keyed(state, static_cast<key_group>(g), std::move(parts_[g]));
    }
  }

private:
  std::vector<bytes> parts_;
};

}  // namespace weir::patterns

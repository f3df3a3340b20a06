// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/operators/process_context.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/snapshot.hpp"

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace weir::operators {

/// What an operator writes of one of its states: by key group, as `keyed_parts` does, or as one
/// item where there is no key. Each entry begins with its key.
template <class K>
class key_parts {
  static constexpr bool keyed = !std::is_same_v<K, no_key>;

public:
  key_parts(const snapshot_writer& to, std::string state, std::uint32_t groups)
      : state_(std::move(state)), parts_(to, keyed ? groups : 0) {}

  /// Begins an entry, and returns where the rest of it is appended.
  bytes& begin(const K& key) {
    if constexpr (keyed) return parts_.begin(key);
    encode(key, item_);
    return item_;
  }
  /// Writes what there is; unless it is `all`, only what nothing is added to any more.
  void hand_on(snapshot_writer& to, bool all) {
    parts_.hand_on(to, state_, all);
    if (all && !item_.empty()) to.item(state_, std::move(item_));
  }

private:
  std::string state_;
  keyed_parts<K> parts_;
  bytes item_;  ///< Where there is no key.
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/error.hpp"
#include "weir/state/snapshot.hpp"

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

/// How much of a state was saved.
struct state_size {
  std::string operator_id;
  std::string state;
  std::size_t parts = 0;  ///< Of keyed state: key groups that have some.
  std::size_t bytes = 0;

  friend bool operator==(const state_size&, const state_size&) = default;
};

/// Lists the states in a snapshot, by operator and name.
[[nodiscard]] std::vector<state_size> state_sizes(std::span<const snapshot_part> saved);

/// Reads a state that a `process` operator keeps by key: `V` is the value of a `value_state`, a
/// vector of a `list_state`'s elements, or the map of a `map_state`. Throws `weir::exception` if
/// the state is not made of keys of `K` and values of `V`.
template <class K, class V>
[[nodiscard]] std::map<K, V> keyed_state_in(std::span<const snapshot_part> saved,
                                            std::string_view operator_id, std::string_view state) {
  std::map<K, V> all;
  snapshot_reader from{saved};
  from.bind(operator_id);
  from.each(state, [&](key_group, std::span<const std::byte> data) {
    byte_reader in{data};
    while (in.remaining() != 0) {
      K key{};
      V value{};
      if (!decode(in, key) || !decode(in, value))
        throw exception({errc::decode_failed,
                         "state '" + std::string{state} + "' of '" + std::string{operator_id} +
                             "' has other keys or values than were asked for"});
      all.insert_or_assign(std::move(key), std::move(value));
    }
  });
  return all;
}

}  // namespace weir::test

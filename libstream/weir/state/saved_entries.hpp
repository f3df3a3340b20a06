// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/error.hpp"
#include "weir/state/saved_form.hpp"
#include "weir/state/snapshot.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// Pieces of a saved state whose entries are a key and a value, read into a table by `put(key,
/// value)`. If that has `reserve(entries)`, it is told first how many come, and if it has
/// `fetch(key)` which come soon.
///
/// Pieces of all key groups are read by turns: a table wrote each in the order of its own memory,
/// so a new one meets its memory in order, too, whatever the groups.
template <class K, class V>
class saved_entries {
public:
  saved_entries(std::string_view state, const saved_form& form) : state_(state), form_(&form) {}

  void add(key_group group, byte_reader piece) {
    if (piece.remaining() != 0) pieces_[group].push_back(piece);
  }

  /// Throws `weir::exception` if an entry does not decode.
  template <class Table>
  void read_into(Table& to) {
    // Exactly, and before the first: entries come in the order of their hashes, and in a table that
    // is too small for all of them the first ones would want one and the same place.
    if constexpr (requires { to.reserve(std::size_t{}); }) to.reserve(count());
    turn_.resize(std::clamp<std::size_t>(turn_bytes / sizeof(std::pair<K, V>), 1, 256));
    while (!pieces_.empty()) read_turns(to);
  }

private:
  static constexpr std::size_t turn_bytes = std::size_t{64} << 10U;

  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (const auto& [group, pieces] : pieces_)
      for (const byte_reader& piece : pieces) n += count_in(piece);
    return n;
  }
  [[nodiscard]] std::size_t count_in(byte_reader piece) const {
    if constexpr (detail::is_fixed<K>() && detail::is_fixed<V>())
      if (!form_->changes())
        return piece.remaining() / std::max<std::size_t>(1, detail::size_of(std::pair<K, V>{}));
    std::size_t n = 0;
    std::pair<K, V> one;
    each(piece, SIZE_MAX, [&](byte_reader& entry) {
      ++n;
      one = {};
      return decode(entry, one);
    });
    return n;
  }

  /// Reads some of each group.
  template <class Table>
  void read_turns(Table& to) {
    for (auto at = pieces_.begin(); at != pieces_.end();) {
      auto& pieces = at->second;
      read_some(pieces.front(), to);
      if (pieces.front().remaining() == 0) pieces.pop_front();
      at = pieces.empty() ? pieces_.erase(at) : std::next(at);
    }
  }
  template <class Table>
  void read_some(byte_reader& from, Table& to) {
    std::size_t n = 0;
    each(from, turn_.size(), [&](byte_reader& entry) {
      turn_[n] = {};
      return decode(entry, turn_[n++]);
    });
    // What is not in order is fetched from memory meanwhile, several at a time.
    if constexpr (requires { to.fetch(turn_[0].first); })
      for (std::size_t i = 0; i < n; ++i) to.fetch(turn_[i].first);
    for (std::size_t i = 0; i < n; ++i) to.put(turn_[i].first, std::move(turn_[i].second));
  }

  template <class Read>
  void each(byte_reader& from, std::size_t most, Read read) const {
    if (!form_->each_entry(from, read, most))
      throw exception({errc::incompatible,
                       "state '" + std::string{state_} + "': a saved entry does not decode"});
  }

  std::string_view state_;
  const saved_form* form_;
  std::map<key_group, std::deque<byte_reader>> pieces_;
  std::vector<std::pair<K, V>> turn_;  ///< What is read at a time.
};

}  // namespace weir

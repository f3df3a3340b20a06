// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/error.hpp"
#include "weir/state/saved_form.hpp"
#include "weir/state/snapshot.hpp"

#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// Pieces of a saved state whose entries are a key and a value, read into a table that has
/// `reserve(entries)`, `fetch(key)`, a hint that the key comes soon, and `put(key, value)`.
///
/// Pieces of all key groups are read by turns: a table wrote each in the order of its own memory,
/// so a new one meets its memory in order, too, whatever the groups.
template <class K, class V>
class saved_entries {
public:
  saved_entries(std::string_view state, const saved_form& form) : state_(state), form_(&form) {}

  void add(key_group group, byte_reader piece) {
    if (piece.remaining() == 0) return;
    left_ += piece.remaining();
    pieces_[group].push_back(piece);
  }

  /// Throws `weir::exception` if an entry does not decode.
  template <class Table>
  void read_into(Table& to) {
    const std::size_t all = left_;
    const std::size_t first = read_turns(to);
    // How long the first ones of each group are, the others probably are, too.
    if (left_ != 0) to.reserve(first + first * left_ / (all - left_));
    while (left_ != 0) read_turns(to);
  }

private:
  /// Reads some of each group, and returns how many.
  template <class Table>
  std::size_t read_turns(Table& to) {
    std::size_t n = 0;
    for (auto at = pieces_.begin(); at != pieces_.end();) {
      auto& pieces = at->second;
      n += read_some(pieces.front(), to);
      if (pieces.front().remaining() == 0) pieces.pop_front();
      at = pieces.empty() ? pieces_.erase(at) : std::next(at);
    }
    return n;
  }
  template <class Table>
  std::size_t read_some(byte_reader& from, Table& to) {
    const std::size_t before = from.remaining();
    std::size_t n = 0;
    const auto read = [&](byte_reader& entry) {
      auto& [key, value] = turn_[n++];
      return decode(entry, key) && decode(entry, value);
    };
    if (!form_->each_entry(from, read, turn_.size()))
      throw exception(
          {errc::incompatible, "state '" + std::string{state_} + "': a saved entry does not decode"});
    left_ -= before - from.remaining();
    // What is not in order is fetched from memory meanwhile, several at a time.
    for (std::size_t i = 0; i < n; ++i) to.fetch(turn_[i].first);
    for (std::size_t i = 0; i < n; ++i) to.put(turn_[i].first, std::move(turn_[i].second));
    return n;
  }

  std::string_view state_;
  const saved_form* form_;
  std::map<key_group, std::deque<byte_reader>> pieces_;
  std::size_t left_ = 0;  ///< Bytes of them.
  std::vector<std::pair<K, V>> turn_ = std::vector<std::pair<K, V>>(256);  ///< Read at a time.
};

}  // namespace weir

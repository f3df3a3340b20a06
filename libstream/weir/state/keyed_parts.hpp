// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/codec/key_hash.hpp"
#include "weir/core/error.hpp"
#include "weir/core/planted_fault.hpp"
#include "weir/core/time.hpp"
#include "weir/state/key_groups.hpp"
#include "weir/state/saved_form.hpp"
#include "weir/state/snapshot.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// Gathers what an operator writes of each key, by key group; what gets large in several pieces, so
/// that nothing large is moved when it grows.
template <class K>
class keyed_parts {
public:
  /// For `to`, which says how large pieces are; `prefix` goes before each.
  keyed_parts(const snapshot_writer& to, std::uint32_t groups,
              std::span<const std::byte> prefix = {})
      : large_(to.piece()),
        prefix_(prefix.begin(), prefix.end()),
        group_of_(std::max(groups, 1U)),
        open_(groups) {}

  /// Begins a key's entry, and returns where the rest of it is appended.
  bytes& begin(const K& key) {
    open_piece& piece = piece_of(key);
    piece.trim();
    encode(key, piece.data);
    return piece.data;
  }
  /// Adds an entry that is the key and one value.
  template <class V>
  void add(const K& key, const V& value) {
    if constexpr (detail::is_fixed<K>() && detail::is_fixed<V>()) {
      constexpr std::size_t size = detail::min_size<K>() + detail::min_size<V>();
      detail::memory_sink<false> sink{piece_of(key).take_room(size)};
      detail::write(key, sink);
      detail::write(value, sink);
    } else {
      encode(value, begin(key));
    }
  }
  /// Writes them; each is an `Entry` in the binary codec, a tuple of the key and what follows.
  template <class Entry>
  void write(snapshot_writer& to, std::string_view state) {
    static_assert(std::is_same_v<std::tuple_element_t<0, Entry>, K>);
    save_form<Entry>(to, state);
    hand_on(to, state, true);
  }
  /// ... where the form of the entries has been written; unless it is `all`, only the pieces that
  /// nothing is added to any more.
  void hand_on(snapshot_writer& to, std::string_view state, bool all) {
    for (auto& [group, piece] : full_) to.keyed(state, group, std::move(piece));
    full_.clear();
    if (!all) return;
    for (std::size_t g = 0; g < open_.size(); ++g)
      if (bytes piece = open_[g].take(); !piece.empty())
        to.keyed(state, static_cast<key_group>(g), std::move(piece));
  }

private:
  /// A piece, and how many bytes at its end are room for what comes: vectors zero what they grow
  /// by, which is cheap for many entries at once and not for each.
  struct open_piece {
    bytes data;
    std::size_t room = 0;

    [[nodiscard]] std::size_t size() const noexcept { return data.size() - room; }
    void trim() {
      if (room != 0) data.resize(data.size() - std::exchange(room, 0));
    }
    std::byte* take_room(std::size_t n) {
      if (room < n) [[unlikely]]
        make_room(n);
      std::byte* const at = data.data() + size();
      room -= n;
      return at;
    }
    bytes take() {
      trim();
      return std::exchange(data, {});
    }

  private:
    [[gnu::noinline]] void make_room(std::size_t n) {
      const std::size_t more = std::max(n, std::clamp<std::size_t>(data.size(), 256, 4096));
      data.resize(data.size() + more);
      room += more;
    }
  };

  open_piece& piece_of(const K& key) {
    const std::uint32_t group = group_of_(key_hash(key));
    open_piece& piece = open_[group];
    if (piece.size() >= large_) [[unlikely]] {
      full_.emplace_back(static_cast<key_group>(group), piece.take());
      piece.data.reserve(large_ + large_ / 8);
    }
    if (piece.size() == 0) [[unlikely]]
      piece.data.insert(piece.data.begin(), prefix_.begin(), prefix_.end());
    return piece;
  }

  std::size_t large_;
  bytes prefix_;
  key_grouper group_of_;
  std::vector<open_piece> open_;  ///< The last piece of each group.
  std::vector<std::pair<key_group, bytes>> full_;
};

/// Calls `load(key, in)` for each entry that `keyed_parts` wrote, in the form of `Entry` whatever
/// form it was saved in; throws `weir::exception` if that can't be, if one does not decode or if
/// `load` answers false.
template <class Entry, class Load>
void read_keyed_parts(const snapshot_reader& from, std::string_view state, Load load) {
  const saved_form form = form_of_entry<Entry>(from, state);
  const auto read = [&](byte_reader& in) {
    std::tuple_element_t<0, Entry> key{};
    return decode(in, key) && load(std::move(key), in);
  };
  from.each(state, [&](key_group, std::span<const std::byte> data) {
    byte_reader in{data};
    if (!form.each_entry(in, read))
      throw exception({errc::incompatible,
                       "state '" + std::string{state} + "': a saved entry does not decode"});
  });
}

namespace detail {
template <class... Tuple>
using joined_tuple = decltype(std::tuple_cat(std::declval<Tuple>()...));
}  // namespace detail

/// Saves a time that all instances share, under a name.
inline void save_time(snapshot_writer& to, std::string_view state, timestamp t) {
  bytes data;
  encode(t, data);
  to.item(state, std::move(data), state_kind::union_list);
}
/// Returns the lowest that was saved, or `min_timestamp` if there is none.
[[nodiscard]] inline timestamp saved_time(const snapshot_reader& from, std::string_view state) {
  std::optional<timestamp> lowest;
  from.each(state, [&](key_group, std::span<const std::byte> data) {
    byte_reader in{data};
    timestamp t;
    if (decode(in, t)) lowest = std::min(lowest.value_or(t), t);
  });
  return lowest.value_or(min_timestamp);
}

/// Saves how far an operator's watermark has come.
inline void save_watermark(snapshot_writer& to, timestamp watermark) {
  if (!planted(fault::watermark_not_saved)) save_time(to, "@watermark", watermark);
}
[[nodiscard]] inline timestamp saved_watermark(const snapshot_reader& from) {
  return saved_time(from, "@watermark");
}

}  // namespace weir

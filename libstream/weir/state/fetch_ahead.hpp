// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/table_hash.hpp"
#include "weir/event/batch.hpp"
#include "weir/state/key_index.hpp"
#include "weir/state/keyed_slots.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace weir {

/// Hashes of the keys of events that come next, by their numbers in a batch: each is made once, and
/// wanted several times. Or slots, once they are known. One that is not of its event does no harm:
/// all that follows is hints.
class coming_hashes {
public:
  static constexpr std::size_t most_ahead = 32;  ///< Events whose hashes it holds at a time.

  [[nodiscard]] std::uint32_t& operator[](std::size_t event) noexcept {
    return hashes_[event % most_ahead];
  }

private:
  std::array<std::uint32_t, most_ahead> hashes_{};
};

/// Calls for what the events behind number `i` of a batch will need, so that it is on its way from
/// memory while those before them are dealt with: the table's cell of the 18th, the slot of the
/// 12th, and with `rows(value)` what the value of the 6th leads to. `key_of(n)` gives event n's
/// key, and is called once more for each event. Only for keys that cost next to nothing to make; a
/// key function that throws does so again when it is the event's turn.
template <class K, class V, class KeyOf, class Rows>
void fetch_ahead([[maybe_unused]] const keyed_slots<K, V>& slots,
                 [[maybe_unused]] coming_hashes& hashes, [[maybe_unused]] std::size_t events,
                 [[maybe_unused]] std::size_t i, [[maybe_unused]] KeyOf key_of,
                 [[maybe_unused]] Rows rows) noexcept {
  if constexpr (std::is_trivially_copyable_v<K>) {
    try {
      if (i + 18 < events) hashes[i + 18] = slots.fetch_cell(key_of(i + 18));
      if (i + 12 < events) slots.fetch_slot(hashes[i + 12]);
      if (i + 6 >= events) return;
      if (const V* value = slots.guess(hashes[i + 6])) rows(*value);
    } catch (...) {
      return;
    }
  }
}

/// ... of a `key_index`, whose slots are those of arrays beside it: `near(slot)` calls for what the
/// slot of the 12th leads to. Only where the key is a member: other functions may cost anything.
template <class K, class T, class KeyOf, class Near>
void fetch_ahead([[maybe_unused]] const key_index<K>& keys, [[maybe_unused]] const batch<T>& events,
                 [[maybe_unused]] std::size_t i, [[maybe_unused]] const KeyOf& key_of,
                 [[maybe_unused]] Near near) noexcept {
  if constexpr (std::is_trivially_copyable_v<K> && std::is_member_object_pointer_v<KeyOf>) {
    try {
      if (i + 18 < events.size()) keys.fetch_cell(events.values[i + 18].*key_of);
      if (i + 12 >= events.size()) return;
      const auto slot = keys.fetch_slot(slot_hash(events.values[i + 12].*key_of));
      if (slot != key_index<K>::none) near(slot);
    } catch (...) {  // of a codec
      return;
    }
  }
}

}  // namespace weir

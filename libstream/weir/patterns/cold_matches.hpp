// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/patterns/cold_dues.hpp"
#include "weir/patterns/matcher_snapshot.hpp"
#include "weir/state/entry_index.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir::patterns {

/// What one pattern remembers of keys, over a cold store: all of a key is in memory, or nothing but
/// what it is due for.
template <class K, class T>
class cold_matches {
public:
  /// An entry, as it is saved.
  using entry = typename matcher_snapshot<T>::template saved<K>;

  /// Opens `keys`, the slots of the matcher's keys. @pre The matcher has seen nothing.
  cold_matches(entry_index<K>& keys, matcher<T>& of, cold_store& store,
               std::string_view operator_id, std::uint32_t groups, std::string state)
      : keys_(keys), of_(of), mover_(of) {
    of.keys_may_leave();
    keys.open(&store, operator_id, groups, std::move(state),
              of.store().slot_bytes() + cold_dues::slot_bytes, calls());
  }
  cold_matches(const cold_matches&) = delete;
  cold_matches& operator=(const cold_matches&) = delete;
  ~cold_matches() = default;

  /// To be called after a key was used, and whether what is remembered of it has changed: it leaves
  /// if that is nothing.
  void used(std::uint32_t slot, bool changed) {
    if (of_.idle(slot)) {
      dues_.forget(slot);
      return keys_.leave(slot);
    }
    dues_.note(slot, of_.deadline_of(slot));
    if (changed) keys_.changed(slot);
  }

  [[nodiscard]] timestamp next_deadline() { return dues_.next_deadline(); }
  /// Brings a key into memory whose deadline is not after `t`; false if there is none.
  [[nodiscard]] bool bring_due(timestamp t, std::uint32_t& slot) {
    keys_.settle();
    while (dues_.take(t, slot)) {
      if (!keys_.holds_key(slot)) continue;  // it has left since
      keys_.touch(slot);
      if (of_.deadline_of(slot) <= t) return true;
      used(slot, false);  // it was noted for something that is over
      keys_.settle();
    }
    return false;
  }

  /// Time of the earliest match that waits, but for those in memory.
  [[nodiscard]] timestamp earliest_waiting() const { return dues_.earliest_waiting(); }
  /// Brings a key into memory that has matches that wait elsewhere, if there is one.
  void bring_waiting() {
    keys_.settle();
    if (const std::uint32_t slot = dues_.some_waiting(); slot != nowhere) keys_.touch(slot);
  }

  void save(snapshot_writer& to) {
    keys_.template save<entry>(to);
    keys_.template save_due<cold_dues::saved>(to, [this](std::uint32_t slot) {
      cold_dues::saved due = dues_.of(slot);
      due.second = std::min(due.second, of_.waiting().earliest(slot));
      return due;
    });
    bytes number;
    encode(of_.next_number(), number);
    to.item(event_number, std::move(number), state_kind::union_list);
  }

  /// Takes what the store has, in the form of this program, and what its keys are due for.
  void load(const snapshot_reader& from) {
    keys_.template convert_rows<entry>(from);
    keys_.template restore_due<cold_dues::saved>(
        from, [this](std::uint32_t slot, const cold_dues::saved& due) {
          dues_.note(slot, due.first);
          if (due.second != max_timestamp) dues_.wait_elsewhere(slot, due.second);
        });
    from.each(event_number, [this](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      std::uint64_t n = 0;
      if (!decode(in, n))
        throw exception({errc::incompatible, "state '@event number' does not decode"});
      of_.number_from(n);
    });
  }
  /// Whether the store has anything. @pre Nothing is in memory.
  [[nodiscard]] bool has_rows() {
    bool any = false;
    keys_.each_elsewhere([&](byte_reader&) { any = true; });
    return any;
  }

private:
  /// Events of a key are told apart by their numbers, those in the store, too.
  static constexpr const char* event_number = "@event number";

  auto calls() {
    typename entry_index<K>::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) { mover_.save(slot, to); };
    c.load = [this](std::uint32_t slot, byte_reader& in) {
      if (!mover_.load(slot, in)) return false;
      mover_.finish(slot);
      dues_.come(slot);
      return true;
    };
    c.drop = [this](std::uint32_t slot) {
      if (of_.waiting().has(slot)) dues_.wait_elsewhere(slot, of_.waiting().earliest(slot));
      of_.clear(slot);
    };
    c.holds = [this](std::uint32_t slot) { return !of_.idle(slot); };
    c.due = [this](std::uint32_t slot) { return dues_.has(slot) || of_.waiting().has(slot); };
    c.heap_bytes = [this](std::uint32_t slot) {
      return static_cast<std::size_t>(of_.store().bytes(slot));
    };
    return c;
  }

  entry_index<K>& keys_;
  matcher<T>& of_;
  matcher_snapshot<T> mover_;
  cold_dues dues_;
};

}  // namespace weir::patterns

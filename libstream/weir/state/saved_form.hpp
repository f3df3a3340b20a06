// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/evolve.hpp"
#include "weir/core/error.hpp"
#include "weir/state/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace weir {

/// How the entries of a saved state are read by a program whose types may have changed since.
class saved_form {
public:
  /// They are as the program writes them.
  saved_form() = default;
  explicit saved_form(schema_change change) : change_(std::move(change)) {}

  [[nodiscard]] bool changes() const noexcept { return change_.has_value(); }
  /// @pre `changes()`
  [[nodiscard]] const schema& before() const noexcept { return change_->from(); }

  /// Calls `read(reader)`, which answers false if there is no entry, for each entry in `in`, or for
  /// so many of them; false if one is damaged.
  template <class Read>
  [[nodiscard]] bool each_entry(byte_reader& in, Read read, std::size_t most = SIZE_MAX) const {
    bytes entry;
    for (; in.remaining() != 0 && most != 0; --most) {
      if (!change_) {
        if (!read(in)) return false;
        continue;
      }
      entry.clear();
      if (!change_->convert(in, entry)) return false;
      byte_reader converted{entry};
      if (!read(converted) || converted.remaining() != 0) return false;
    }
    return true;
  }

private:
  std::optional<schema_change> change_;
};

inline std::string form_name(std::string_view state) { return "@form of " + std::string{state}; }

/// Notes that each entry of a state is an `Entry` in the binary codec; once a snapshot.
template <encodable Entry>
void save_form(snapshot_writer& to, std::string_view state) {
  if (!to.first_of(state)) return;
  static const bytes encoded = [] {
    bytes data;
    encode_schema(schema_of<Entry>(), data);
    return data;
  }();
  to.item(form_name(state), encoded, state_kind::union_list);
}

/// Returns the schema that was saved with a state; nothing if there is none.
[[nodiscard]] inline std::optional<schema> saved_schema(const snapshot_reader& from,
                                                        std::string_view state) {
  std::optional<schema> saved;
  from.each(form_name(state), [&](key_group, std::span<const std::byte> data) {
    byte_reader in{data};
    schema s;
    if (!saved && decode_schema(in, s)) saved = std::move(s);
  });
  return saved;
}

/// Returns how the entries of a saved state are read as `Entry`. Throws `weir::exception`, naming
/// the member, if they can't be.
template <encodable Entry>
[[nodiscard]] saved_form form_of(const snapshot_reader& from, std::string_view state) {
  std::optional<schema> saved = saved_schema(from, state);
  if (!saved || fingerprint(*saved) == fingerprint<Entry>()) return {};
  auto change = change_to<Entry>(*std::move(saved));
  if (!change)
    throw exception({errc::incompatible, "state '" + std::string{state} + "' of '" +
                                             from.bound_to() +
                                             "' can't be restored: " + change.error().message});
  return saved_form{*std::move(change)};
}

/// As `form_of` for entries of a key and a value. A key can't change: its bytes say which instance
/// has it.
template <encodable K, encodable V>
[[nodiscard]] saved_form form_of_keyed(const snapshot_reader& from, std::string_view state) {
  saved_form form = form_of<std::pair<K, V>>(from, state);
  if (form.changes() && fingerprint(form.before().fields[0].type) != fingerprint<K>())
    throw exception(
        {errc::incompatible, "state '" + std::string{state} + "' of '" + from.bound_to() +
                                 "' can't be restored: the type of its key has changed"});
  return form;
}

/// As `form_of` for entries that are a tuple, of which the first element is the key; it can't
/// change. A checkpoint of 0.1 may know the form of the key alone: then the rest is read as it is
/// now.
template <encodable Entry>
[[nodiscard]] saved_form form_of_entry(const snapshot_reader& from, std::string_view state) {
  std::optional<schema> saved = saved_schema(from, state);
  if (!saved) return {};
  using key = std::tuple_element_t<0, Entry>;
  if (saved->fields.empty() || fingerprint(saved->fields[0].type) != fingerprint<key>())
    throw exception(
        {errc::incompatible, "state '" + std::string{state} + "' of '" + from.bound_to() +
                                 "' can't be restored: the type of its key has changed"});
  return saved->fields.size() == 1 ? saved_form{} : form_of<Entry>(from, state);
}

/// Returns what the bytes behind an entry's key are in today's form.
template <encodable K>
[[nodiscard]] bytes convert_column(const saved_form& form, std::string_view state,
                                   std::span<const std::byte> key,
                                   std::span<const std::byte> data) {
  bytes entry{key.begin(), key.end()};
  entry.insert(entry.end(), data.begin(), data.end());
  byte_reader in{entry};
  bytes made;
  const bool read = form.each_entry(in, [&](byte_reader& converted) {
    K same{};
    std::span<const std::byte> rest;
    if (!decode(converted, same) || !converted.view(converted.remaining(), rest)) return false;
    made.assign(rest.begin(), rest.end());
    return true;
  });
  if (!read)
    throw exception(
        {errc::incompatible, "state '" + std::string{state} + "': a saved entry does not decode"});
  return made;
}

}  // namespace weir

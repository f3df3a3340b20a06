// SPDX-License-Identifier: BSD-3-Clause
#include "weir/state/cold_store.hpp"

#include "weir/codec/binary.hpp"
#include "weir/state/cold_row.hpp"

#include <map>
#include <tuple>
#include <utility>

namespace weir {

cold_part read_cold_part(const snapshot_part& part) {
  cold_part head;
  byte_reader in{part.data};
  if (part.kind != state_kind::files || !decode(in, head))
    throw exception({errc::incompatible, "state '" + part.state + "' of '" + part.operator_id +
                                             "': its head does not decode"});
  return head;
}

namespace {

/// Operator, state and key group of a part.
using group_of_state = std::tuple<std::string, std::string, key_group>;

void add_row(std::map<group_of_state, bytes>& to, const cold_part& head, const row_name& name,
             std::span<const std::byte> row) {
  if (name.table >= head.tables.size())
    throw exception({errc::incompatible, "a saved row is of a table that is not there"});
  const saved_table& table = head.tables[name.table];
  if (table.operator_id.empty()) return;  // given up
  const bool read = each_column(row, [&](std::uint8_t column, std::span<const std::byte> data) {
    if (column >= table.columns.size()) return false;
    bytes& part = to[{table.operator_id, table.columns[column], name.group}];
    part.insert(part.end(), name.key.begin(), name.key.end());
    part.insert(part.end(), data.begin(), data.end());
    return true;
  });
  if (!read)
    throw exception({errc::incompatible, "a saved row of '" + table.operator_id + "' is damaged"});
}

}  // namespace

void give_up_rows(std::vector<snapshot_part>& parts, std::string_view operator_id) {
  for (snapshot_part& p : parts) {
    if (p.kind != state_kind::files) continue;
    cold_part head = read_cold_part(p);
    for (saved_table& t : head.tables)
      if (t.operator_id == operator_id) t.operator_id.clear();
    p.data.clear();
    encode(head, p.data);
  }
}

void expand_files(std::vector<snapshot_part>& parts, const rows_of_part& rows_of) {
  std::map<group_of_state, bytes> found;
  for (const snapshot_part& p : parts) {
    if (p.kind != state_kind::files) continue;
    const cold_part head = read_cold_part(p);
    rows_of(p, [&](const row_name& name, std::span<const std::byte> row) {
      add_row(found, head, name, row);
    });
  }
  std::erase_if(parts, [](const snapshot_part& p) { return p.kind == state_kind::files; });
  for (auto& [where, data] : found) {
    const auto& [operator_id, state, group] = where;
    parts.push_back({operator_id, state, state_kind::keyed, group, std::move(data), nullptr});
  }
}

}  // namespace weir

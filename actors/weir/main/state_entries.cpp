// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/state_entries.hpp"

#include "weir/codec/binary.hpp"
#include "weir/codec/evolve.hpp"
#include "weir/codec/json_write.hpp"
#include "weir/codec/schema_json.hpp"
#include "weir/flow/split.hpp"
#include "weir/sink/sink_segment.hpp"

#include <string_view>

namespace weir {

namespace {

constexpr std::string_view form_of = "@form of ";

/// What the library saves without a schema: one value each.
const std::map<std::string, schema, std::less<>>& known_forms() {
  static const std::map<std::string, schema, std::less<>> known = {
      {"@watermark", schema_of<timestamp>()},
      {"@split", schema_of<split_position>()},
      {"@lane", schema_of<std::pair<std::string, timestamp>>()},
      {"committable", schema_of<flow::committable>()},
  };
  return known;
}

/// Reads an entry of a key and what belongs to it.
bool take_entry(const schema& form, byte_reader& in, state_entry& out) {
  if (!append_json(form.fields[0].type, in, out.key)) return false;
  if (form.fields.size() == 2) return append_json(form.fields[1].type, in, out.value);
  for (std::size_t i = 1; i < form.fields.size(); ++i) {
    out.value += i == 1 ? '[' : ',';
    if (!append_json(form.fields[i].type, in, out.value)) return false;
  }
  out.value += ']';
  return true;
}

}  // namespace

bool is_form(const snapshot_part& p) { return p.state.starts_with(form_of); }

state_entries::state_entries(const checkpoint& of) {
  for (const operator_plan& o : of.manifest.operators) kinds_[o.id] = o.kind;
  for (const snapshot_part& p : of.parts) {
    if (!is_form(p)) continue;
    byte_reader in{p.data};
    schema form;
    if (decode_schema(in, form))
      forms_.try_emplace({p.operator_id, p.state.substr(form_of.size())}, std::move(form));
  }
}

/// A tumbling window's entries stand behind its start. A processor's states are called as it likes.
bool state_entries::has_window(const snapshot_part& p) const {
  const auto kind = kinds_.find(p.operator_id);
  return p.state == "pane" && kind != kinds_.end() && kind->second != "process";
}

bool state_entries::each(const snapshot_part& p,
                         const std::function<void(state_entry)>& take) const {
  byte_reader in{p.data};
  if (const auto known = known_forms().find(p.state); known != known_forms().end()) {
    state_entry entry;
    if (!append_json(known->second, in, entry.value) || in.remaining() != 0) return false;
    return take(std::move(entry)), true;
  }
  const auto form = forms_.find({p.operator_id, p.state});
  // A form of a key alone says nothing of the rest.
  if (form == forms_.end() || form->second.fields.size() < 2) return false;
  std::string window_start;
  if (has_window(p)) {
    timestamp start;
    if (!decode(in, start)) return false;
    window_start = to_json(start);
  }
  // A map is one value: its pairs stand behind their number.
  std::uint32_t pairs = 0;
  if (form->second.kind == type_kind::map && !decode(in, pairs)) return false;
  std::vector<state_entry> entries;
  while (in.remaining() != 0) {
    state_entry& entry = entries.emplace_back();
    entry.window_start = window_start;
    if (!take_entry(form->second, in, entry)) return false;
  }
  for (state_entry& e : entries) take(std::move(e));
  return true;
}

}  // namespace weir

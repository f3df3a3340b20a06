// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/state_command.hpp"

#include "weir/checkpoints/directory_store.hpp"
#include "weir/codec/json.hpp"
#include "weir/codec/rfc3339.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

namespace weir {

namespace {

using state_name = std::pair<std::string, std::string>;  ///< Operator and state.

struct state_size {
  std::uint64_t bytes = 0;
  std::set<key_group> groups;
  state_kind kind = state_kind::list;
};

/// A part as a line of JSON. The data are in the binary codec of the state's types, which only the
/// program itself knows.
struct exported_part {
  std::string operator_id;
  std::string state;
  std::string kind;
  std::optional<key_group> key_group_number;
  bytes data;
};
BOOST_DESCRIBE_STRUCT(exported_part, (), (operator_id, state, kind, key_group_number, data))

const char* name_of(state_kind kind) {
  return kind == state_kind::keyed ? "keyed" : kind == state_kind::list ? "list" : "union list";
}

std::map<state_name, state_size> sizes_of(const checkpoint& c) {
  std::map<state_name, state_size> sizes;
  for (const snapshot_part& p : c.parts) {
    state_size& s = sizes[{p.operator_id, p.state}];
    s.bytes += p.data.size();
    s.kind = p.kind;
    if (p.kind == state_kind::keyed) s.groups.insert(p.group);
  }
  return sizes;
}

void list(const std::string& directory) {
  auto stored = list_checkpoints(directory).value();
  for (const stored_checkpoint& s : stored) {
    const auto c = read_checkpoint(s.place);
    if (!c) {
      fmt::print("{}  DAMAGED: {}\n", s.place, c.error().message);
      continue;
    }
    std::uint64_t bytes = 0;
    for (const snapshot_part& p : c->parts) bytes += p.data.size();
    fmt::print("{}  {}  of '{}', taken at {}, {} bytes of state\n", s.place,
               to_json(c->manifest.kind), c->manifest.pipeline,
               format_rfc3339(c->manifest.taken_at), bytes);
  }
  if (stored.empty()) fmt::print("'{}' holds no checkpoint\n", directory);
}

void show(const std::string& place) {
  const checkpoint c = read_checkpoint(place).value();
  const checkpoint_manifest& m = c.manifest;
  fmt::print("pipeline '{}', {} {}, taken at {}, attempt {}, {} key groups\n", m.pipeline,
             to_json(m.kind), m.id, format_rfc3339(m.taken_at), m.attempt, m.key_groups);
  for (const auto& [name, s] : sizes_of(c))
    fmt::print("  {:<32} {:<24} {:<10} {:>12} bytes{}\n", name.first, name.second, name_of(s.kind),
               s.bytes, s.groups.empty() ? "" : fmt::format(" in {} key groups", s.groups.size()));
}

void compare(const std::string& one, const std::string& other) {
  const checkpoint a = read_checkpoint(one).value();
  const checkpoint b = read_checkpoint(other).value();
  const auto contents = [](const checkpoint& c) {
    std::map<state_name, std::multiset<std::pair<key_group, bytes>>> all;
    for (const snapshot_part& p : c.parts) all[{p.operator_id, p.state}].insert({p.group, p.data});
    return all;
  };
  const auto before = contents(a);
  const auto after = contents(b);
  bool same = true;
  const auto say = [&](const state_name& name, const std::string& what) {
    same = false;
    fmt::print("  {:<32} {:<24} {}\n", name.first, name.second, what);
  };
  const auto old_sizes = sizes_of(a);
  const auto new_sizes = sizes_of(b);
  for (const auto& [name, parts] : before)
    if (!after.contains(name))
      say(name, fmt::format("only in the first, {} bytes", old_sizes.at(name).bytes));
    else if (after.at(name) != parts)
      say(name, fmt::format("differs: {} and {} bytes", old_sizes.at(name).bytes,
                            new_sizes.at(name).bytes));
  for (const auto& [name, parts] : after)
    if (!before.contains(name))
      say(name, fmt::format("only in the second, {} bytes", new_sizes.at(name).bytes));
  if (same) fmt::print("the states are the same\n");
}

void write_out(const std::string& place) {
  checkpoint c = read_checkpoint(place).value();
  for (snapshot_part& p : c.parts) {
    const bool keyed = p.kind == state_kind::keyed;
    exported_part line{p.operator_id, p.state, name_of(p.kind),
                       keyed ? std::optional{p.group} : std::nullopt, std::move(p.data)};
    const std::string text = to_json(line) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
}

}  // namespace

void look_at_state(const args& values) {
  const auto given = [&](const char* name) { return values[name] != "none"; };
  if (given("show")) return show(values["show"]);
  if (given("export")) return write_out(values["export"]);
  if (given("compare") != given("with"))
    throw exception({errc::invalid_argument, "--compare DIR wants --with DIR"});
  if (given("compare")) return compare(values["compare"], values["with"]);
  if (given("checkpoints")) return list(values["checkpoints"]);
  throw exception(
      {errc::invalid_argument,
       "state: give --checkpoints DIR, --show DIR, --export DIR, or --compare DIR --with "
       "DIR"});
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/state_command.hpp"

#include "weir/checkpoints/directory_store.hpp"
#include "weir/codec/base64.hpp"
#include "weir/codec/json.hpp"
#include "weir/codec/rfc3339.hpp"
#include "weir/main/state_entries.hpp"
#include "weir/runtime/state_place.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

namespace weir {

namespace {

struct state_size {
  std::uint64_t bytes = 0;
  std::set<key_group> groups;
  state_kind kind = state_kind::list;
};

/// A part whose entries only the program itself can read, as a line of JSON: the data are in the
/// binary codec of the state's types.
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

std::uint64_t bytes_of_files(const snapshot_part& p) {
  std::uint64_t sum = 0;
  if (!p.files) return sum;
  const state_files::listing files = p.files->list().value();
  for (const std::string& name : files.names)
    sum += std::filesystem::file_size(files.directory + "/" + name);
  return sum;
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
    for (const snapshot_part& p : c->parts) bytes += p.data.size() + bytes_of_files(p);
    fmt::print("{}  {}  of '{}', taken at {}, {} bytes of state\n", s.place,
               to_json(c->manifest.kind), c->manifest.pipeline,
               format_rfc3339(c->manifest.taken_at), bytes);
  }
  if (stored.empty()) fmt::print("'{}' holds no checkpoint\n", directory);
}

/// Reads a checkpoint; rows that a backend keeps in files become parts as memory has them.
checkpoint read_whole(const std::string& place) {
  checkpoint c = read_checkpoint(place).value();
  bring_into_memory(c.parts);
  return c;
}

void show(const std::string& place) {
  const checkpoint c = read_whole(place);
  const checkpoint_manifest& m = c.manifest;
  fmt::print("pipeline '{}', {} {}, taken at {}, attempt {}, {} key groups\n", m.pipeline,
             to_json(m.kind), m.id, format_rfc3339(m.taken_at), m.attempt, m.key_groups);
  for (const auto& [name, s] : sizes_of(c))
    fmt::print("  {:<32} {:<24} {:<10} {:>12} bytes{}\n", name.first, name.second, name_of(s.kind),
               s.bytes, s.groups.empty() ? "" : fmt::format(" in {} key groups", s.groups.size()));
}

/// What a checkpoint holds, in a form that can be compared: entries by what tells them apart, or,
/// where only the program can read them, parts by key group.
using state_contents = std::map<state_name, std::map<std::string, std::string>>;

std::string distinct(const std::map<std::string, std::string>& among, const std::string& name) {
  std::string found = name;
  for (int n = 2; among.contains(found); ++n) found = name + " #" + std::to_string(n);
  return found;
}

state_contents contents_of(const checkpoint& c) {
  const state_entries all{c};
  state_contents contents;
  for (const snapshot_part& p : c.parts) {
    if (is_form(p)) continue;
    auto& to = contents[{p.operator_id, p.state}];
    const bool read = all.each(p, [&](const state_entry& e) {
      std::string name = e.window_start.empty() ? e.key : e.window_start + " " + e.key;
      if (name.empty()) name = e.value;
      to[distinct(to, name)] = e.value;
    });
    if (!read) {
      std::string hidden;
      write_base64(p.data, hidden);
      to[distinct(to, "key group " + std::to_string(p.group))] = std::move(hidden);
    }
  }
  return contents;
}

/// Says how two states differ, with a few examples; answers whether they do.
bool compare_entries(const state_name& name, const std::map<std::string, std::string>& before,
                     const std::map<std::string, std::string>& after) {
  constexpr std::size_t shown = 3;
  std::vector<std::string> gone, come, changed;
  for (const auto& [key, value] : before) {
    const auto now = after.find(key);
    if (now == after.end())
      gone.push_back(fmt::format("{} {}", key, value));
    else if (now->second != value)
      changed.push_back(fmt::format("{} {} -> {}", key, value, now->second));
  }
  for (const auto& [key, value] : after)
    if (!before.contains(key)) come.push_back(fmt::format("{} {}", key, value));
  if (gone.empty() && come.empty() && changed.empty()) return false;
  fmt::print("  {:<32} {:<24} {} only in the first, {} only in the second, {} differ\n", name.first,
             name.second, gone.size(), come.size(), changed.size());
  for (const auto& [sign, lines] : {std::pair{'-', &gone}, {'+', &come}, {'~', &changed}})
    for (std::size_t i = 0; i < std::min(shown, lines->size()); ++i)
      fmt::print("      {} {}\n", sign, (*lines)[i].substr(0, 160));
  return true;
}

void compare(const std::string& one, const std::string& other) {
  const state_contents before = contents_of(read_whole(one));
  const state_contents after = contents_of(read_whole(other));
  bool same = true;
  const std::map<std::string, std::string> none;
  for (const auto& [name, entries] : before) {
    const auto now = after.find(name);
    if (compare_entries(name, entries, now == after.end() ? none : now->second)) same = false;
  }
  for (const auto& [name, entries] : after)
    if (!before.contains(name) && compare_entries(name, none, entries)) same = false;
  if (same) fmt::print("the states are the same\n");
}

/// The line of an entry, as far as it is the same for all entries of the part.
std::string beginning_of_line(const snapshot_part& p) {
  std::string line = "{\"operator_id\":" + to_json(p.operator_id) +
                     ",\"state\":" + to_json(p.state) + ",\"kind\":\"" + name_of(p.kind) + '"';
  if (p.kind == state_kind::keyed) line += ",\"key_group_number\":" + std::to_string(p.group);
  return line;
}

void write_out(const std::string& place) {
  const checkpoint c = read_whole(place);
  const state_entries all{c};
  for (const snapshot_part& p : c.parts) {
    if (is_form(p)) continue;
    std::string lines;
    const std::string beginning = beginning_of_line(p);
    const bool read = all.each(p, [&](const state_entry& e) {
      lines += beginning;
      if (!e.window_start.empty()) lines += ",\"window_start\":" + e.window_start;
      if (!e.key.empty()) lines += ",\"key\":" + e.key;
      lines += ",\"value\":" + e.value + "}\n";
    });
    if (!read) {
      const bool keyed = p.kind == state_kind::keyed;
      lines = to_json(exported_part{p.operator_id, p.state, name_of(p.kind),
                                    keyed ? std::optional{p.group} : std::nullopt, p.data}) +
              "\n";
    }
    std::fwrite(lines.data(), 1, lines.size(), stdout);
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

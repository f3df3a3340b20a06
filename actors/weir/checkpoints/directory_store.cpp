// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/directory_store.hpp"

#include "weir/checkpoints/directory_draft.hpp"
#include "weir/checkpoints/directory_lock.hpp"
#include "weir/checkpoints/manifest_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace weir {

namespace fs = std::filesystem;

namespace {

/// Reads an entry's name; false if it is no checkpoint's.
bool take_name(std::string_view name, stored_checkpoint& out) {
  for (const auto& [prefix, kind] : {std::pair{"checkpoint-", flow::checkpoint_kind::checkpoint},
                                     std::pair{"savepoint-", flow::checkpoint_kind::savepoint}}) {
    const std::string_view p{prefix};
    if (!name.starts_with(p)) continue;
    name.remove_prefix(p.size());
    const auto [end, why] = std::from_chars(name.data(), name.data() + name.size(), out.id);
    out.kind = kind;
    return why == std::errc{} && end == name.data() + name.size();
  }
  return false;
}

error cannot(const std::string& what, const std::string& path, const std::error_code& why) {
  return posix::system_error("cannot " + what + " '" + path + "'", why.value());
}

/// Removes what a crash left half-written or half-removed.
void remove_left_overs(const std::string& directory) {
  std::error_code ignored;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator{directory, ignored})
    if (entry.path().filename().string().starts_with(".weir-")) left.push_back(entry.path());
  for (const fs::path& p : left) fs::remove_all(p, ignored);
}

}  // namespace

struct directory_store::lock {
  checkpoints::directory_lock held;
};

directory_store::directory_store(std::string directory, std::unique_ptr<lock> held)
    : directory_(std::move(directory)),
      lock_(std::move(held)),
      sums_(std::make_unique<checkpoints::known_sums>()) {}
directory_store::~directory_store() = default;

result<std::shared_ptr<directory_store>> directory_store::open(std::string directory) {
  std::error_code why;
  fs::create_directories(directory, why);
  if (why) return cannot("make the directory", directory, why);
  const std::string parent = fs::path{directory}.lexically_normal().parent_path().string();
  if (auto durable = posix::sync_directory(parent.empty() ? "." : parent); !durable)
    return durable.error();
  auto held = checkpoints::directory_lock::take(directory);
  if (!held) return held.error();
  remove_left_overs(directory);
  return std::shared_ptr<directory_store>{
      new directory_store{std::move(directory), std::make_unique<lock>(lock{*std::move(held)})}};
}

std::unique_ptr<checkpoint_draft> directory_store::begin(std::uint64_t id) {
  return std::make_unique<checkpoints::directory_draft>(directory_, draft_name(id), *sums_);
}
/// Two runs of one store may come to the same number.
std::string directory_store::draft_name(std::uint64_t id) {
  return "writing-" + std::to_string(id) + "-" + std::to_string(++drafts_);
}

result<std::uint64_t> directory_store::write(const checkpoint& c) {
  checkpoints::directory_draft draft{directory_, draft_name(c.manifest.id), *sums_};
  draft.write(c.parts);
  return draft.commit(c.manifest);
}

result<std::vector<stored_checkpoint>> directory_store::list() {
  return list_checkpoints(directory_);
}

result<std::vector<stored_checkpoint>> list_checkpoints(const std::string& directory) {
  std::vector<stored_checkpoint> found;
  std::error_code why;
  for (const auto& entry : fs::directory_iterator{directory, why}) {
    stored_checkpoint s;
    if (!take_name(entry.path().filename().string(), s)) continue;
    s.place = entry.path().string();
    found.push_back(std::move(s));
  }
  if (why) return cannot("list the directory", directory, why);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
  return found;
}

result<checkpoint> directory_store::read(const stored_checkpoint& which) {
  return read_checkpoint(which.place);
}

result<checkpoint> read_checkpoint(const std::string& place) {
  const auto manifest = checkpoints::read_manifest(place);
  if (!manifest) return manifest.error();
  const std::vector<checkpoints::linked_file> empty;
  auto parts = checkpoints::read_parts(place + "/state", manifest->state);
  if (!parts) return parts.error();
  if (auto found = checkpoints::find_files(place, manifest->files.value_or(empty), *parts); !found)
    return found.error();
  checkpoint whole{manifest->checkpoint, *std::move(parts)};
  whole.manifest.format = checkpoint_manifest{}.format;
  return whole;
}

result<void> directory_store::set_aside(const stored_checkpoint& which) {
  const fs::path place{which.place};
  const std::string aside = directory_ + "/damaged-" + place.filename().string();
  std::error_code why;
  fs::remove_all(aside, why);
  fs::rename(place, aside, why);
  if (why) return cannot("rename", which.place, why);
  return {};
}

result<void> directory_store::remove(const stored_checkpoint& which) {
  // Hidden first: what a crash leaves of it must not look like a checkpoint.
  const std::string hidden = directory_ + "/.weir-removed-" + std::to_string(which.id);
  std::error_code why;
  fs::remove_all(hidden, why);
  fs::rename(which.place, hidden, why);
  if (why) return cannot("remove", which.place, why);
  fs::remove_all(hidden, why);
  return {};
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/state_place.hpp"

#include "weir/checkpoints/directory_lock.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/posix/descriptor.hpp"
#include "weir/rocksdb/rocksdb.hpp"

#include <stdlib.h>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

namespace weir {

namespace fs = std::filesystem;

struct state_place::working_directory {
  working_directory() = default;
  working_directory(const working_directory&) = delete;
  working_directory& operator=(const working_directory&) = delete;
  ~working_directory() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }

  std::string path;
  std::optional<checkpoints::directory_lock> held;
};

state_place::state_place() = default;
state_place::state_place(state_place&&) noexcept = default;
state_place& state_place::operator=(state_place&&) noexcept = default;
state_place::~state_place() {
  backend_.reset();
  directory_.reset();
}

namespace {

/// In the directory of the checkpoints the run is alone already, and what an earlier one left under
/// such a name is gone.
constexpr const char* name_within = "/.weir-state";

result<std::string> temporary_directory() {
  std::error_code ignored;
  std::string path = (fs::temp_directory_path(ignored) / "weir-state-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr)
    return posix::system_error("cannot make the directory '" + path + "' for state", errno);
  return path;
}

}  // namespace

result<state_place> state_place::open(const state_options& how,
                                      const checkpoint_store* checkpoints) {
  state_place made;
  if (how.keep_in == state_options::place::memory) return made;
  if (checkpoints != nullptr && !checkpoints->keeps_files())
    return error{errc::unsupported,
                 "the state backend 'rocksdb' wants a store for checkpoints that keeps files, as "
                 "directory_store does"};
  made.directory_ = std::make_unique<working_directory>();
  std::string& path = made.directory_->path;
  const auto* beside = dynamic_cast<const directory_store*>(checkpoints);
  if (!how.directory.empty()) {
    std::error_code why;
    fs::create_directories(how.directory, why);
    if (why)
      return posix::system_error("cannot make the directory '" + how.directory + "' for state",
                                 why.value());
    // The directory of the checkpoints is locked by their store.
    std::error_code other;
    if (beside == nullptr || !fs::equivalent(beside->directory(), how.directory, other)) {
      auto held = checkpoints::directory_lock::take(how.directory);
      if (!held) return held.error();
      made.directory_->held = *std::move(held);
    }
    path = how.directory + name_within;
  } else if (beside != nullptr) {
    path = beside->directory() + name_within;
  } else {
    auto temporary = temporary_directory();
    if (!temporary) return temporary.error();
    path = *std::move(temporary);
  }
  std::error_code ignored;
  fs::remove_all(path, ignored);
  auto backend = open_rocksdb({path, how.memory});
  if (!backend) return backend.error();
  made.backend_ = *std::move(backend);
  return made;
}

void bring_into_memory(std::vector<snapshot_part>& parts) {
  expand_files(parts, visit_rocksdb_rows);
}

}  // namespace weir

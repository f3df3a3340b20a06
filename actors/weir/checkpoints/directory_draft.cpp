// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/directory_draft.hpp"

#include "weir/checkpoints/manifest_file.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

namespace weir::checkpoints {

namespace fs = std::filesystem;

namespace {

std::string name_of(const checkpoint_manifest& m) {
  const bool asked_for = m.kind == flow::checkpoint_kind::savepoint;
  return (asked_for ? "savepoint-" : "checkpoint-") + std::to_string(m.id);
}

}  // namespace

directory_draft::directory_draft(const std::string& directory, const std::string& name,
                                 known_sums& sums)
    : directory_(directory), hidden_(directory + "/.weir-" + name), sums_(&sums) {}

directory_draft::~directory_draft() { give_up(); }

void directory_draft::give_up() {
  out_.reset();
  files_.clear();
  if (!std::exchange(made_, false)) return;
  std::error_code ignored;
  fs::remove_all(hidden_, ignored);
}

void directory_draft::write(const std::vector<snapshot_part>& parts) {
  if (failure_) return;
  if (auto done = write_some(parts); !done) {
    failure_ = done.error();
    give_up();  // of a disk that is full, others need it
  }
}

result<void> directory_draft::begin() {
  if (out_) return {};
  std::error_code why;
  if (!fs::create_directory(hidden_, why) || why)
    return posix::system_error("cannot make the directory '" + hidden_ + "'", why.value());
  made_ = true;
  auto out = part_writer::open(hidden_ + "/state");
  if (!out) return out.error();
  out_ = *std::move(out);
  return {};
}

result<void> directory_draft::write_some(const std::vector<snapshot_part>& parts) {
  if (auto begun = begin(); !begun) return begun;
  for (const snapshot_part& p : parts) {
    if (auto done = out_->add(p); !done) return done;
    if (p.files) files_.push_back({parts_, p.files});
    ++parts_;
  }
  return {};
}

result<std::uint64_t> directory_draft::commit(const checkpoint_manifest& m) {
  write({});
  if (failure_) return *failure_;
  if (auto done = finish(m); !done) return done.error();
  std::uint64_t size = 0;
  std::error_code why;
  for (const auto& entry : fs::recursive_directory_iterator{hidden_, why})
    if (entry.is_regular_file(why)) size += entry.file_size(why);
  const std::string place = directory_ + "/" + name_of(m);
  fs::rename(hidden_, place, why);
  if (why) return posix::system_error("cannot rename to '" + place + "'", why.value());
  made_ = false;
  if (auto durable = posix::sync_directory(directory_); !durable) return durable.error();
  return size;
}

/// All of it is durable then, under the hidden name.
result<void> directory_draft::finish(const checkpoint_manifest& m) {
  auto files = link_files(hidden_, files_, *sums_);
  if (!files) return files.error();
  const auto state = out_->finish();
  if (!state) return state.error();
  manifest_file made{m, *state, {}};
  if (!files->empty()) made.files = *std::move(files);
  if (auto done = write_manifest(hidden_, made); !done) return done;
  return posix::sync_directory(hidden_);
}

}  // namespace weir::checkpoints

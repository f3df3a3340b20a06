// SPDX-License-Identifier: BSD-3-Clause
#include "weir/rocksdb/saved_rows.hpp"

#include "weir/rocksdb/rocksdb.hpp"
#include "weir/rocksdb/row_log.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

namespace weir::rocks {

namespace fs = std::filesystem;

made_files::~made_files() {
  made_.wait();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

result<state_files::listing> made_files::list() const {
  try {
    made_.get();
    return listing{directory_, files_in(directory_)};
  } catch (const exception& e) {
    return e.why();
  } catch (const std::exception& e) {
    return error{errc::io_failed, std::string{"the state backend 'rocksdb' failed: "} + e.what()};
  }
}

bool made_files::is_made() const noexcept {
  try {
    if (made_.wait_for(std::chrono::seconds{0}) != std::future_status::ready) return false;
    made_.get();
    return true;
  } catch (...) {
    return false;
  }
}

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory})
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

/// Calls `bring(from, to, why)` for each of saved files.
template <class Bring>
void bring_all(const state_files::listing& files, const std::string& to, Bring bring) {
  std::error_code why;
  fs::create_directories(to, why);
  for (const std::string& name : files.names)
    if (!why) bring(fs::path{files.directory} / name, fs::path{to} / name, why);
  if (why)
    throw exception({errc::io_failed, "cannot put saved files in '" + to + "': " + why.message()});
}

void link_or_copy(const fs::path& from, const fs::path& to, std::error_code& why) {
  fs::create_hard_link(from, to, why);
  if (!why) return;
  why.clear();
  fs::copy_file(from, to, why);
}

}  // namespace

void link_database(const state_files::listing& from, const std::string& to) {
  bring_all(from, to, [](const fs::path& source, const fs::path& target, std::error_code& why) {
    if (target.extension() == ".sst")
      link_or_copy(source, target, why);
    else if (!is_log(target.filename().string()))
      fs::copy_file(source, target, why);
  });
}

void link_all(const state_files::listing& from, const std::string& to) {
  bring_all(from, to, link_or_copy);
}

void visit_rows(rocksdb::DB& from, const row_block& newer, const std::string& prefix,
                const cold_store::row_visitor& visit) {
  rocksdb::ReadOptions how;
  how.fill_cache = false;
  how.readahead_size = std::size_t{2} << 20;
  const std::unique_ptr<rocksdb::Iterator> at{from.NewIterator(how)};
  at->Seek(prefix);
  std::size_t i = newer.lower_bound(prefix);
  while (true) {
    const bool old = at->Valid() && at->key().starts_with(prefix);
    const bool changed = i != newer.size() && newer.key(i).starts_with(prefix);
    if (!old && !changed) break;
    const int order = !changed ? -1 : !old ? 1 : at->key().compare(newer.key(i));
    if (order < 0) visit(name_of(at->key()), span_of(at->value()));
    if (order >= 0 && !newer.row(i).empty()) visit(name_of(newer.key(i)), span_of(newer.row(i)));
    if (order <= 0) at->Next();
    if (order >= 0) ++i;
  }
  check(at->status(), "to read");
}

}  // namespace weir::rocks

namespace weir {

void visit_rocksdb_rows(const snapshot_part& part, const cold_store::row_visitor& visit) {
  if (!part.files)
    throw exception({errc::incompatible, "the files of '" + part.operator_id + "' are missing"});
  const state_files::listing files = part.files->list().value();
  const auto from = rocks::open_to_read(files.directory);
  rocks::visit_rows(*from, rocks::rows_of_logs(files.directory, files.names), "", visit);
}

}  // namespace weir

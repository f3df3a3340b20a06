// SPDX-License-Identifier: BSD-3-Clause
#include "weir/rocksdb/saved_rows.hpp"

#include "weir/rocksdb/rocksdb.hpp"

#include <algorithm>
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

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory})
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void link_database(const state_files::listing& from, const std::string& to) {
  std::error_code why;
  fs::create_directories(to, why);
  for (const std::string& name : from.names) {
    if (why) break;
    const fs::path source = fs::path{from.directory} / name;
    const fs::path target = fs::path{to} / name;
    if (target.extension() == ".sst") {
      fs::create_hard_link(source, target, why);
      if (!why) continue;
    }
    fs::copy_file(source, target, why);
  }
  if (why)
    throw exception({errc::io_failed, "cannot put saved files in '" + to + "': " + why.message()});
}

void visit_rows(rocksdb::DB& from, const std::string& prefix,
                const cold_store::row_visitor& visit) {
  rocksdb::ReadOptions how;
  how.fill_cache = false;
  how.readahead_size = std::size_t{2} << 20;
  const std::unique_ptr<rocksdb::Iterator> at{from.NewIterator(how)};
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next())
    visit(name_of(at->key()), span_of(at->value()));
  check(at->status(), "to read");
}

}  // namespace weir::rocks

namespace weir {

void visit_rocksdb_rows(const snapshot_part& part, const cold_store::row_visitor& visit) {
  if (!part.files)
    throw exception({errc::incompatible, "the files of '" + part.operator_id + "' are missing"});
  const state_files::listing files = part.files->list().value();
  const auto from = rocks::open_to_read(files.directory);
  rocks::visit_rows(*from, "", visit);
}

}  // namespace weir

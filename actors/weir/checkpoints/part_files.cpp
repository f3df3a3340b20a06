// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/part_files.hpp"

#include "weir/posix/descriptor.hpp"

#include <sys/stat.h>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

namespace weir::checkpoints {

namespace fs = std::filesystem;

namespace {

/// Files of a checkpoint that is there.
class stored_files final : public state_files {
public:
  explicit stored_files(std::string directory) : directory_(std::move(directory)) {}

  void add(std::string name) { names_.push_back(std::move(name)); }
  [[nodiscard]] result<listing> list() const override { return listing{directory_, names_}; }

private:
  std::string directory_;
  std::vector<std::string> names_;
};

std::string directory_of(const std::string& place, std::size_t part) {
  return place + "/files/" + std::to_string(part);
}

error damaged(const std::string& path, const std::string& how) {
  return {errc::incompatible, "'" + path + "' is damaged: " + how};
}

/// Links one file, or copies it.
std::error_code bring(const fs::path& from, const fs::path& to) {
  std::error_code why;
  fs::create_hard_link(from, to, why);
  if (!why) return why;
  fs::copy_file(from, to, why);
  return why;
}

}  // namespace

result<file_sum> known_sums::sum_of(const std::string& path) {
  struct ::stat s {};
  if (::stat(path.c_str(), &s) != 0)
    return posix::system_error("cannot look at '" + path + "'", errno);
  const identity id{s.st_dev, s.st_ino, static_cast<std::uint64_t>(s.st_size), s.st_mtim.tv_sec,
                    s.st_mtim.tv_nsec};
  auto known = sums_.find(id);
  if (known == sums_.end()) {
    const auto sum = sum_of_file(path, true);
    if (!sum) return sum.error();
    known = sums_.emplace(id, *sum).first;
  }
  asked_.insert(*known);
  return known->second;
}

result<std::vector<linked_file>> link_files(const std::string& place,
                                            const std::vector<part_with_files>& parts,
                                            known_sums& sums) {
  std::vector<linked_file> linked;
  std::error_code why;
  for (const part_with_files& p : parts) {
    const auto from = p.files->list();
    if (!from) return from.error();
    const std::string to = directory_of(place, p.part);
    fs::create_directories(to, why);
    if (why) return posix::system_error("cannot make the directory '" + to + "'", why.value());
    for (const std::string& name : from->names) {
      const std::string path = to + "/" + name;
      why = bring(from->directory + "/" + name, path);
      if (why) return posix::system_error("cannot link '" + path + "'", why.value());
      const auto sum = sums.sum_of(path);
      if (!sum) return sum.error();
      linked.push_back({p.part, name, sum->size, sum->checksum});
    }
    if (auto durable = posix::sync_directory(to); !durable) return durable.error();
  }
  sums.forget_others();
  if (!linked.empty())
    if (auto durable = posix::sync_directory(place + "/files"); !durable) return durable.error();
  return linked;
}

result<void> find_files(const std::string& place, const std::vector<linked_file>& files,
                        std::vector<snapshot_part>& parts) {
  std::vector<std::shared_ptr<stored_files>> found(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (parts[i].kind == state_kind::files)
      parts[i].files = found[i] = std::make_shared<stored_files>(directory_of(place, i));
  for (const linked_file& f : files) {
    if (f.part >= parts.size() || !found[f.part])
      return damaged(place, "its manifest names a file of a part that has none");
    const std::string path = directory_of(place, f.part) + "/" + f.name;
    const auto sum = sum_of_file(path, false);
    if (!sum) return sum.error();
    if (sum->size != f.size)
      return damaged(
          path, "it has " + std::to_string(sum->size) + " of " + std::to_string(f.size) + " bytes");
    if (sum->checksum != f.checksum) return damaged(path, "its checksum differs");
    found[f.part]->add(f.name);
  }
  return {};
}

}  // namespace weir::checkpoints

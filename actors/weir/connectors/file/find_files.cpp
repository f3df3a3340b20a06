// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/find_files.hpp"

#include "weir/connectors/file/file_kind.hpp"
#include "weir/posix/descriptor.hpp"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

namespace weir::file {

namespace {

using names = std::vector<std::string>;

bool is_regular(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

result<names> in_directory(const std::string& path) {
  names found;
  std::error_code why;
  for (std::filesystem::directory_iterator at{path, why}, end; !why && at != end; at.increment(why))
    if (is_regular(at->path()) && !at->path().filename().string().starts_with('.'))
      found.push_back(at->path().string());
  if (why) return posix::system_error("cannot list the directory '" + path + "'", why.value());
  if (found.empty())
    return error{errc::not_found, "the directory '" + path +
                                      "' holds no files; hidden files and "
                                      "directories in it are not read"};
  return found;
}

result<names> matching(const std::string& pattern) {
  glob_t matches{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &matches);
  names found;
  for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i)
    if (is_regular(matches.gl_pathv[i])) found.emplace_back(matches.gl_pathv[i]);
  ::globfree(&matches);
  if (found.empty())
    return error{errc::not_found, "no file matches '" + pattern +
                                      "'; check the path, which is "
                                      "taken from the working directory unless it begins with /"};
  return found;
}

/// A followed file may come later, but its directory must be there.
bool may_come(const std::string& path) {
  std::error_code ignored;
  const auto parent = std::filesystem::path{path}.parent_path();
  return std::filesystem::is_directory(parent.empty() ? "." : parent, ignored);
}

result<names> find(const std::string& pattern, const file_options& options) {
  std::error_code why;
  const auto what = std::filesystem::status(pattern, why);
  if (std::filesystem::is_directory(what)) return in_directory(pattern);
  if (std::filesystem::exists(what)) return names{pattern};
  if (pattern.find_first_of("*?[") != pattern.npos) return matching(pattern);
  if (what.type() != std::filesystem::file_type::not_found)
    return posix::system_error("cannot read '" + pattern + "'", why.value());
  if (options.follow && may_come(pattern)) return names{pattern};
  return error{errc::not_found, "the file '" + pattern +
                                    "' does not exist; check the path, which "
                                    "is taken from the working directory unless it begins with /"};
}

/// What a file is, whatever its name.
struct identity {
  ::dev_t device = 0;
  ::ino_t number = 0;

  friend auto operator<=>(const identity&, const identity&) = default;
};

identity identity_of(const std::string& path) {
  struct ::stat what {};
  return ::stat(path.c_str(), &what) == 0 ? identity{what.st_dev, what.st_ino} : identity{};
}

class enumerator final : public source_enumerator {
public:
  enumerator(std::string pattern, file_options options)
      : pattern_(std::move(pattern)), options_(std::move(options)) {
    std::error_code ignored;
    directory_ = std::filesystem::is_directory(pattern_, ignored);
    grows_ = options_.follow && (directory_ || pattern_.find_first_of("*?[") != pattern_.npos);
  }

  result<std::vector<split>> discover() override {
    // One that has gone away must not be taken for a file that is still to come.
    auto found = directory_ ? in_directory(pattern_) : find(pattern_, options_);
    if (!found) return found.error();
    std::sort(found->begin(), found->end());
    if (grows_) {
      // As long as a renamed file is there, so long its identity can't be that of a new one.
      std::set<identity> now;
      for (const std::string& path : *found) now.insert(identity_of(path));
      std::erase_if(*found, [this](const std::string& p) { return skipped(p); });
      seen_ = std::move(now);
      names_.insert(found->begin(), found->end());
    }
    return check(*found);
  }

  [[nodiscard]] duration find_again_every() const override {
    return grows_ ? options_.find_interval : duration{0};
  }

private:
  /// A file that was seen under another name, which a rotation gave it; or one that can't be
  /// followed, as a rotation's compressed copy.
  bool skipped(const std::string& path) const {
    if (names_.contains(path)) return false;
    return seen_.contains(identity_of(path)) || !kind_of(path, options_);
  }

  result<std::vector<split>> check(const names& found) const {
    std::vector<split> all;
    for (const std::string& path : found) {
      if (auto kind = kind_of(path, options_); !kind) return kind.error();
      auto opened = posix::open_to_read(path);
      if (!opened && !(options_.follow && opened.error().code == errc::not_found))
        return opened.error();
      all.push_back({path});
    }
    return all;
  }

  std::string pattern_;
  file_options options_;
  bool directory_ = false;
  bool grows_ = false;
  std::set<std::string> names_;
  std::set<identity> seen_;
};

}  // namespace

std::unique_ptr<source_enumerator> make_enumerator(std::string pattern, file_options options) {
  return std::make_unique<enumerator>(std::move(pattern), std::move(options));
}

}  // namespace weir::file

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/dead_letters/letter_file.hpp"

#include "weir/codec/json.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <tuple>
#include <utility>

namespace weir::letters {

namespace fs = std::filesystem;

namespace {

/// What a line begins with; the rest of it is a `dead_letter`.
struct line_head {
  std::uint64_t number = 0;
  std::uint64_t run = 0;
};
BOOST_DESCRIBE_STRUCT(line_head, (), (number, run))

std::uint64_t size_of(const std::string& path) {
  return posix::status_of(path).value_or(posix::file_status{}).size;
}

/// The last whole line of a file, and where it ends; nothing if there is none.
std::optional<std::pair<std::string, std::uint64_t>> last_line(const std::string& path) {
  constexpr std::uint64_t block = 64 << 10;
  std::ifstream in{path, std::ios::binary};
  std::string tail;
  for (std::uint64_t from = size_of(path); in && from != 0;) {
    const std::uint64_t n = std::min(block, from);
    from -= n;
    std::string read(n, '\0');
    in.seekg(static_cast<std::streamoff>(from));
    in.read(read.data(), static_cast<std::streamsize>(n));
    tail.insert(0, read);
    const std::size_t end = tail.rfind('\n');
    if (end == std::string::npos) continue;
    const std::size_t before = end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
    if (before == std::string::npos && from != 0) continue;
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    return std::pair{tail.substr(begin, end - begin), from + end + 1};
  }
  return std::nullopt;
}

std::uint64_t lines_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return static_cast<std::uint64_t>(
      std::count(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}, '\n'));
}

std::string name_of(const std::string& path) { return fs::path{path}.filename().string(); }

}  // namespace

std::optional<letter_place> further(std::optional<letter_place> known, letter_place place,
                                    const std::string& path) {
  const auto order = [](const letter_place& p) { return std::tuple{p.generation, p.size}; };
  if (place.file != name_of(path) || (known && order(place) < order(*known))) return known;
  return place;
}

letter_file::letter_file(std::string path, letter_file_limits limits)
    : path_(std::move(path)), limits_(limits) {
  place_.file = name_of(path_);
}

std::string letter_file::rotated(std::uint64_t generation) const {
  return path_ + "." + std::to_string(generation);
}

result<letter_place> letter_file::begin() {
  const std::vector<std::uint64_t> before = generations_of(path_);
  place_.generation = before.empty() ? 0 : before.back() + 1;
  const auto last = last_line(path_);
  place_.size = last ? last->second : 0;
  if (size_of(path_) > place_.size) {
    auto unfinished = posix::open_to_append(path_);
    if (!unfinished) return unfinished.error();
    if (auto done = posix::cut(*unfinished, place_.size, path_); !done) return done.error();
  }
  auto newest = last;
  if (!newest && !before.empty()) newest = last_line(rotated(before.back()));
  if (!newest) return place_;
  const auto head = from_json<line_head>(newest->first);
  if (!head)
    return error{errc::incompatible,
                 "'" + path_ + "' holds something else than dead letters: " + head.error().message};
  place_.run = head->run;
  place_.next_number = head->number + 1;
  return place_;
}

result<void> letter_file::go_back(const letter_place& place) {
  to_ = {};
  std::error_code why;
  if (place_.generation > place.generation) fs::remove(path_, why);
  for (const std::uint64_t g : generations_of(path_)) {
    if (g == place.generation) fs::rename(rotated(g), path_, why);
    if (g > place.generation) fs::remove(rotated(g), why);
  }
  place_ = place;
  const std::uint64_t there = size_of(path_);
  place_.size = std::min(there, place.size);  // it may have been taken away meanwhile
  if (there <= place_.size) return {};
  auto opened = posix::open_to_append(path_);
  if (!opened) return opened.error();
  return posix::cut(*opened, place_.size, path_);
}

result<void> letter_file::open() {
  if (to_) return {};
  std::error_code why;
  const fs::path parent = fs::path{path_}.parent_path();
  if (!parent.empty()) fs::create_directories(parent, why);
  auto opened = posix::open_to_append(path_);
  if (!opened) return opened.error();
  to_ = *std::move(opened);
  return {};
}

result<void> letter_file::add(const dead_letter& letter) {
  std::string line = to_json(line_head{place_.next_number, place_.run});
  line.back() = ',';
  line += to_json(letter).substr(1) + '\n';
  if (place_.size != 0 && place_.size + line.size() > limits_.bytes)
    if (auto done = rotate(); !done) return done;
  if (auto done = open(); !done) return done;
  if (auto done = posix::write_all(to_.get(), line, path_); !done) {
    (void)posix::cut(to_, place_.size, path_);  // nothing of it, or a part
    return done;
  }
  place_.size += line.size();
  ++place_.next_number;
  return {};
}

result<void> letter_file::rotate() {
  if (auto done = sync(); !done) return done;
  to_ = {};
  if (std::rename(path_.c_str(), rotated(place_.generation).c_str()) != 0)
    return posix::system_error("cannot rename '" + path_ + "'", errno);
  ++place_.generation;
  place_.size = 0;
  remove_oldest();
  return {};
}

void letter_file::remove_oldest() {
  std::vector<std::uint64_t> before = generations_of(path_);
  for (std::size_t i = 0; i + limits_.files <= before.size(); ++i) {
    removed_ += lines_of(rotated(before[i]));
    std::error_code ignored;
    fs::remove(rotated(before[i]), ignored);
  }
}

result<void> letter_file::sync() {
  if (!to_) return {};
  if (auto done = posix::sync(to_, path_); !done) return done;
  const std::string parent = fs::path{path_}.parent_path().string();
  return posix::sync_directory(parent.empty() ? "." : parent);
}

std::vector<std::uint64_t> generations_of(const std::string& path) {
  const fs::path parent = fs::path{path}.parent_path();
  const std::string beginning = fs::path{path}.filename().string() + ".";
  std::vector<std::uint64_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{parent.empty() ? "." : parent, ignored}) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(beginning)) continue;
    std::uint64_t g = 0;
    const char* const end = name.data() + name.size();
    const auto [at, why] = std::from_chars(name.data() + beginning.size(), end, g);
    if (why == std::errc{} && at == end) found.push_back(g);
  }
  std::sort(found.begin(), found.end());
  return found;
}

result<void> read_letters(const std::string& path, const std::function<void(kept_letter)>& take) {
  std::vector<std::string> files;
  for (const std::uint64_t g : generations_of(path))
    files.push_back(path + "." + std::to_string(g));
  if (fs::exists(path)) files.push_back(path);
  json_reader reader;
  for (const std::string& file : files) {
    std::ifstream in{file, std::ios::binary};
    std::string line;
    for (std::uint64_t n = 1; std::getline(in, line); ++n) {
      if (in.eof()) break;  // an unfinished one
      line_head head;
      kept_letter kept;
      result<void> parsed = reader.parse(line, head);
      if (parsed) parsed = reader.parse(line, kept.letter);
      if (!parsed)
        return error{errc::decode_failed, "line " + std::to_string(n) + " of '" + file +
                                              "' is no dead letter: " + parsed.error().message};
      kept.number = head.number;
      kept.run = head.run;
      kept.file = path;
      take(std::move(kept));
    }
  }
  return {};
}

std::string numbered_path(const std::string& path, std::uint32_t n) {
  if (n < 2) return path;
  const fs::path p{path};
  return (p.parent_path() / (p.stem().string() + "-" + std::to_string(n) + p.extension().string()))
      .string();
}

}  // namespace weir::letters

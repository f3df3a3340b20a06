// SPDX-License-Identifier: BSD-3-Clause
#include "weir/journal/journal_files.hpp"

#include "weir/checkpoints/part_file.hpp"
#include "weir/codec/key_hash.hpp"
#include "weir/journal/tape.hpp"
#include "weir/posix/descriptor.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>

namespace weir::journal {

namespace {

namespace files = std::filesystem;

constexpr std::string_view prefix = "recording-";
constexpr std::size_t head_bytes = 12;

std::uint64_t sum_of(std::span<const std::byte> data) { return key_hash(as_text(data)); }

/// Reads the segments of a recording one after the other, and puts entries into order.
class stored final : public recording {
public:
  stored(std::string path, recorded_start start)
      : path_(std::move(path)), start_(std::move(start)) {}

  [[nodiscard]] const recorded_start& start() const override { return start_; }

  bool next(recorded_entry& out) override {
    while (ahead_.empty() || ahead_.begin()->first != next_)
      if (!read_block()) return end();
    out = {next_++, ahead_.begin()->second.instance, std::move(ahead_.begin()->second.data)};
    ahead_.erase(ahead_.begin());
    return true;
  }
  [[nodiscard]] std::string note() const override { return note_; }

private:
  bool end() {
    if (note_.empty() && !ahead_.empty())
      note_ = "the entries behind number " + std::to_string(next_) + " have a gap before them";
    return false;
  }

  bool read_block() {
    if (over_) return false;
    bytes head(head_bytes);
    std::size_t n = 0;
    while ((n = read(head)) == 0)
      if (!open_next()) return over_ = true, false;
    std::uint32_t size = 0;
    std::uint64_t sum = 0;
    std::memcpy(&size, head.data(), sizeof size);
    std::memcpy(&sum, head.data() + sizeof size, sizeof sum);
    if (n != head_bytes || size > (1U << 30)) return torn();
    bytes block(size);
    if (read(block) != size || sum_of(block) != sum) return torn();
    at_ += head_bytes + size;
    byte_reader in{block};
    while (in.remaining() != 0)
      if (!take_entry(in)) return torn();
    return true;
  }
  bool take_entry(byte_reader& in) {
    recorded_entry e;
    std::uint64_t instance = 0;
    std::uint64_t size = 0;
    std::span<const std::byte> data;
    if (!read_number(in, e.number) || !read_number(in, instance) || !read_number(in, size) ||
        !in.view(size, data))
      return false;
    e.instance = static_cast<std::uint32_t>(instance);
    e.data.assign(data.begin(), data.end());
    ahead_[e.number] = std::move(e);
    return true;
  }
  bool torn() {
    over_ = true;
    note_ = "torn at byte " + std::to_string(at_) + " of '" + name() + "'";
    return false;
  }

  std::size_t read(bytes& to) {
    std::size_t n = 0;
    while (file_ && n != to.size()) {
      const std::size_t got =
          posix::read_some(file_, reinterpret_cast<char*>(to.data()) + n, to.size() - n, name());
      if (got == 0) break;
      n += got;
    }
    return n;
  }
  bool open_next() {
    ++segment_;
    at_ = 0;
    auto opened = posix::open_to_read(name());
    if (!opened) return false;
    file_ = *std::move(opened);
    return true;
  }
  [[nodiscard]] std::string name() const { return path_ + "/" + segment_name(segment_); }

  std::string path_;
  recorded_start start_;
  posix::descriptor file_;
  std::uint64_t segment_ = 0;
  std::uint64_t at_ = 0;
  std::map<std::uint64_t, recorded_entry> ahead_;
  std::uint64_t next_ = 0;
  std::string note_;
  bool over_ = false;
};

std::uint64_t size_of(const files::path& directory) {
  std::uint64_t n = 0;
  std::error_code ignored;
  for (const auto& f : files::directory_iterator{directory, ignored})
    if (f.is_regular_file(ignored)) n += f.file_size(ignored);
  return n;
}

}  // namespace

result<std::vector<stored_recording>> list_recordings(const std::string& directory) {
  std::vector<stored_recording> all;
  std::error_code failed;
  for (const auto& f : files::directory_iterator{directory, failed}) {
    const std::string name = f.path().filename().string();
    if (!name.starts_with(prefix) || name.size() == prefix.size() ||
        name.find_first_not_of("0123456789", prefix.size()) != std::string::npos)
      continue;
    all.push_back({std::strtoull(name.c_str() + prefix.size(), nullptr, 10), f.path().string(),
                   size_of(f.path())});
  }
  if (failed) return posix::system_error("journal '" + directory + "'", failed.value());
  std::ranges::sort(all, {}, &stored_recording::number);
  return all;
}

std::string segment_name(std::uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "entries-%06llu", static_cast<unsigned long long>(number));
  return name;
}

void begin_block(bytes& block) { block.assign(head_bytes, std::byte{}); }

void add_entry(std::uint64_t number, std::uint32_t instance, const bytes& data, bytes& block) {
  write_number(number, block);
  write_number(instance, block);
  write_number(data.size(), block);
  append(block, data.data(), data.size());
}

void end_block(bytes& block) {
  const auto size = static_cast<std::uint32_t>(block.size() - head_bytes);
  const std::uint64_t sum = sum_of(std::span{block}.subspan(head_bytes));
  std::memcpy(block.data(), &size, sizeof size);
  std::memcpy(block.data() + sizeof size, &sum, sizeof sum);
}

result<void> write_start(const std::string& path, const recorded_start& start) {
  bytes data(sizeof(std::uint64_t));
  encode(start, data);
  const std::uint64_t sum = sum_of(std::span{data}.subspan(sizeof sum));
  std::memcpy(data.data(), &sum, sizeof sum);
  auto written = checkpoints::write_file(path, as_text(data));
  return written ? result<void>{} : written.error();
}

result<std::unique_ptr<recording>> open_recording_at(const std::string& path) {
  const auto text = checkpoints::read_file(path + "/start");
  if (!text) return text.error();
  byte_reader in{as_bytes(*text)};
  std::uint64_t sum = 0;
  recorded_start start;
  if (!in.read(&sum, sizeof sum) || sum != sum_of(as_bytes(*text).subspan(sizeof sum)) ||
      !decode(in, start))
    return error{errc::decode_failed, "'" + path +
                                          "/start' is damaged, or of another version of "
                                          "the library: this recording can't be repeated"};
  return std::unique_ptr<recording>{std::make_unique<stored>(path, std::move(start))};
}

}  // namespace weir::journal

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/journal/journal_writer.hpp"

#include "weir/journal/journal_files.hpp"
#include "weir/posix/descriptor.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

namespace weir::journal {

namespace {

namespace files = std::filesystem;

constexpr std::size_t block_bytes = 256U << 10;  ///< Written at once, and
constexpr std::size_t most_waiting = 32U << 20;  ///< at most so many wait for the disk.
constexpr std::chrono::milliseconds at_least_every{50};

/// Where it stands on the disk.
class segment_files {
public:
  segment_files(std::string path, const journal_options& options, std::uint64_t others)
      : path_(std::move(path)), options_(options), total_(others) {}

  [[nodiscard]] bool has_room(std::size_t n) const { return total_ + n <= options_.max_bytes; }
  [[nodiscard]] result<void> write(const bytes& block) {
    if (!file_ || written_ >= options_.segment_bytes) {
      auto next = posix::open_to_replace(name(++number_));
      if (!next) return next.error();
      file_ = *std::move(next);
      written_ = 0;
    }
    written_ += block.size();
    total_ += block.size();
    return posix::write_all(file_.get(), as_text(block), name(number_));
  }

private:
  [[nodiscard]] std::string name(std::uint64_t n) const { return path_ + "/" + segment_name(n); }

  std::string path_;
  journal_options options_;
  std::uint64_t total_;  ///< Bytes of the whole journal.
  std::uint64_t written_ = 0;
  std::uint64_t number_ = 0;
  posix::descriptor file_;
};

class written_recording final : public open_recording {
public:
  written_recording(std::uint64_t number, segment_files to,
                    std::function<void(const std::string&)> log)
      : number_(number), files_(std::move(to)), log_(std::move(log)) {
    thread_ = std::thread{[this] { work(); }};
  }
  ~written_recording() override { close(); }

  [[nodiscard]] std::uint64_t next_number() override {
    return next_.fetch_add(1, std::memory_order_acq_rel);
  }

  bool append(std::uint64_t number, std::uint32_t instance, const bytes& data) override {
    std::unique_lock lock{mutex_};
    room_.wait(lock, [this] { return waiting_bytes_ < most_waiting || over_; });
    if (over_) return false;
    if (waiting_.empty() || waiting_.back().size() >= block_bytes)
      begin_block(waiting_.emplace_back());
    bytes& block = waiting_.back();
    const std::size_t before = block.size();
    add_entry(number, instance, data, block);
    waiting_bytes_ += block.size() - before;
    if (before < block_bytes && block.size() >= block_bytes) work_.notify_one();
    return true;
  }

  void close() override {
    {
      const std::lock_guard lock{mutex_};
      closing_ = true;
    }
    work_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

private:
  void work() {
    std::unique_lock lock{mutex_};
    while (!over_) {
      work_.wait_for(lock, at_least_every, [this] {
        return closing_ || (!waiting_.empty() && waiting_.front().size() >= block_bytes);
      });
      const bool last = closing_;
      while (!waiting_.empty() && !over_) {
        bytes block = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        const std::string why = store(block);
        lock.lock();
        waiting_bytes_ -= std::min(waiting_bytes_, block.size());
        if (waiting_.empty()) waiting_bytes_ = 0;
        room_.notify_all();
        if (!why.empty()) end(why);
      }
      over_ = over_ || last;
    }
    room_.notify_all();
  }

  std::string store(bytes& block) {
    if (!files_.has_room(block.size())) return "it has come to its bound on bytes";
    end_block(block);
    auto written = files_.write(block);
    return written ? "" : written.error().message;
  }
  void end(const std::string& why) {
    over_ = true;
    log_("journal: recording " + std::to_string(number_) + " ends here: " + why +
         "; the next restart or run begins another");
  }

  std::uint64_t number_;
  segment_files files_;
  std::function<void(const std::string&)> log_;
  std::atomic<std::uint64_t> next_{0};
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::deque<bytes> waiting_;  ///< Blocks for the disk; the last one is being filled.
  std::size_t waiting_bytes_ = 0;
  bool closing_ = false;
  bool over_ = false;  ///< Nothing more is written.
  std::thread thread_;
};

}  // namespace

result<std::shared_ptr<journal_writer>> journal_writer::open(
    journal_options options, std::function<void(const std::string&)> log) {
  std::error_code failed;
  files::create_directories(options.directory, failed);
  if (failed) return posix::system_error("journal '" + options.directory + "'", failed.value());
  auto lock = checkpoints::directory_lock::take(options.directory);
  if (!lock) return lock.error();
  return std::shared_ptr<journal_writer>{
      new journal_writer{std::move(options), std::move(log), *std::move(lock)}};
}

result<std::shared_ptr<open_recording>> journal_writer::begin(const recorded_start& start) {
  auto stored = list_recordings(options_.directory);
  if (!stored) return stored.error();
  const std::uint64_t number = stored->empty() ? 1 : stored->back().number + 1;
  const std::string path = options_.directory + "/recording-" + std::to_string(number);
  std::error_code failed;
  files::create_directory(path, failed);
  if (failed) return posix::system_error("journal '" + path + "'", failed.value());
  if (auto written = write_start(path + "/start", start); !written) return written.error();
  // Half of the room is for what comes, the other half for what was.
  std::uint64_t total = files::file_size(path + "/start", failed);
  for (const stored_recording& s : *stored) total += s.size;
  for (const stored_recording& s : *stored) {
    if (total <= options_.max_bytes / 2) break;
    files::remove_all(s.path, failed);
    total -= s.size;
  }
  return std::shared_ptr<open_recording>{
      std::make_shared<written_recording>(number, segment_files{path, options_, total}, log_)};
}

}  // namespace weir::journal

// SPDX-License-Identifier: BSD-3-Clause
// A pipeline of two parts that share nothing but their checkpoints, and how a test breaks it.
#pragma once

#include "actors/sample.hpp"
#include "support/gate.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/connectors/file/file.hpp"
#include "weir/runtime/push_source.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using namespace std::chrono_literals;

struct numbered {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(numbered, (), (key, count, number))

/// Counts the readings of each key; each must be counted once.
struct counting {
  using output = numbered;
  value_state<std::uint64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const reading& r, process_context<std::uint64_t, numbered>& c) {
    seen.update([](std::uint64_t& n) { ++n; });
    c.emit({r.key, *seen.get(), r.number});
  }
};

/// What the stages of a part do, and have done. Shared by all attempts.
class work {
public:
  /// Fails the next time that `number` comes.
  void fail_at(std::uint64_t number) {
    const std::lock_guard lock{mutex_};
    fails_at_.insert(number);
  }
  /// Holds the stage up at `number`, before it may fail there.
  void wait_at(std::uint64_t number, std::shared_ptr<gate> at) {
    const std::lock_guard lock{mutex_};
    waits_at_[number] = std::move(at);
  }
  reading take(const reading& r) {
    if (const auto at = gate_at(r.number)) at->pass();
    const std::lock_guard lock{mutex_};
    if (fails_at_.erase(r.number) != 0) throw std::runtime_error("not now");
    ++times_[r.number];
    return r;
  }
  /// How often a reading was taken.
  [[nodiscard]] std::uint64_t times(std::uint64_t number) const {
    const std::lock_guard lock{mutex_};
    const auto found = times_.find(number);
    return found == times_.end() ? 0 : found->second;
  }
  /// Whether each reading of `[first, last)` was taken so often.
  [[nodiscard]] bool all_taken(std::uint64_t first, std::uint64_t last, std::uint64_t often) const {
    for (; first < last; ++first)
      if (times(first) != often) return false;
    return true;
  }

  std::atomic<std::uint64_t> prepared = 0;         ///< The newest checkpoint pre-committed.
  std::atomic<bool> fails_to_prepare = false;      ///< Once.
  std::atomic<std::uint64_t> fails_to_commit = 0;  ///< What was prepared for this one, once.

private:
  [[nodiscard]] std::shared_ptr<gate> gate_at(std::uint64_t number) const {
    const std::lock_guard lock{mutex_};
    const auto found = waits_at_.find(number);
    return found == waits_at_.end() ? nullptr : found->second;
  }

  mutable std::mutex mutex_;
  std::set<std::uint64_t> fails_at_;
  std::map<std::uint64_t, std::shared_ptr<gate>> waits_at_;
  std::map<std::uint64_t, std::uint64_t> times_;
};

/// A file whose pre-commits and commits are noted, and fail when they are told to.
struct watched_file {
  file_sink real;
  std::shared_ptr<work> seen;

  template <class T>
  struct writer final : sink_writer<T> {
    writer(std::unique_ptr<sink_writer<T>> to, std::shared_ptr<work> by)
        : real(std::move(to)), seen(std::move(by)) {}
    written write(std::span<const T> events, std::span<const timestamp> times) override {
      return real->write(events, times);
    }
    result<void> flush() override { return real->flush(); }
    result<bytes> pre_commit(std::uint64_t checkpoint) override {
      if (seen->fails_to_prepare.exchange(false)) return error{errc::io_failed, "no space left"};
      auto done = real->pre_commit(checkpoint);
      seen->prepared = checkpoint;
      return done;
    }
    result<void> commit(std::span<const std::byte> what) override {
      std::uint64_t newest = seen->prepared;
      if (newest != 0 && seen->fails_to_commit.compare_exchange_strong(newest, 0))
        return error{errc::io_failed, "the disk is away"};
      return real->commit(what);
    }
    std::unique_ptr<sink_writer<T>> real;
    std::shared_ptr<work> seen;
  };
  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance& at) const {
    return std::make_unique<writer<T>>(real.make_writer<T>(at), seen);
  }
  [[nodiscard]] std::string kind() const { return real.kind(); }
  [[nodiscard]] bool blocking() const { return real.blocking(); }
};

/// Adds a part: readings, work that may fail, counts by key, and a file.
template <class Source>
void add_part(pipeline& p, const Source& from, const std::string& name, const std::string& file,
              std::shared_ptr<work> how) {
  p.from(from)
      .named(name)
      .stage(name + " work",
             {.parallelism = 1, .on_error = directive::restart(100), .blocking = true})
      .map([how](const reading& r) { return how->take(r); })
      .named(name + " work")
      .key_by(&reading::key)
      .process(counting{})
      .named(name + " counts")
      .to(watched_file{to_file(file), how})
      .named(name + " file");
}

/// A store that lets its writes wait, and fail.
class slow_store final : public checkpoint_store {
public:
  explicit slow_store(const std::string& directory)
      : real_(directory_store::open(directory).value()) {}

  /// Holds the write of one checkpoint up, and lets it fail then if told so.
  void hold(std::uint64_t id, std::shared_ptr<gate> at, bool fails) {
    const std::lock_guard lock{mutex_};
    held_ = id;
    gate_ = std::move(at);
    fails_ = fails;
  }
  result<std::uint64_t> write(const checkpoint& c) override {
    std::unique_lock lock{mutex_};
    const auto at = c.manifest.id == held_ ? gate_ : nullptr;
    const bool fails = fails_;
    lock.unlock();
    if (at) at->pass();
    if (at && fails) return error{errc::io_failed, "no space left"};
    return real_->write(c);
  }
  result<std::vector<stored_checkpoint>> list() override { return real_->list(); }
  result<checkpoint> read(const stored_checkpoint& which) override { return real_->read(which); }
  result<void> remove(const stored_checkpoint& which) override { return real_->remove(which); }

private:
  std::shared_ptr<checkpoint_store> real_;
  std::mutex mutex_;
  std::uint64_t held_ = 0;
  std::shared_ptr<gate> gate_;
  bool fails_ = false;
};

/// The lines of a file, sorted.
inline std::vector<std::string> lines(const std::string& path) {
  std::ifstream in{path};
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  std::sort(all.begin(), all.end());
  return all;
}

/// What is wrong in a file that is to hold what counting by hand gives; empty if nothing is.
inline std::string mistakes_in(const std::string& path, std::uint64_t events) {
  std::map<std::uint64_t, std::uint64_t> seen;
  std::vector<std::string> wanted;
  for (std::uint64_t i = 0; i < events; ++i) {
    const std::uint64_t key = reading_of(i).key;
    wanted.push_back(to_json(numbered{key, ++seen[key], i}));
  }
  std::sort(wanted.begin(), wanted.end());
  const auto found = lines(path);
  std::vector<std::string> lost, extra;
  std::set_difference(wanted.begin(), wanted.end(), found.begin(), found.end(),
                      std::back_inserter(lost));
  std::set_difference(found.begin(), found.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(extra));
  if (lost.empty() && extra.empty()) return {};
  return std::to_string(lost.size()) + " lost, " + std::to_string(extra.size()) +
         " too many or wrong; " + (lost.empty() ? extra : lost).front();
}

/// Two parts that are pushed into, and whose checkpoints are those that the test asks for.
struct two_parts {
  temporary_directory dir;
  push_source<reading> left_in{100'000}, right_in{100'000};
  std::shared_ptr<work> left = std::make_shared<work>(), right = std::make_shared<work>();
  std::shared_ptr<slow_store> store = std::make_shared<slow_store>(dir / "state");
  std::optional<runtime> running;

  two_parts() {
    pipeline p{"parts", {.parallelism = 2}};
    add_part(p, left_in, "left", dir / "left.jsonl", left);
    add_part(p, right_in, "right", dir / "right.jsonl", right);
    runtime_options options{.restarts = {.restarts = 10, .first_backoff = 1ms}};
    options.checkpoints.store = store;
    options.checkpoints.timing.interval = 1h;
    running = start(std::move(p), std::move(options));
  }

  void push(std::uint64_t first, std::uint64_t last) {
    push_left(first, last);
    push_right(first, last);
  }
  void push_left(std::uint64_t first, std::uint64_t last) {
    for (; first < last; ++first) REQUIRE(left_in.push(reading_of(first)));
  }
  void push_right(std::uint64_t first, std::uint64_t last) {
    for (; first < last; ++first) REQUIRE(right_in.push(reading_of(first)));
  }
  /// Waits until both have worked off what comes before `number`.
  void wait_for_work(std::uint64_t number) {
    REQUIRE(soon([&] { return left->times(number - 1) != 0 && right->times(number - 1) != 0; }));
  }
  void wait_for_savepoints(std::uint64_t n) {
    REQUIRE(soon([&] { return running->summary().savepoints == n; }));
  }
  void wait_for_restarts(std::uint32_t n) {
    REQUIRE(soon([&] { return running->summary().restarts == n; }));
  }
  /// The attempts of a part's instances.
  [[nodiscard]] std::set<std::uint32_t> attempts_of(const std::string& part) const {
    std::set<std::uint32_t> all;
    for (const instance_status& s : running->status())
      if (s.stage.starts_with(part)) all.insert(s.attempt);
    return all;
  }
  run_summary finish() {
    left_in.close();
    right_in.close();
    const run_summary done = running->wait();
    INFO((done.failure ? done.failure->message : ""));
    REQUIRE_FALSE(done.failure);
    CHECK(done.events_lost == 0);
    return done;
  }
  void check_files(std::uint64_t events) {
    CHECK(mistakes_in(dir / "left.jsonl", events) == "");
    CHECK(mistakes_in(dir / "right.jsonl", events) == "");
  }
};

}  // namespace weir::test

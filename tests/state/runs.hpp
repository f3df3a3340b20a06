// SPDX-License-Identifier: BSD-3-Clause
// How pipelines are run with their state in RocksDB, and in memory beside it.
#pragma once

#include "actors/sample.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/connectors/file/file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

using namespace std::chrono_literals;

/// Fails at each of the given numbers once in the process.
class fails_once {
public:
  explicit fails_once(std::set<std::uint64_t> numbers)
      : left_(std::make_shared<std::set<std::uint64_t>>(std::move(numbers))) {}
  reading operator()(const reading& r) const {
    if (left_->erase(r.number) != 0)
      throw std::runtime_error("fails once at " + std::to_string(r.number));
    return r;
  }

private:
  std::shared_ptr<std::set<std::uint64_t>> left_;
};

/// The lines of a file, sorted.
inline std::vector<std::string> lines(const std::string& path) {
  std::ifstream in{path};
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  std::sort(all.begin(), all.end());
  return all;
}

/// So much memory that checkpoints are logs between full ones.
inline constexpr std::size_t ample = std::size_t{64} << 20;
/// A run with little memory, so that most keys are on the disk.
inline runtime_options in_rocksdb(const std::string& directory, duration interval,
                                  std::size_t memory = std::size_t{128} << 10) {
  runtime_options options{
      .restarts = {.restarts = 10, .within = 1min, .first_backoff = 1ms, .longest_backoff = 5ms}};
  options.log = [](const std::string&) {};
  options.checkpoints.store = directory_store::open(directory).value();
  options.checkpoints.timing.interval = interval;
  options.state.keep_in = state_options::place::rocksdb;
  options.state.memory = memory;
  return options;
}
inline runtime_options in_memory(const std::string& directory, duration interval) {
  runtime_options options = in_rocksdb(directory, interval);
  options.state = {};
  return options;
}

inline run_summary run_whole(pipeline p, runtime_options options) {
  auto running = start(std::move(p), std::move(options));
  run_summary done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  REQUIRE_FALSE(done.failure);
  return done;
}

/// Runs until there is a checkpoint or two, or as many as are wanted, and stops with a last one.
inline run_summary run_a_while(pipeline p, runtime_options options, std::uint64_t events,
                               std::uint64_t checkpoints = 0) {
  auto running = start(std::move(p), std::move(options));
  const auto goes_on = [&] {
    const run_summary s = running.summary();
    return s.events_read < events || s.checkpoints < checkpoints;
  };
  while (goes_on() && !running.wait_for(5ms)) {
  }
  running.stop();
  run_summary done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  REQUIRE_FALSE(done.failure);
  return done;
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#include "rules_file.hpp"

#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>

namespace fraud {

weir::result<std::vector<weir::pattern_rule>> read_rules(const std::filesystem::path& file) {
  std::ifstream in{file};
  if (!in)
    return weir::error{weir::errc::not_found, "rules file '" + file.string() + "' can't be read"};
  std::vector<weir::pattern_rule> rules;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    auto rule = weir::from_json<weir::pattern_rule>(line);
    if (!rule)
      return weir::error{rule.error().code, file.string() + " line " + std::to_string(number) +
                                                ": " + rule.error().message};
    rules.push_back(std::move(*rule));
  }
  return rules;
}

rules_watch::rules_watch(std::filesystem::path file, weir::push_source<weir::pattern_rule> to,
                         std::chrono::milliseconds every)
    : file_(std::move(file)),
      to_(std::move(to)),
      every_(every),
      thread_([this](std::stop_token stop) { run(stop); }) {}

rules_watch::~rules_watch() {
  thread_.request_stop();
  to_.close();
}

void rules_watch::run(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any tick;
  std::unique_lock lock{mutex};
  std::error_code failed;
  auto known = std::filesystem::last_write_time(file_, failed);
  const auto stopped = [&] { return stop.stop_requested(); };
  while (!tick.wait_for(lock, stop, every_, stopped)) {
    const auto now = std::filesystem::last_write_time(file_, failed);
    if (failed || now == known) continue;
    known = now;
    auto rules = read_rules(file_);
    if (!rules) {
      std::fprintf(stderr, "fraud: %s\n", rules.error().message.c_str());
      continue;
    }
    for (weir::pattern_rule& r : *rules) to_.push(std::move(r));
  }
}

}  // namespace fraud

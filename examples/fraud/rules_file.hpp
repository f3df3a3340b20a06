// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <weir/weir.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace fraud {

/// Reads rules, an object a line; empty lines and those that begin with '#' are left out. An error
/// names the line.
weir::result<std::vector<weir::pattern_rule>> read_rules(const std::filesystem::path& file);

/// Watches a rules file, and pushes its rules whenever it has changed. A file that can't be read is
/// reported on standard error, and the rules before stay in force.
class rules_watch {
public:
  rules_watch(std::filesystem::path file, weir::push_source<weir::pattern_rule> to,
              std::chrono::milliseconds every);
  rules_watch(const rules_watch&) = delete;
  rules_watch& operator=(const rules_watch&) = delete;
  ~rules_watch();

private:
  void run(std::stop_token stop);

  std::filesystem::path file_;
  weir::push_source<weir::pattern_rule> to_;
  std::chrono::milliseconds every_;
  std::jthread thread_;
};

}  // namespace fraud

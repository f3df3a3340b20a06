// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/runtime/status.hpp"

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace weir {

/// Shows a run while it goes on: a table that is drawn over itself on a terminal, a line now and
/// then elsewhere.
class display {
public:
  /// `to` is standard output, or standard error where the pipeline writes its results to the other.
  explicit display(std::FILE* to);

  /// Prints what has happened since the last call; `extra` are the program's own lines.
  void show(const std::vector<instance_status>& instances, const run_summary& sums,
            const std::string& extra);

private:
  [[nodiscard]] std::string table(const std::vector<instance_status>& instances, double since);
  void draw(const std::string& text);

  std::FILE* to_;
  bool terminal_;
  int lines_ = 0;
  std::chrono::nanoseconds shown_at_{};
  std::uint64_t read_before_ = 0;
  std::map<std::string, std::uint64_t> in_before_;
  std::map<std::string, std::uint64_t> busy_before_;
};

/// Writes 1234567 as "1,234,567".
std::string grouped(std::uint64_t n);
/// The closing summary for people, several lines, and for programs, one line of JSON.
std::string summary_text(const std::string& name, const run_summary& s);
std::string summary_json(const std::string& name, const run_summary& s);

}  // namespace weir

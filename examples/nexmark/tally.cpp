// SPDX-License-Identifier: BSD-3-Clause
#include "tally.hpp"

#include "weir/core/error.hpp"

namespace nexmark {

row_file::row_file(const std::string& path) : out_(path, std::ios::binary | std::ios::trunc) {
  if (!out_)
    throw weir::exception(
        {weir::errc::invalid_argument, "--output " + path + ": the file can't be written"});
}

row_file::~row_file() {
  for (const auto& [row, times] : rows_)
    for (std::int64_t i = 0; i < times; ++i) out_ << row << '\n';
}

void row_file::add(const std::string& row, std::int64_t times) {
  std::lock_guard lock{mutex_};
  const auto at = rows_.try_emplace(row, 0).first;
  at->second += times;
  if (at->second == 0) rows_.erase(at);
}

}  // namespace nexmark

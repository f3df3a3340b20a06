// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/table/table.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace weir::table_file {

result<std::string> read_whole(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    const int why = errno;
    return error{why == ENOENT ? errc::not_found : errc::io_failed,
                 "table '" + path + "': " + std::strerror(why)};
  }
  std::ostringstream all;
  all << in.rdbuf();
  if (in.bad()) return error{errc::io_failed, "table '" + path + "': reading failed"};
  return std::move(all).str();
}

result<void> each_record(std::string_view text, std::optional<char> separator,
                         const std::function<result<void>(std::string_view, std::size_t)>& take) {
  std::size_t line = 0;
  while (!text.empty()) {
    const std::size_t first = ++line;
    csv_quotes quotes{separator.value_or(',')};
    std::size_t end = 0;
    while (true) {
      const std::size_t from = end;
      end = text.find('\n', from);
      end = end == std::string_view::npos ? text.size() : end + 1;
      if (!separator || quotes.add(text.substr(from, end - from)) || end == text.size()) break;
      ++line;
    }
    std::string_view record = text.substr(0, end);
    text.remove_prefix(end);
    while (record.ends_with('\n') || record.ends_with('\r')) record.remove_suffix(1);
    if (record.empty()) continue;
    if (auto taken = take(record, first); !taken) return taken;
  }
  return {};
}

namespace detail {

bool is_csv(const std::string& path) {
  for (const char* end : {".csv", ".tsv"})
    if (path.ends_with(end)) return true;
  for (const char* end : {".jsonl", ".ndjson", ".json"})
    if (path.ends_with(end)) return false;
  throw exception(
      {errc::invalid_argument,
       "table '" + path + "': the name must end in .csv, .tsv, .jsonl, .ndjson or .json"});
}

error in_line(const std::string& path, std::size_t line, const error& why) {
  return {why.code, "table '" + path + "', line " + std::to_string(line) + ": " + why.message};
}

}  // namespace detail

}  // namespace weir::table_file

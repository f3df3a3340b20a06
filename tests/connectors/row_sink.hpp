// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "connectors/reading.hpp"
#include "connectors/temporary.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weir::test {

using writer = std::unique_ptr<sink_writer<reading>>;
using names = std::vector<std::string>;

inline writer open_sink(const temporary_directory& dir, sink_instance at = {.id = "rows"},
                        file_sink_options options = {}) {
  return to_files(dir.path(), std::move(options)).make_writer<reading>(at);
}

inline void write(const writer& to, std::int64_t from, std::int64_t n = 1) {
  std::vector<reading> events;
  for (std::int64_t i = 0; i < n; ++i) events.push_back({"x", from + i, {}});
  const std::vector<timestamp> times(events.size());
  const written done = to->write(events, times);
  REQUIRE(done.events == events.size());
  REQUIRE_FALSE(done.failure);
}

/// Returns the lines from `first` to `last`.
inline std::string lines(std::int64_t first, std::int64_t last) {
  std::string out;
  for (; first <= last; ++first) out += as_jsonl({{"x", first, {}}});
  return out;
}

}  // namespace weir::test

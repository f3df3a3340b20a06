// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/file.hpp"
#include "weir/core/clock.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

struct reading {
  std::string name;
  std::int64_t number = 0;
  std::optional<double> value;

  friend bool operator==(const reading&, const reading&) = default;
  friend std::ostream& operator<<(std::ostream& out, const reading& r) { return out << to_json(r); }
};
BOOST_DESCRIBE_STRUCT(reading, (), (name, number, value))

/// Everything that a reader gave.
struct everything {
  std::vector<reading> events;
  std::vector<std::uint64_t> before;  ///< The offset before each event,
  std::vector<std::uint64_t> after;   ///< and behind it.
  std::vector<std::size_t> lanes;     ///< The split of each event.
  std::vector<rejected_record> rejected;
  std::uint64_t end_offset = 0;
  std::size_t ended = 0;
  std::string failure;
};

/// Polls until nothing comes any more.
inline everything drain(source_reader<reading>& reader, const clock& time, std::size_t max = 1024) {
  everything all;
  source_batch<reading> in;
  try {
    for (;;) {
      in.clear();
      if (reader.poll(in, max, time) != read_state::more) return all;
      for (std::size_t i = 0; i < in.events.size(); ++i) {
        all.events.push_back(in.events.values[i]);
        all.before.push_back(i == 0 ? in.first_offset : in.offsets[i - 1]);
        all.after.push_back(in.offsets[i]);
        all.lanes.push_back(in.lane);
      }
      for (rejected_record& r : in.rejected) all.rejected.push_back(std::move(r));
      if (!in.events.empty() || !in.rejected.empty() || in.lane_ended)
        all.end_offset = in.end_offset;
      all.ended += in.lane_ended ? 1 : 0;
    }
  } catch (const exception& e) {
    all.failure = e.what();
  }
  return all;
}

/// Reads one file from an offset on.
inline everything read_all(const std::string& path, std::uint64_t offset = 0,
                           file_options options = {}, std::size_t max = 1024) {
  const auto reader = files<reading>(path, options).make_reader();
  const manual_clock time;
  try {
    reader->assign(0, {path}, offset);
  } catch (const exception& e) {
    everything none;
    none.failure = e.what();
    return none;
  }
  return drain(*reader, time, max);
}

/// Makes a few different events, some with text that needs quoting.
inline std::vector<reading> sample(std::size_t n) {
  std::vector<reading> all;
  for (std::size_t i = 0; i < n; ++i) {
    reading r{"name-" + std::to_string(i), static_cast<std::int64_t>(i), {}};
    if (i % 3 == 0) r.value = static_cast<double>(i) / 4;
    if (i % 7 == 0) r.name += ", \"quoted\"\nand of two lines";
    all.push_back(std::move(r));
  }
  return all;
}

inline std::string as_jsonl(const std::vector<reading>& events) {
  std::string out;
  for (const reading& r : events) {
    write_json(r, out);
    out += '\n';
  }
  return out;
}

inline std::string as_csv(const std::vector<reading>& events, const csv_format& format = {}) {
  std::string out = csv_header<reading>(format) + '\n';
  for (const reading& r : events) {
    write_csv(r, out, format);
    out += '\n';
  }
  return out;
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sample.hpp"
#include "weir/avro/avro.hpp"

/// A type of every shape that Avro has.
namespace sample {

struct reading {
  bool paid = false;
  std::int8_t tiny = 0;
  std::int32_t small = 0;
  std::uint32_t large = 0;
  std::int64_t wide = 0;
  float ratio = 0;
  double amount = 0;
  color tint = color::red;
  std::string note;
  weir::bytes raw;
  weir::timestamp at;
  std::chrono::sys_time<std::chrono::milliseconds> coarse_at;
  std::chrono::sys_days day;
  std::chrono::seconds took{};
  address home;
  std::optional<address> work;
  std::vector<address> others;
  std::vector<bool> flags;
  std::vector<std::vector<std::uint16_t>> grid;
  std::array<std::int32_t, 3> position{};
  std::map<std::string, std::optional<std::int64_t>> counts;
  std::variant<std::monostate, std::string, double, address> either;

  friend bool operator==(const reading&, const reading&) = default;
};
BOOST_DESCRIBE_STRUCT(reading, (),
                      (paid, tiny, small, large, wide, ratio, amount, tint, note, raw, at,
                       coarse_at, day, took, home, work, others, flags, grid, position, counts,
                       either))

}  // namespace sample

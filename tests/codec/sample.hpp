// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/describe.hpp"
#include "weir/core/bytes.hpp"
#include "weir/core/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

/// Types of every shape, for the tests of all codecs.
namespace sample {

enum class color : std::uint8_t { red, green, blue };
BOOST_DESCRIBE_ENUM(color, red, green, blue)

enum class level : std::int16_t {};

struct address {
  std::string street;
  std::string zip;
  std::optional<std::int32_t> floor;

  friend bool operator==(const address&, const address&) = default;
};
BOOST_DESCRIBE_STRUCT(address, (), (street, zip, floor))

struct base {
  std::uint64_t id = 7;

  friend bool operator==(const base&, const base&) = default;
};
BOOST_DESCRIBE_STRUCT(base, (), (id))

/// Everything that JSON can say.
struct order : base {
  bool paid = false;
  std::int8_t tiny = 0;
  float ratio = 0;
  double amount = 0;
  color tint = color::red;
  level rank{};
  std::string note;
  weir::bytes raw;
  weir::timestamp at;
  std::chrono::sys_time<std::chrono::nanoseconds> exact_at;
  std::chrono::milliseconds took{};
  address home;
  std::optional<address> work;
  std::vector<address> others;
  std::vector<bool> flags;
  std::vector<std::vector<std::uint16_t>> grid;
  std::array<std::int32_t, 3> position{};
  std::pair<std::string, double> best;
  std::map<std::string, std::optional<std::int64_t>> counts;

  friend bool operator==(const order&, const order&) = default;
};
BOOST_DESCRIBE_STRUCT(order, (base),
                      (paid, tiny, ratio, amount, tint, rank, note, raw, at, exact_at, took, home,
                       work, others, flags, grid, position, best, counts))

/// What only the binary form can say.
struct wide {
  order inner;
  std::variant<std::monostate, std::int32_t, std::string, address> choice;
  std::map<std::pair<std::int32_t, std::string>, std::vector<double>> by_pair;
  std::optional<std::optional<std::uint8_t>> twice;
  std::tuple<> nothing;

  friend bool operator==(const wide&, const wide&) = default;
};
BOOST_DESCRIBE_STRUCT(wide, (), (inner, choice, by_pair, twice, nothing))

/// What CSV can say.
struct row : base {
  bool paid = false;
  std::int32_t count = 0;
  double amount = 0;
  color tint = color::red;
  std::string note;
  weir::bytes raw;
  weir::timestamp at;
  address home;
  std::optional<std::string> remark;
  std::optional<double> discount;

  friend bool operator==(const row&, const row&) = default;
};
BOOST_DESCRIBE_STRUCT(row, (base),
                      (paid, count, amount, tint, note, raw, at, home, remark, discount))

/// More members than a machine word has bits.
struct half_crowd {
  int f00 = 0, f01 = 0, f02 = 0, f03 = 0, f04 = 0, f05 = 0, f06 = 0, f07 = 0, f08 = 0, f09 = 0,
      f10 = 0, f11 = 0, f12 = 0, f13 = 0, f14 = 0, f15 = 0, f16 = 0, f17 = 0, f18 = 0, f19 = 0,
      f20 = 0, f21 = 0, f22 = 0, f23 = 0, f24 = 0, f25 = 0, f26 = 0, f27 = 0, f28 = 0, f29 = 0,
      f30 = 0, f31 = 0, f32 = 0, f33 = 0, f34 = 0;
};
BOOST_DESCRIBE_STRUCT(half_crowd, (),
                      (f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14,
                       f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29,
                       f30, f31, f32, f33, f34))
struct crowd : half_crowd {
  int f35 = 0, f36 = 0, f37 = 0, f38 = 0, f39 = 0, f40 = 0, f41 = 0, f42 = 0, f43 = 0, f44 = 0,
      f45 = 0, f46 = 0, f47 = 0, f48 = 0, f49 = 0, f50 = 0, f51 = 0, f52 = 0, f53 = 0, f54 = 0,
      f55 = 0, f56 = 0, f57 = 0, f58 = 0, f59 = 0, f60 = 0, f61 = 0, f62 = 0, f63 = 0, f64 = 0,
      f65 = 0, f66 = 0, f67 = 0, f68 = 0, f69 = 0;
};
BOOST_DESCRIBE_STRUCT(crowd, (half_crowd),
                      (f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47, f48, f49,
                       f50, f51, f52, f53, f54, f55, f56, f57, f58, f59, f60, f61, f62, f63, f64,
                       f65, f66, f67, f68, f69))

}  // namespace sample

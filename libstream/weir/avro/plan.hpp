// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/avro/schema.hpp"
#include "weir/avro/shape.hpp"

#include <deque>
#include <string>
#include <vector>

namespace weir::avro::detail {

/// What is done with a value next.
enum class move : std::uint8_t {
  refuse,   ///< The value can't be read: `problem`.
  skip,     ///< Pass over it.
  nothing,  ///< A null.
  reset,    ///< A null for an optional.
  open,     ///< Make room in an optional or variant, then go on.
  boolean,
  integer,  ///< An int or long as an integer.
  as_real,  ///< An int or long as a float or double.
  time,     ///< An int or long as a time.
  float32,
  float64,
  text,  ///< A string or bytes.
  fixed,
  symbol,
  record,
  list,
  array,
  map,
  choose,  ///< A union: which branch.
};

/// One place in the writer's schema, and where its value goes.
struct turn {
  move what = move::refuse;
  const node* from = nullptr;
  const shape* to = nullptr;
  void* (*open)(void*) = nullptr;
  std::string problem{};
  /// Of a record, one for each of the writer's fields; of a union, for each branch; else for what
  /// is held.
  std::vector<const turn*> parts{};
  std::vector<const field*> places{};   ///< Of a record: where each field goes; null to skip it.
  std::vector<const field*> emptied{};  ///< Of a record: optionals that the writer lacks.
};

struct plan {
  schema writer;
  std::deque<turn> turns{};
  const turn* first = nullptr;
};

/// Works out how `from` becomes `to`. Throws `weir::exception` with the member's path.
void work_out(plan& made, const shape& to);

/// Follows a plan.
[[nodiscard]] result<void> follow(const plan& how, std::string_view datum, void* to);

}  // namespace weir::avro::detail

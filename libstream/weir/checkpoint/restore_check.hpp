// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoint/checkpoint.hpp"
#include "weir/core/result.hpp"

#include <string>
#include <vector>

namespace weir {

/// What becomes of one operator's state when a pipeline goes on from a checkpoint.
struct restored_operator {
  std::string id;
  std::string kind;            ///< In the pipeline, or in the checkpoint if it is gone.
  std::uint64_t bytes = 0;     ///< Of its state in the checkpoint.
  bool in_checkpoint = false;  ///< Else it begins empty.
  bool in_pipeline = false;    ///< Else its state is left over.
  bool dropped = false;        ///< Its state is given up.

  /// A line for people: "totals (window): 1234 bytes of state".
  [[nodiscard]] std::string text() const;
};

/// What maps to what.
struct restore_report {
  std::vector<restored_operator> operators;
  std::vector<std::string> notes;  ///< What one should know, a line each.

  [[nodiscard]] std::string text() const;
};

/// Checks whether `p` can go on from `from`. An error, one line, says why not: another pipeline,
/// another number of key groups, made-up operator ids on another graph, or, unless
/// `allow_dropped_state`, state of operators that `p` doesn't have, or that are of another kind
/// now.
[[nodiscard]] result<restore_report> check_restore(const plan& p, const checkpoint& from,
                                                   bool allow_dropped_state);

}  // namespace weir

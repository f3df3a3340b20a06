// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/core/time.hpp"

#include <optional>
#include <string>

namespace weir {

/// What another process wants of the run that uses a checkpoint directory.
enum class run_order : std::uint8_t { savepoint, stop, stop_with_savepoint, drain };

/// The running side: takes an order that was left in the directory, if there is one. An order that
/// is not understood is answered so.
[[nodiscard]] std::optional<run_order> take_order(const std::string& directory);
/// Forgets orders and answers that were left for an earlier run.
void forget_orders(const std::string& directory);
/// Answers the order that was taken: one line for people.
void answer_order(const std::string& directory, const std::string& text);

/// The asking side: leaves an order in the directory for the run that uses it, and waits for the
/// answer. Fails if no process uses the directory, or if none answers in `patience`.
[[nodiscard]] result<std::string> give_order(const std::string& directory, run_order what,
                                             duration patience);

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/client.hpp"

#include <optional>

namespace weir::kafka {

/// The longest transaction that a broker allows (`transaction.max.timeout.ms`); none if it does not
/// say, for want of rights perhaps.
[[nodiscard]] std::optional<duration> longest_transaction(client& of);

}  // namespace weir::kafka

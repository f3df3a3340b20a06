// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/consumer.hpp"

#include <memory>
#include <string>

namespace weir::kafka {

/// Reads what a consumer group deals to this process, by the cooperative protocol. Its split's
/// position is the number of records read, from 1; which offsets those are is remembered until a
/// checkpoint has them, and then committed to the group.
[[nodiscard]] std::unique_ptr<consumer_inside> make_group_member(const cluster& at,
                                                                 const std::string& topic,
                                                                 const source_options& options,
                                                                 std::shared_ptr<lag_board> lag);

}  // namespace weir::kafka

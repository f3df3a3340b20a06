// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"

#include <cstdint>
#include <string>

namespace weir::kafka {

/// The brokers' name that stands for a cluster within this process: librdkafka's mock of one. It
/// keeps nothing beyond the process, drops the oldest records of a partition of more than about
/// 5 MB, and shows records of transactions before they are committed. For examples and tests.
inline constexpr const char* embedded_brokers = "embedded";

/// Starts it, once a process, and returns its address on the loopback.
[[nodiscard]] const std::string& embedded_address();

/// Makes a topic of it; one that is named first by a reader or writer has four partitions.
result<void> make_embedded_topic(const std::string& name, std::int32_t partitions);

}  // namespace weir::kafka

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/stage.hpp"

#include <cstdint>
#include <vector>

namespace weir::actors {

/// Lets stages read the state that they go on from, as many at a time as there are `threads`.
/// Throws what the first one of them threw that failed, once none reads any more.
void restore_all(const std::vector<flow::stage*>& stages, std::uint32_t threads);

}  // namespace weir::actors

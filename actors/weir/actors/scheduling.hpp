// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/caf_compat.hpp"

#include <cstdint>

namespace weir::actors {

/// Has the actors of a system run on so many threads, which take turns from one queue, a message
/// each.
void use_shared_queue(caf::actor_system_config& config, std::uint32_t threads);

}  // namespace weir::actors

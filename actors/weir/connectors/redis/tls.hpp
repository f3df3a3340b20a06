// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/redis/server.hpp"

#include <hiredis/hiredis.h>

#include <string>

namespace weir::redis {

/// Begins TLS on a connection that is open or being opened: 1.2 or newer, and the server's
/// certificate must be of its host. Answers why that isn't possible, or nothing.
[[nodiscard]] std::string begin_tls(redisContext* on, const server& at,
                                    const server_options& options);

}  // namespace weir::redis

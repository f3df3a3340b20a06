// SPDX-License-Identifier: BSD-3-Clause
// For a hiredis without TLS.
#include "weir/connectors/redis/server.hpp"

namespace weir::redis {

bool has_tls() noexcept { return false; }

}  // namespace weir::redis

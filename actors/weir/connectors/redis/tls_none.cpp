// SPDX-License-Identifier: BSD-3-Clause
// For a hiredis without TLS.
#include "weir/connectors/redis/tls.hpp"

namespace weir::redis {

bool has_tls() noexcept { return false; }

std::string begin_tls(redisContext*, const server&, const server_options&) {
  return "the hiredis that Weir was built with has no TLS";
}

}  // namespace weir::redis

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/redis/reply.hpp"

#include <hiredis/hiredis.h>

namespace weir::redis {

/// Copies what hiredis read.
[[nodiscard]] inline reply convert(const redisReply& from) {
  reply to;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      to.what = reply::kind::number;
      to.number = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      to.what = reply::kind::list;
      to.items.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i) to.items.push_back(convert(*from.element[i]));
      break;
    case REDIS_REPLY_NIL:
      break;
    default:  // text and status
      to.what = from.type == REDIS_REPLY_ERROR ? reply::kind::failure : reply::kind::text;
      to.text.assign(from.str, from.len);
  }
  return to;
}

}  // namespace weir::redis

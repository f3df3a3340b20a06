// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

#include <cstdio>
#include <string>

namespace nexmark {

/// A bid in the log, with the day and the minute that it belongs to.
struct logged_bid {
  std::int64_t auction = 0, bidder = 0, price = 0;
  weir::timestamp date_time;
  weir::text_ref extra;
  std::int32_t dt = 0;  ///< 20150715
  std::int32_t hm = 0;  ///< 1359
};
BOOST_DESCRIBE_STRUCT(logged_bid, (), (auction, bidder, price, date_time, extra, dt, hm))

inline logged_bid logged(const bid& b) {
  const auto day = std::chrono::floor<std::chrono::days>(b.date_time);
  const std::chrono::year_month_day date{day};
  const auto minute = std::chrono::floor<std::chrono::minutes>(b.date_time - day).count();
  return {b.auction,
          b.bidder,
          b.price,
          b.date_time,
          b.extra,
          static_cast<std::int32_t>(static_cast<int>(date.year()) * 10'000 +
                                    static_cast<int>(static_cast<unsigned>(date.month())) * 100 +
                                    static_cast<int>(static_cast<unsigned>(date.day()))),
          static_cast<std::int32_t>(minute / 60 * 100 + minute % 60)};
}

}  // namespace nexmark

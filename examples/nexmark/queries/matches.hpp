// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

/// Rows of the queries that look for patterns in a bidder's bids on an auction.
namespace nexmark {

struct price_turn {
  std::int64_t auction = 0, bidder = 0;
  weir::timestamp start_tstamp, bottom_tstamp, end_tstamp;
};
BOOST_DESCRIBE_STRUCT(price_turn, (), (auction, bidder, start_tstamp, bottom_tstamp, end_tstamp))

struct low_prices {
  std::int64_t auction = 0, bidder = 0;
  weir::timestamp start_tstamp, end_tstamp;
  std::int64_t avg_price = 0;
};
BOOST_DESCRIBE_STRUCT(low_prices, (), (auction, bidder, start_tstamp, end_tstamp, avg_price))

struct price_drop {
  std::int64_t auction = 0, bidder = 0;
  weir::timestamp drop_time;
  std::int64_t drop_diff = 0;
};
BOOST_DESCRIBE_STRUCT(price_drop, (), (auction, bidder, drop_time, drop_diff))

struct auction_and_bidder {
  std::int64_t auction = 0, bidder = 0;

  friend auto operator<=>(const auction_and_bidder&, const auction_and_bidder&) = default;
};
BOOST_DESCRIBE_STRUCT(auction_and_bidder, (), (auction, bidder))

/// What patterns need of a bid.
struct priced {
  weir::timestamp date_time;
  std::int64_t auction = 0, bidder = 0, price = 0;
};
BOOST_DESCRIBE_STRUCT(priced, (), (date_time, auction, bidder, price))

/// The order of bids of a millisecond.
constexpr auto is_cheaper = [](const priced& a, const priced& b) { return a.price < b.price; };

constexpr std::int64_t low_average = 10'000;
constexpr std::int64_t large_drop = 50;

}  // namespace nexmark

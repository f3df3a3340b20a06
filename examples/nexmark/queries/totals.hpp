// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

/// Rows of the queries that count bids by day and range of price.
namespace nexmark {

/// Of bids under 100, of those from 100 on and under 10,000, and of the others.
enum class price_rank : std::uint8_t { low, middle, high };
inline price_rank rank_of(std::int64_t price) {
  return price < 10'000      ? price_rank::low
         : price < 1'000'000 ? price_rank::middle
                             : price_rank::high;
}

/// Bids, and different bidders and auctions: all, and by rank.
struct bid_totals {
  std::uint64_t total_bids = 0, rank1_bids = 0, rank2_bids = 0, rank3_bids = 0;
  std::uint64_t total_bidders = 0, rank1_bidders = 0, rank2_bidders = 0, rank3_bidders = 0;
  std::uint64_t total_auctions = 0, rank1_auctions = 0, rank2_auctions = 0, rank3_auctions = 0;
};
BOOST_DESCRIBE_STRUCT(bid_totals, (),
                      (total_bids, rank1_bids, rank2_bids, rank3_bids, total_bidders, rank1_bidders,
                       rank2_bidders, rank3_bidders, total_auctions, rank1_auctions, rank2_auctions,
                       rank3_auctions))

struct day_totals : bid_totals {
  weir::timestamp day;
};
BOOST_DESCRIBE_STRUCT(day_totals, (bid_totals), (day))

struct channel_totals : bid_totals {
  weir::text_ref channel;
  weir::timestamp day;
  std::int64_t minute = 0;  ///< The last one with a bid, of the day.
};
BOOST_DESCRIBE_STRUCT(channel_totals, (bid_totals), (channel, day, minute))

struct auction_totals {
  std::int64_t auction = 0;
  weir::timestamp day;
  std::uint64_t total_bids = 0, rank1_bids = 0, rank2_bids = 0, rank3_bids = 0;
  std::int64_t min_price = 0, max_price = 0, avg_price = 0, sum_price = 0;
};
BOOST_DESCRIBE_STRUCT(auction_totals, (),
                      (auction, day, total_bids, rank1_bids, rank2_bids, rank3_bids, min_price,
                       max_price, avg_price, sum_price))

inline weir::timestamp day_of(weir::timestamp at) {
  return std::chrono::floor<std::chrono::days>(at);
}
inline std::int64_t minute_of(weir::timestamp at) {
  return std::chrono::floor<std::chrono::minutes>(at - day_of(at)).count();
}

}  // namespace nexmark

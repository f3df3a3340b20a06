// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

#include <vector>

/// Rows of the queries that gather bids in windows of time.
namespace nexmark {

struct auction_count {
  std::int64_t auction = 0, num = 0;
};
BOOST_DESCRIBE_STRUCT(auction_count, (), (auction, num))

struct highest_bid {
  std::int64_t auction = 0, price = 0, bidder = 0;
  weir::timestamp date_time;
  weir::text_ref extra;
};
BOOST_DESCRIBE_STRUCT(highest_bid, (), (auction, price, bidder, date_time, extra))

struct new_seller {
  std::int64_t id = 0;
  weir::text_ref name;
  weir::timestamp stime;

  friend bool operator==(const new_seller&, const new_seller&) = default;
};
BOOST_DESCRIBE_STRUCT(new_seller, (), (id, name, stime))

struct bidder_session {
  std::int64_t bidder = 0, bid_count = 0;
  weir::timestamp starttime, endtime;
};
BOOST_DESCRIBE_STRUCT(bidder_session, (), (bidder, bid_count, starttime, endtime))

/// Bids of a bidder in a window of the clock: how bids fall into those is up to the run. So the
/// hash is of the bidder, as often as there are bids, and the sum says how many each bidder made.
struct bidder_count {
  std::int64_t bidder = 0, bid_count = 0;
};
BOOST_DESCRIBE_STRUCT(bidder_count, (), (bidder, bid_count))
inline std::uint64_t row_hash(const bidder_count& row) {
  return random_numbers::fold(hash_part(row.bidder) ^ 0xa0761d6478bd642fULL,
                              0xe7037ed1a0b428dbULL) *
         static_cast<std::uint64_t>(row.bid_count);
}

}  // namespace nexmark

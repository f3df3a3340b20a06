// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

#include <algorithm>
#include <optional>
#include <span>

/// What the queries keep that want the last bid, or the best ones, for as long as they run.
namespace nexmark {

struct bidder_on_auction {
  std::int64_t bidder = 0, auction = 0;

  friend auto operator<=>(const bidder_on_auction&, const bidder_on_auction&) = default;
};
BOOST_DESCRIBE_STRUCT(bidder_on_auction, (), (bidder, auction))

/// Whether `b` is later than `a`; of those of a millisecond the one with the higher price, and so
/// on through the members, so that the order of arrival does not matter.
inline bool is_later(const bid& b, const bid& a) {
  if (b.date_time != a.date_time) return b.date_time > a.date_time;
  return b.price != a.price ? b.price > a.price : b < a;
}

/// A bid as one of the ten best of its auction. Its rank begins with 1.
struct placed_bid {
  std::int64_t auction = 0, bidder = 0, price = 0;
  weir::text_ref channel, url;
  weir::timestamp date_time;
  weir::text_ref extra;
  std::int64_t rank_number = 0;

  friend bool operator==(const placed_bid&, const placed_bid&) = default;
};
BOOST_DESCRIBE_STRUCT(placed_bid, (),
                      (auction, bidder, price, channel, url, date_time, extra, rank_number))

inline placed_bid placed(const bid& b, std::size_t index) {
  return {b.auction, b.bidder,    b.price, b.channel,
          b.url,     b.date_time, b.extra, static_cast<std::int64_t>(index) + 1};
}

/// Whether `b` goes before `a`: the higher price, then the earlier time, and so on.
inline bool is_better(const bid& b, const bid& a) {
  return b.price != a.price ? b.price > a.price : b < a;
}

constexpr std::size_t best_kept = 10;

}  // namespace nexmark

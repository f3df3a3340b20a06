// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

#include <string_view>

/// Rows of the queries that join for as long as they run.
namespace nexmark {

struct local_auction {
  weir::text_ref name, city, state;
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(local_auction, (), (name, city, state, id))

inline bool is_local(const person& x) {
  const std::string_view state = x.state;
  return state == "OR" || state == "ID" || state == "CA";
}

struct side_bid {
  std::int64_t auction = 0, bidder = 0, price = 0;
  weir::timestamp date_time;
  weir::text_ref value;
};
BOOST_DESCRIBE_STRUCT(side_bid, (), (auction, bidder, price, date_time, value))

struct expanded_bid {
  std::int64_t auction = 0, bidder = 0, price = 0;
  weir::text_ref channel, url;
  weir::timestamp bid_date_time;
  weir::text_ref bid_extra;
  weir::text_ref item_name, description;
  std::int64_t initial_bid = 0, reserve = 0;
  weir::timestamp auction_date_time, expires;
  std::int64_t seller = 0, category = 0;
  weir::text_ref auction_extra;
};
BOOST_DESCRIBE_STRUCT(expanded_bid, (),
                      (auction, bidder, price, channel, url, bid_date_time, bid_extra, item_name,
                       description, initial_bid, reserve, auction_date_time, expires, seller,
                       category, auction_extra))

inline expanded_bid expand(const bid& b, const auction& a) {
  return {b.auction, b.bidder,    b.price,       b.channel,     b.url,     b.date_time,
          b.extra,   a.item_name, a.description, a.initial_bid, a.reserve, a.date_time,
          a.expires, a.seller,    a.category,    a.extra};
}

struct selling_bidder {
  std::int64_t bidder = 0, price = 0;
  weir::text_ref channel, url, bid_extra;
  std::int64_t person_id = 0;
  weir::text_ref name, email_address, credit_card, city, state, person_extra;
  weir::text_ref item_name, description;
  std::int64_t initial_bid = 0, reserve = 0;
  weir::timestamp auction_date_time, expires;
  std::int64_t seller = 0, category = 0;
  weir::text_ref auction_extra;
};
BOOST_DESCRIBE_STRUCT(selling_bidder, (),
                      (bidder, price, channel, url, bid_extra, person_id, name, email_address,
                       credit_card, city, state, person_extra, item_name, description, initial_bid,
                       reserve, auction_date_time, expires, seller, category, auction_extra))

inline selling_bidder selling(const bid& b, const person& x, const auction& a) {
  return {b.bidder,    b.price,         b.channel,     b.url,     b.extra,     x.id,
          x.name,      x.email_address, x.credit_card, x.city,    x.state,     x.extra,
          a.item_name, a.description,   a.initial_bid, a.reserve, a.date_time, a.expires,
          a.seller,    a.category,      a.extra};
}

}  // namespace nexmark

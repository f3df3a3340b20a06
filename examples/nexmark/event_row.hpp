// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "model.hpp"

#include <optional>
#include <string>

namespace nexmark {

// The rows of the suite's event table as JSON has them; the names are the suite's.

struct person_row {
  std::int64_t id = 0;
  weir::text_ref name, emailAddress, creditCard, city, state;
  std::string dateTime;
  weir::text_ref extra;
};
BOOST_DESCRIBE_STRUCT(person_row, (),
                      (id, name, emailAddress, creditCard, city, state, dateTime, extra))

struct auction_row {
  std::int64_t id = 0;
  weir::text_ref itemName, description;
  std::int64_t initialBid = 0, reserve = 0;
  std::string dateTime, expires;
  std::int64_t seller = 0, category = 0;
  weir::text_ref extra;
};
BOOST_DESCRIBE_STRUCT(auction_row, (),
                      (id, itemName, description, initialBid, reserve, dateTime, expires, seller,
                       category, extra))

struct bid_row {
  std::int64_t auction = 0, bidder = 0, price = 0;
  weir::text_ref channel, url;
  std::string dateTime;
  weir::text_ref extra;
};
BOOST_DESCRIBE_STRUCT(bid_row, (), (auction, bidder, price, channel, url, dateTime, extra))

/// One of the three is there, as `event_type` says: 0 for a person, 1 for an auction, 2 for a bid.
struct event_row {
  std::int32_t event_type = 0;
  std::optional<person_row> person;
  std::optional<auction_row> auction;
  std::optional<bid_row> bid;
};
BOOST_DESCRIBE_STRUCT(event_row, (), (event_type, person, auction, bid))

/// The event of a row. Times are RFC 3339, or as SQL writes them: `2015-07-15 00:00:00.123`, in
/// UTC. Throws `weir::exception` if the row that the type asks for is missing or a time can't be
/// read.
[[nodiscard]] event to_event(const event_row& row);
[[nodiscard]] event_row to_row(const event& e);

}  // namespace nexmark

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/describe.hpp"
#include "weir/core/time.hpp"
#include "weir/event/text_ref.hpp"

#include <boost/describe/class.hpp>

#include <compare>
#include <cstdint>
#include <variant>

/// The events of an online auction. Times are of milliseconds; prices are in cents.
namespace nexmark {

struct person {
  weir::timestamp date_time;
  std::int64_t id = 0;
  weir::text_ref name;
  weir::text_ref email_address;
  weir::text_ref credit_card;
  weir::text_ref city;
  weir::text_ref state;
  weir::text_ref extra;

  friend auto operator<=>(const person&, const person&) = default;
};
BOOST_DESCRIBE_STRUCT(person, (),
                      (date_time, id, name, email_address, credit_card, city, state, extra))

struct auction {
  weir::timestamp date_time;
  std::int64_t id = 0;
  weir::text_ref item_name;
  weir::text_ref description;
  std::int64_t initial_bid = 0;
  std::int64_t reserve = 0;
  weir::timestamp expires;
  std::int64_t seller = 0;
  std::int64_t category = 0;
  weir::text_ref extra;

  friend auto operator<=>(const auction&, const auction&) = default;
};
BOOST_DESCRIBE_STRUCT(auction, (),
                      (date_time, id, item_name, description, initial_bid, reserve, expires, seller,
                       category, extra))

struct bid {
  weir::timestamp date_time;
  std::int64_t auction = 0;
  std::int64_t bidder = 0;
  std::int64_t price = 0;
  weir::text_ref channel;
  weir::text_ref url;
  weir::text_ref extra;

  friend auto operator<=>(const bid&, const bid&) = default;
};
BOOST_DESCRIBE_STRUCT(bid, (), (date_time, auction, bidder, price, channel, url, extra))

/// What the generator makes, and queries read: one stream of all three.
using event = std::variant<person, auction, bid>;

}  // namespace nexmark

// SPDX-License-Identifier: BSD-3-Clause
#include "event_row.hpp"

#include "weir/codec/rfc3339.hpp"
#include "weir/core/error.hpp"

namespace nexmark {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw weir::exception({weir::errc::decode_failed, "event row: " + why});
}

weir::timestamp time_from(std::string text) {
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  const bool has_zone = text.find_first_of("Zz+", 10) != std::string::npos ||
                        (text.size() > 19 && text.find('-', 19) != std::string::npos);
  weir::timestamp at;
  if (text.size() < 19 || !weir::read_rfc3339(has_zone ? text : text + "Z", at))
    refuse("'" + text + "' is no time; it is written like 2015-07-15 00:00:00.123");
  return at;
}

template <class Row>
const Row& row_of(const std::optional<Row>& row, const char* name) {
  if (!row) refuse(std::string{"its event_type says '"} + name + "', which it doesn't have");
  return *row;
}

}  // namespace

event to_event(const event_row& row) {
  if (row.event_type == 0) {
    const person_row& p = row_of(row.person, "person");
    return person{time_from(p.dateTime), p.id,   p.name,  p.emailAddress,
                  p.creditCard,          p.city, p.state, p.extra};
  }
  if (row.event_type == 1) {
    const auction_row& a = row_of(row.auction, "auction");
    return auction{
        time_from(a.dateTime), a.id,     a.itemName, a.description, a.initialBid, a.reserve,
        time_from(a.expires),  a.seller, a.category, a.extra};
  }
  if (row.event_type != 2)
    refuse("event_type " + std::to_string(row.event_type) + " is none of 0, 1 and 2");
  const bid_row& b = row_of(row.bid, "bid");
  return bid{time_from(b.dateTime), b.auction, b.bidder, b.price, b.channel, b.url, b.extra};
}

event_row to_row(const event& e) {
  const auto text = [](weir::timestamp at) { return weir::format_rfc3339(at); };
  event_row row{static_cast<std::int32_t>(e.index()), {}, {}, {}};
  if (const auto* p = std::get_if<person>(&e))
    row.person = {p->id,   p->name,  p->email_address,   p->credit_card,
                  p->city, p->state, text(p->date_time), p->extra};
  if (const auto* a = std::get_if<auction>(&e))
    row.auction = {a->id,
                   a->item_name,
                   a->description,
                   a->initial_bid,
                   a->reserve,
                   text(a->date_time),
                   text(a->expires),
                   a->seller,
                   a->category,
                   a->extra};
  if (const auto* b = std::get_if<bid>(&e))
    row.bid = {b->auction, b->bidder, b->price, b->channel, b->url, text(b->date_time), b->extra};
  return row;
}

}  // namespace nexmark

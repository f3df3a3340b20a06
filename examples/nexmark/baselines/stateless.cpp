// SPDX-License-Identifier: BSD-3-Clause
#include "queries/stateless.hpp"

#include "baselines/baselines.hpp"
#include "each_event.hpp"

namespace nexmark::by_hand {

void q0(event_feed from, const setting&, tally& to) {
  each_event(from, [&](const bid& b) { to.add(b); });
}

void q1(event_feed from, const setting&, tally& to) {
  each_event(from, [&](const bid& b) {
    to.add(priced_bid{b.auction, b.bidder, in_euros(b.price), b.date_time, b.extra});
  });
}

void q2(event_feed from, const setting&, tally& to) {
  each_event(from, [&](const bid& b) {
    if (b.auction % 123 == 0) to.add(auction_price{b.auction, b.price});
  });
}

void q14(event_feed from, const setting&, tally& to) {
  each_event(from, [&](const bid& b) {
    const double price = in_euros(b.price);
    if (!(price > 1e6 && price < 5e7)) return;
    const std::string_view extra = b.extra;
    to.add(counted_bid{b.auction, b.bidder, price, time_type(b.date_time), b.date_time, b.extra,
                       std::count(extra.begin(), extra.end(), 'c')});
  });
}

void q21(event_feed from, const setting&, tally& to) {
  each_event(from, [&](const bid& b) {
    if (const auto found = with_channel_id(b)) to.add(*found);
  });
}

void q22(event_feed from, const setting&, tally& to) {
  each_event(from, [&](const bid& b) { to.add(directories(b)); });
}

}  // namespace nexmark::by_hand

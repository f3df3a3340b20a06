// SPDX-License-Identifier: BSD-3-Clause
#include "queries/stateless.hpp"

#include "queries/queries.hpp"
#include "streams.hpp"

namespace nexmark {

/// All bids as they are.
void q0(weir::pipeline& p, const setting& s, const tally_sink& to) { bids(events(p, s), s).to(to); }

/// Bids with their prices in euros.
void q1(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s)
      .map([](const bid& b) {
        return priced_bid{b.auction, b.bidder, in_euros(b.price), b.date_time, b.extra};
      })
      .to(to);
}

/// Bids on some auctions.
void q2(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s)
      .filter([](const bid& b) { return b.auction % 123 == 0; })
      .map([](const bid& b) {
        return auction_price{b.auction, b.price};
      })
      .to(to);
}

/// Bids in a range of prices, by the time of day, and how often their padding has a c.
void q14(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s)
      .filter([](const bid& b) { return in_euros(b.price) > 1e6 && in_euros(b.price) < 5e7; })
      .map([](const bid& b) {
        const std::string_view extra = b.extra;
        return counted_bid{b.auction,
                           b.bidder,
                           in_euros(b.price),
                           time_type(b.date_time),
                           b.date_time,
                           b.extra,
                           std::count(extra.begin(), extra.end(), 'c')};
      })
      .to(to);
}

/// Bids with the number of their channel, where it has one.
void q21(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s)
      .map(with_channel_id)
      .filter([](const std::optional<channel_bid>& b) { return b.has_value(); })
      .map([](const std::optional<channel_bid>& b) { return *b; })
      .to(to);
}

/// Bids with the directories of their url.
void q22(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s).map(directories).to(to);
}

}  // namespace nexmark

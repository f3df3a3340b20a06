// SPDX-License-Identifier: BSD-3-Clause
#include "queries/closed_auctions.hpp"
#include "queries/queries.hpp"
#include "streams.hpp"

namespace nexmark {

/// Every auction with the bid that won it.
void q9(weir::pipeline& p, const setting& s, const tally_sink& to) {
  auto all = events(p, s);
  auctions(all, s)
      .key_by(&auction::id)
      .connect(bids(all, s).key_by(&bid::auction))
      .process(winning_bid<auction, bid>{})
      .named("winning bids")
      .map([](const auto& x) { return won(x.first, x.second); })
      .to(to);
}

}  // namespace nexmark

// SPDX-License-Identifier: BSD-3-Clause
#include "queries/joined.hpp"

#include "baselines/baselines.hpp"
#include "each_event.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nexmark::by_hand {

void q3(event_feed from, const setting&, tally& to) {
  struct seller {
    std::optional<person> is;
    std::vector<std::int64_t> waiting;
  };
  boost::unordered_flat_map<std::int64_t, seller> sellers;
  const auto emit = [&](const person& x, std::int64_t id) {
    to.add(local_auction{x.name, x.city, x.state, id});
  };
  each_event(from, each_of{[&](const person& x) {
                             if (!is_local(x)) return;
                             seller& s = sellers[x.id];
                             for (const std::int64_t id : std::exchange(s.waiting, {})) emit(x, id);
                             s.is = x;
                           },
                           [&](const auction& a) {
                             if (a.category != 10) return;
                             seller& s = sellers[a.seller];
                             if (s.is)
                               emit(*s.is, a.id);
                             else
                               s.waiting.push_back(a.id);
                           }});
}

void q13(event_feed from, const setting&, tally& to) {
  std::vector<weir::text_ref> side(10'000);
  for (std::size_t i = 0; i < side.size(); ++i) side[i].assign(std::to_string(i));
  each_event(from, [&](const bid& b) {
    to.add(side_bid{b.auction, b.bidder, b.price, b.date_time,
                    side[static_cast<std::size_t>(b.auction) % side.size()]});
  });
}

void q20(event_feed from, const setting&, tally& to) {
  struct known {
    bool came = false;
    std::optional<auction> wanted;
    std::vector<bid> waiting;
  };
  boost::unordered_flat_map<std::int64_t, known> auctions;
  each_event(from, each_of{[&](const auction& a) {
                             known& k = auctions[a.id];
                             k.came = true;
                             const auto waiting = std::exchange(k.waiting, {});
                             if (a.category != 10) return;
                             for (const bid& b : waiting) to.add(expand(b, a));
                             k.wanted = a;
                           },
                           [&](const bid& b) {
                             known& k = auctions[b.auction];
                             if (!k.came)
                               k.waiting.push_back(b);
                             else if (k.wanted)
                               to.add(expand(b, *k.wanted));
                           }});
}

void q23(event_feed from, const setting&, tally& to) {
  struct deeds {
    std::optional<person> is;
    std::vector<auction> auctions;
    std::vector<bid> bids;
  };
  boost::unordered_flat_map<std::int64_t, deeds> all;
  each_event(from, each_of{[&](const person& x) {
                             deeds& d = all[x.id];
                             for (const auction& a : d.auctions)
                               for (const bid& b : d.bids) to.add(selling(b, x, a));
                             d.is = x;
                           },
                           [&](const auction& a) {
                             deeds& d = all[a.seller];
                             if (d.is)
                               for (const bid& b : d.bids) to.add(selling(b, *d.is, a));
                             d.auctions.push_back(a);
                           },
                           [&](const bid& b) {
                             deeds& d = all[b.bidder];
                             if (d.is)
                               for (const auction& a : d.auctions) to.add(selling(b, *d.is, a));
                             d.bids.push_back(b);
                           }});
}

}  // namespace nexmark::by_hand

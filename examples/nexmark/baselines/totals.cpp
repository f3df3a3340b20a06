// SPDX-License-Identifier: BSD-3-Clause
#include "queries/totals.hpp"

#include "baselines/baselines.hpp"
#include "each_event.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace nexmark::by_hand {

namespace {

/// Bids, and different bidders and auctions: all, and by rank.
struct totals {
  std::uint64_t bids = 0;
  std::array<std::uint64_t, 3> bids_of{};
  using ids = boost::unordered_flat_set<std::int64_t>;
  ids bidders, auctions;
  std::array<ids, 3> bidders_of, auctions_of;

  void add(const bid& b) {
    const auto rank = static_cast<std::size_t>(rank_of(b.price));
    ++bids;
    ++bids_of[rank];
    bidders.insert(b.bidder);
    bidders_of[rank].insert(b.bidder);
    auctions.insert(b.auction);
    auctions_of[rank].insert(b.auction);
  }
  [[nodiscard]] bid_totals read() const {
    return {bids,
            bids_of[0],
            bids_of[1],
            bids_of[2],
            bidders.size(),
            bidders_of[0].size(),
            bidders_of[1].size(),
            bidders_of[2].size(),
            auctions.size(),
            auctions_of[0].size(),
            auctions_of[1].size(),
            auctions_of[2].size()};
  }
};

std::int64_t day_number(weir::timestamp at) { return at.time_since_epoch() / std::chrono::days{1}; }

}  // namespace

void q15(event_feed from, const setting&, tally& to) {
  boost::unordered_flat_map<std::int64_t, totals> days;
  each_event(from, [&](const bid& b) { days[day_number(b.date_time)].add(b); });
  for (const auto& [day, t] : days)
    to.add(day_totals{t.read(), weir::timestamp{day * std::chrono::days{1}}});
}

void q16(event_feed from, const setting&, tally& to) {
  struct channel_day : totals {
    std::int64_t minute = 0;
  };
  struct hash {
    using is_avalanching = void;
    std::size_t operator()(const std::pair<std::string_view, std::int64_t>& key) const {
      return std::hash<std::string_view>{}(key.first) ^
             random_numbers::fold(static_cast<std::uint64_t>(key.second), 0xe7037ed1a0b428dbULL);
    }
  };
  boost::unordered_flat_map<std::pair<std::string_view, std::int64_t>, channel_day, hash> days;
  each_event(from, [&](const bid& b) {
    channel_day& d = days[{b.channel.view(), day_number(b.date_time)}];
    d.add(b);
    d.minute = std::max(d.minute, minute_of(b.date_time));
  });
  for (const auto& [key, d] : days)
    to.add(channel_totals{d.read(), weir::text_ref::to_lasting(key.first),
                          weir::timestamp{key.second * std::chrono::days{1}}, d.minute});
}

void q17(event_feed from, const setting&, tally& to) {
  struct prices {
    std::uint64_t bids = 0;
    std::array<std::uint64_t, 3> bids_of{};
    std::int64_t least = std::numeric_limits<std::int64_t>::max(), most = 0, sum = 0;
  };
  boost::unordered_flat_map<std::pair<std::int64_t, std::int64_t>, prices> days;
  each_event(from, [&](const bid& b) {
    prices& x = days[{b.auction, day_number(b.date_time)}];
    ++x.bids;
    ++x.bids_of[static_cast<std::size_t>(rank_of(b.price))];
    x.least = std::min(x.least, b.price);
    x.most = std::max(x.most, b.price);
    x.sum += b.price;
  });
  for (const auto& [key, x] : days)
    to.add(auction_totals{key.first, weir::timestamp{key.second * std::chrono::days{1}}, x.bids,
                          x.bids_of[0], x.bids_of[1], x.bids_of[2], x.least, x.most,
                          x.sum / static_cast<std::int64_t>(x.bids), x.sum});
}

}  // namespace nexmark::by_hand

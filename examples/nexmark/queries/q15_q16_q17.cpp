// SPDX-License-Identifier: BSD-3-Clause
#include "queries/queries.hpp"
#include "queries/totals.hpp"
#include "streams.hpp"

#include <utility>

using namespace std::chrono_literals;

namespace nexmark {

namespace {

/// What is counted of a bid.
struct ranked_bid {
  std::int64_t auction = 0, bidder = 0;
  price_rank rank = price_rank::low;
};
BOOST_DESCRIBE_STRUCT(ranked_bid, (), (auction, bidder, rank))

ranked_bid ranked(const bid& b) { return {b.auction, b.bidder, rank_of(b.price)}; }

/// ... by channel.
struct channel_bid {
  std::int64_t auction = 0, bidder = 0;
  price_rank rank = price_rank::low;
  weir::text_ref channel;
  std::int64_t minute = 0;
};
BOOST_DESCRIBE_STRUCT(channel_bid, (), (auction, bidder, rank, channel, minute))

channel_bid with_channel(const bid& b) {
  return {b.auction, b.bidder, rank_of(b.price), b.channel, minute_of(b.date_time)};
}

template <price_rank Rank, class Bid>
bool has_rank(const Bid& b) {
  return b.rank == Rank;
}
/// A member of bids of a rank, to be counted once for each value.
template <price_rank Rank, class Bid>
auto of_rank(std::int64_t Bid::*member) {
  return weir::count_distinct(
      [member](const Bid& b) { return b.rank == Rank ? std::optional{b.*member} : std::nullopt; });
}

/// Calls `aggregate` with the twelve aggregates of `bid_totals`.
template <class Bid, class F>
auto with_totals(F aggregate) {
  using enum price_rank;
  constexpr auto bidder = &Bid::bidder;
  constexpr auto auction = &Bid::auction;
  return aggregate(weir::count{}, weir::count_if(has_rank<low, Bid>),
                   weir::count_if(has_rank<middle, Bid>), weir::count_if(has_rank<high, Bid>),
                   weir::count_distinct(bidder), of_rank<low>(bidder), of_rank<middle>(bidder),
                   of_rank<high>(bidder), weir::count_distinct(auction), of_rank<low>(auction),
                   of_rank<middle>(auction), of_rank<high>(auction));
}

}  // namespace

/// Bids, bidders and auctions of a day.
void q15(weir::pipeline& p, const setting& s, const tally_sink& to) {
  with_totals<ranked_bid>([&](auto... totals) {
    return bids(events(p, s), s)
        .map(ranked)
        .window(weir::tumbling{24h})
        .aggregate<bid_totals>(totals...)
        .named("totals of a day");
  }).map([](const auto& r) {
      return day_totals{r.value, r.window.start};
    }).to(to);
}

namespace {

/// The totals, and the last minute.
struct totals_and_minute {
  template <class... Totals>
  explicit totals_and_minute(std::optional<std::int64_t> m, Totals... all)
      : totals{all...}, minute(m.value_or(0)) {}
  totals_and_minute() = default;

  bid_totals totals;
  std::int64_t minute = 0;
};
BOOST_DESCRIBE_STRUCT(totals_and_minute, (), (totals, minute))

}  // namespace

/// Bids, bidders and auctions of a channel and day, and when the last bid was.
void q16(weir::pipeline& p, const setting& s, const tally_sink& to) {
  with_totals<channel_bid>([&](auto... totals) {
    return bids(events(p, s), s)
        .map(with_channel)
        .key_by(&channel_bid::channel)
        .window(weir::tumbling{24h})
        .aggregate<totals_and_minute>(weir::max(&channel_bid::minute), totals...)
        .named("totals of a channel and day");
  })
      .map([](const auto& r) {
        return channel_totals{r.value.totals, r.key, r.window.start, r.value.minute};
      })
      .to(to);
}

namespace {

struct offer_price {
  std::int64_t auction = 0, price = 0;
};
BOOST_DESCRIBE_STRUCT(offer_price, (), (auction, price))

template <price_rank Rank>
bool price_has(const offer_price& b) {
  return rank_of(b.price) == Rank;
}

}  // namespace

/// Prices of an auction and day.
void q17(weir::pipeline& p, const setting& s, const tally_sink& to) {
  using enum price_rank;
  constexpr auto price = &offer_price::price;
  bids(events(p, s), s)
      .map([](const bid& b) {
        return offer_price{b.auction, b.price};
      })
      .key_by(&offer_price::auction)
      .window(weir::tumbling{24h})
      .aggregate(weir::count{}, weir::count_if(price_has<low>), weir::count_if(price_has<middle>),
                 weir::count_if(price_has<high>), weir::min(price), weir::max(price),
                 weir::sum(price))
      .named("prices of an auction and day")
      .map([](const auto& r) {
        const auto& [count, rank1, rank2, rank3, least, most, sum] = r.value;
        return auction_totals{r.key,  r.window.start, count,
                              rank1,  rank2,          rank3,
                              *least, *most,          sum / static_cast<std::int64_t>(count),
                              sum};
      })
      .to(to);
}

}  // namespace nexmark

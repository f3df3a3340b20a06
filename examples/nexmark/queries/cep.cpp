// SPDX-License-Identifier: BSD-3-Clause
#include "queries/matches.hpp"
#include "queries/queries.hpp"
#include "streams.hpp"

using namespace std::chrono_literals;

namespace nexmark {

namespace {

using so_far = weir::match_so_far<priced>;
using found = weir::match<priced>;

/// The matches of a pattern in a bidder's bids on an auction.
auto detect(weir::pipeline& p, const setting& s, const weir::pattern<priced>& pattern) {
  return bids(events(p, s), s)
      .map([](const bid& b) {
        return priced{b.date_time, b.auction, b.bidder, b.price};
      })
      .key_by([](const priced& b) {
        return auction_and_bidder{b.auction, b.bidder};
      })
      .detect(pattern, {.order = is_cheaper})
      .named("matches");
}

/// Whether an average stays low with another price.
bool stays_low(const priced& b, const so_far& m) {
  const auto n = static_cast<std::int64_t>(m.count("low"));
  const std::int64_t sum = n == 0 ? 0 : m.sum("low", &priced::price);
  return sum + b.price < low_average * (n + 1);
}

auto low_averages() {
  return weir::pattern<priced>("low").where(stays_low).one_or_more().consecutive().greedy().next(
      "end");
}

low_prices to_row(const found& m) {
  const auto low = m["low"];
  std::int64_t sum = 0;
  for (const priced& b : low) sum += b.price;
  return {low.front().auction, low.front().bidder, low.front().date_time, low.back().date_time,
          sum / static_cast<std::int64_t>(low.size())};
}

}  // namespace

/// Prices that fell twice or more, and then rose above the last but one.
void cep_q0(weir::pipeline& p, const setting& s, const tally_sink& to) {
  const auto turn = weir::pattern<priced>("start")
                        .next("down")
                        .where([](const priced& b, const so_far& m) {
                          const priced* last = m.last("down");
                          return b.price < (last != nullptr ? last : m.first("start"))->price;
                        })
                        .one_or_more()
                        .consecutive()
                        .next("up")
                        .where([](const priced& b, const so_far& m) {
                          const auto down = m["down"];
                          if (down.size() < 2) return false;
                          auto last_but_one = down.begin();
                          for (std::size_t i = 2; i < down.size(); ++i) ++last_but_one;
                          return b.price > last_but_one->price;
                        })
                        .skip(weir::skip_to_last("up"));
  detect(p, s, turn)
      .select([](const found& m) {
        const priced& start = m.first("start");
        return price_turn{start.auction, start.bidder, start.date_time, m["down"].back().date_time,
                          m.first("up").date_time};
      })
      .to(to);
}

/// Bids whose average price stays low, and the one that ends that.
void cep_q1(weir::pipeline& p, const setting& s, const tally_sink& to) {
  detect(p, s, low_averages().skip(weir::skip_past_last())).select(to_row).to(to);
}

/// The same, beginning with every bid.
void cep_q2(weir::pipeline& p, const setting& s, const tally_sink& to) {
  detect(p, s, low_averages().skip(weir::skip_to_next())).select(to_row).to(to);
}

/// Prices that are lower by more than half a dollar within five seconds.
void cep_q3(weir::pipeline& p, const setting& s, const tally_sink& to) {
  const auto drop = weir::pattern<priced>("high")
                        .next("between")
                        .where([](const priced& b, const so_far& m) {
                          return b.price > m.first("high")->price - large_drop;
                        })
                        .one_or_more()
                        .consecutive()
                        .optional()
                        .next("low")
                        .where([](const priced& b, const so_far& m) {
                          return b.price < m.first("high")->price - large_drop;
                        })
                        .within(5s)
                        .skip(weir::skip_past_last());
  detect(p, s, drop)
      .select([](const found& m) {
        const priced& high = m.first("high");
        const priced& low = m.first("low");
        return price_drop{high.auction, high.bidder, low.date_time, high.price - low.price};
      })
      .to(to);
}

}  // namespace nexmark

// SPDX-License-Identifier: BSD-3-Clause
#include "queries/closed_auctions.hpp"

#include "baselines/baselines.hpp"
#include "each_event.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <deque>
#include <queue>
#include <vector>

namespace nexmark::by_hand {

namespace {

/// Calls `emit(auction, bid)` for each auction that was sold, in the order of their ends and ids.
template <class Auction, class Bid, class Emit>
class auction_room {
public:
  auction_room(weir::duration slack, Emit emit) : slack_(slack), emit_(std::move(emit)) {}

  void take(std::int64_t id, const Auction& a) {
    close_until(a.date_time - slack_);
    sale& s = sales_[id];
    s.known = true;
    s.of = a;
    for (const Bid& b : std::exchange(s.early, {})) offer_to(s, b);
    ends_.push({a.expires, id});
  }
  void take(std::int64_t id, const Bid& b) {
    sale& s = sales_[id];
    if (s.known)
      offer_to(s, b);
    else
      s.early.push_back(b);
  }
  void close_until(weir::timestamp at) {
    while (!ends_.empty() && ends_.top().first <= at) {
      const auto found = sales_.find(ends_.top().second);
      ends_.pop();
      if (found->second.sold) emit_(found->second.of, found->second.best);
      sales_.erase(found);
    }
  }

private:
  struct sale {
    Auction of;
    Bid best;
    bool known = false, sold = false;
    std::vector<Bid> early;
  };

  static void offer_to(sale& s, const Bid& b) {
    if (b.date_time < s.of.date_time || b.date_time > s.of.expires) return;
    if (!s.sold || wins(b, s.best)) s.best = b;
    s.sold = true;
  }

  using ending = std::pair<weir::timestamp, std::int64_t>;

  weir::duration slack_;
  Emit emit_;
  boost::unordered_flat_map<std::int64_t, sale> sales_;
  std::priority_queue<ending, std::vector<ending>, std::greater<>> ends_;
};

template <class Emit>
void winning_prices(event_feed& from, const setting& s, std::int64_t auction::*group, Emit emit) {
  auction_room<open_auction, offer, Emit> room{s.out_of_orderness, std::move(emit)};
  each_event(from, each_of{[&](const auction& a) {
                             room.take(a.id, open_auction{a.date_time, a.expires, a.id, a.*group});
                           },
                           [&](const bid& b) {
                             room.take(b.auction, offer{b.date_time, b.auction, b.price});
                           }});
  room.close_until(weir::max_timestamp);
}

}  // namespace

void q4(event_feed from, const setting& s, tally& to) {
  struct total {
    std::int64_t count = 0, sum = 0;
  };
  boost::unordered_flat_map<std::int64_t, total> totals;
  winning_prices(from, s, &auction::category, [&](const open_auction& a, const offer& b) {
    total& t = totals[a.group];
    if (t.count != 0) to.remove(category_average{a.group, t.sum / t.count});
    ++t.count;
    t.sum += b.price;
    to.add(category_average{a.group, t.sum / t.count});
  });
}

void q6(event_feed from, const setting& s, tally& to) {
  struct last {
    std::deque<std::int64_t> prices;
    std::int64_t sum = 0;
  };
  boost::unordered_flat_map<std::int64_t, last> sellers;
  winning_prices(from, s, &auction::seller, [&](const open_auction& a, const offer& b) {
    last& l = sellers[a.group];
    if (l.prices.size() == 11) {
      l.sum -= l.prices.front();
      l.prices.pop_front();
    }
    l.prices.push_back(b.price);
    l.sum += b.price;
    to.add(seller_average{a.group, l.sum / static_cast<std::int64_t>(l.prices.size())});
  });
}

void q9(event_feed from, const setting& s, tally& to) {
  const auto emit = [&](const auction& a, const bid& b) { to.add(won(a, b)); };
  auction_room<auction, bid, decltype(emit)> room{s.out_of_orderness, emit};
  each_event(from, each_of{[&](const auction& a) { room.take(a.id, a); },
                           [&](const bid& b) { room.take(b.auction, b); }});
  room.close_until(weir::max_timestamp);
}

}  // namespace nexmark::by_hand

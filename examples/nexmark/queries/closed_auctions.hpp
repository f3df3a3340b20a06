// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"
#include "weir/stream.hpp"

#include <optional>
#include <tuple>
#include <utility>

/// Auctions and the bid that won each: the rows of the queries that ask about them, and how the
/// winner is found.
namespace nexmark {

struct category_average {
  std::int64_t category = 0, average = 0;

  friend bool operator==(const category_average&, const category_average&) = default;
};
BOOST_DESCRIBE_STRUCT(category_average, (), (category, average))

struct seller_average {
  std::int64_t seller = 0, avg_price = 0;
};
BOOST_DESCRIBE_STRUCT(seller_average, (), (seller, avg_price))

struct won_auction {
  std::int64_t id = 0;
  weir::text_ref item_name, description;
  std::int64_t initial_bid = 0, reserve = 0;
  weir::timestamp date_time, expires;
  std::int64_t seller = 0, category = 0;
  weir::text_ref extra;
  std::int64_t auction = 0, bidder = 0, price = 0;
  weir::timestamp bid_date_time;
  weir::text_ref bid_extra;
};
BOOST_DESCRIBE_STRUCT(won_auction, (),
                      (id, item_name, description, initial_bid, reserve, date_time, expires, seller,
                       category, extra, auction, bidder, price, bid_date_time, bid_extra))

inline won_auction won(const auction& a, const bid& b) {
  return {a.id,        a.item_name, a.description, a.initial_bid, a.reserve,
          a.date_time, a.expires,   a.seller,      a.category,    a.extra,
          b.auction,   b.bidder,    b.price,       b.date_time,   b.extra};
}

/// Whether `b` wins over `a`: the higher price, then the earlier time, then whatever tells them
/// apart, so that the order of arrival does not matter.
template <class Bid>
bool wins(const Bid& b, const Bid& a) {
  if (b.price != a.price) return b.price > a.price;
  return b < a;
}

/// What the queries need of an auction and of a bid to find a winner's price.
struct open_auction {
  weir::timestamp date_time, expires;
  std::int64_t id = 0, group = 0;  ///< The category, or the seller.
};
BOOST_DESCRIBE_STRUCT(open_auction, (), (date_time, expires, id, group))
struct offer {
  weir::timestamp date_time;
  std::int64_t auction = 0, price = 0;

  friend auto operator<=>(const offer&, const offer&) = default;
};
BOOST_DESCRIBE_STRUCT(offer, (), (date_time, auction, price))

/// Finds the bid that wins each auction: the best that came from its beginning up to and with its
/// end. Emits both when the watermark has reached the end. Streams may bring a bid before its
/// auction; what is not there when event time has reached the bid never comes.
template <class Auction, class Bid>
class winning_bid {
public:
  using output = std::pair<Auction, Bid>;
  using context = weir::process_context<std::int64_t, output>;

  auto states() { return std::tie(open_, early_); }

  void on_event(const Auction& a, context& c) {
    sale now{a, {}};
    for (const Bid& b : early_.get()) now.take(b);
    early_.erase();
    open_.put(now);
    c.set_event_timer(a.expires);
  }

  void on_event(const Bid& b, context& c) {
    if (open_.get() != nullptr) {
      open_.update([&](sale& s) { s.take(b); });
    } else if (b.date_time > c.watermark()) {
      if (early_.get().empty()) c.set_event_timer(b.date_time);
      early_.append(b);
    }
  }

  void on_timer(weir::timestamp at, context& c) {
    const sale* s = open_.get();
    if (s == nullptr) return drop_early(at, c);
    if (at < s->of.expires) return;
    if (s->best) c.emit({s->of, *s->best});
    open_.erase();
  }

private:
  struct sale {
    Auction of;
    std::optional<Bid> best;
    BOOST_DESCRIBE_CLASS(sale, (), (of, best), (), ())

    void take(const Bid& b) {
      if (b.date_time < of.date_time || b.date_time > of.expires) return;
      if (!best || wins(b, *best)) best = b;
    }
  };

  void drop_early(weir::timestamp at, context& c) {
    std::vector<Bid> later;
    for (const Bid& b : early_.get())
      if (b.date_time > at) later.push_back(b);
    if (later.empty()) return early_.erase();
    c.set_event_timer(later.front().date_time);
    early_.put(std::move(later));
  }

  weir::value_state<sale> open_{"open"};
  weir::list_state<Bid> early_{"early"};  ///< Bids on an auction that has not come.
};

}  // namespace nexmark

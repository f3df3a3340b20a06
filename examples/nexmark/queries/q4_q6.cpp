// SPDX-License-Identifier: BSD-3-Clause
#include "queries/closed_auctions.hpp"
#include "queries/queries.hpp"
#include "streams.hpp"

#include <algorithm>

namespace nexmark {

namespace {

using sold = std::pair<open_auction, offer>;

/// The winning prices, as auctions of a group: what `group` says.
auto winning_prices(weir::stream<event> all, const setting& s, std::int64_t auction::*group) {
  auto offers = bids(all, s).map([](const bid& b) {
    return offer{b.date_time, b.auction, b.price};
  });
  return auctions(all, s)
      .map([group](const auction& a) {
        return open_auction{a.date_time, a.expires, a.id, a.*group};
      })
      .key_by(&open_auction::id)
      .connect(std::move(offers).key_by(&offer::auction))
      .process(winning_bid<open_auction, offer>{})
      .named("winning prices");
}

std::int64_t group_of(const sold& x) { return x.first.group; }

struct total {
  std::int64_t count = 0, sum = 0;
};
BOOST_DESCRIBE_STRUCT(total, (), (count, sum))

struct ended {
  weir::timestamp at;
  std::int64_t id = 0, price = 0;
  friend auto operator<=>(const ended&, const ended&) = default;
};
BOOST_DESCRIBE_STRUCT(ended, (), (at, id, price))

/// The average of what a category's auctions were sold for, anew with each.
class averages {
public:
  using output = weir::change<category_average>;
  using context = weir::process_context<std::int64_t, output>;

  auto states() { return std::tie(total_); }

  void on_event(const sold& x, context& c) {
    const total* before = total_.get();
    const auto row = [&](const total& t) { return category_average{c.key(), t.sum / t.count}; };
    output made{weir::change_kind::insert, {}, {}};
    if (before != nullptr) {
      made.kind = weir::change_kind::update;
      made.previous = row(*before);
    }
    total_.update([&](total& t) {
      ++t.count;
      t.sum += x.second.price;
      made.value = row(t);
    });
    c.emit(made);
  }

private:
  weir::value_state<total> total_{"total"};
};

/// The average of the last eleven auctions of a seller, at each. They count in the order in which
/// they ended; of those that ended together in the order of their ids.
class last_averages {
public:
  using output = seller_average;
  using context = weir::process_context<std::int64_t, output>;

  auto states() { return std::tie(ended_, prices_); }

  void on_event(const sold& x, context& c) {
    ended_.append({x.first.expires, x.first.id, x.second.price});
    c.set_event_timer(x.first.expires);
  }
  void on_timer(weir::timestamp at, context& c) {
    std::vector<ended> all{ended_.get().begin(), ended_.get().end()};
    std::sort(all.begin(), all.end());
    std::vector<std::int64_t> prices{prices_.get().begin(), prices_.get().end()};
    auto next = all.begin();
    for (; next != all.end() && next->at <= at; ++next) {
      if (prices.size() == 11) prices.erase(prices.begin());
      prices.push_back(next->price);
      std::int64_t sum = 0;
      for (const std::int64_t price : prices) sum += price;
      c.emit({c.key(), sum / static_cast<std::int64_t>(prices.size())});
    }
    all.erase(all.begin(), next);
    all.empty() ? ended_.erase() : ended_.put(std::move(all));
    prices_.put(std::move(prices));
  }

private:
  weir::list_state<ended> ended_{"ended"};
  weir::list_state<std::int64_t> prices_{"prices"};
};

}  // namespace

/// The average price of the auctions that are over, for each category.
void q4(weir::pipeline& p, const setting& s, const tally_sink& to) {
  winning_prices(events(p, s), s, &auction::category)
      .key_by(group_of)
      .process(averages{})
      .named("average of a category")
      .to(to);
}

/// The average price of a seller's last auctions.
void q6(weir::pipeline& p, const setting& s, const tally_sink& to) {
  winning_prices(events(p, s), s, &auction::seller)
      .key_by(group_of)
      .process(last_averages{})
      .named("average of a seller")
      .to(to);
}

}  // namespace nexmark

// SPDX-License-Identifier: BSD-3-Clause
#include "queries/queries.hpp"
#include "queries/windows.hpp"
#include "streams.hpp"

#include <functional>

using namespace std::chrono_literals;

namespace nexmark {

namespace {

using auction_window = weir::window_result<std::int64_t, std::uint64_t>;

/// All of the most, where `F` says how much an event is.
template <class T, class F>
class all_of_most {
public:
  using accumulator = std::vector<T>;

  explicit all_of_most(F f) : f_(std::move(f)) {}

  void add(accumulator& acc, const T& event) const {
    if (!acc.empty() && of(event) < of(acc.front())) return;
    if (!acc.empty() && of(acc.front()) < of(event)) acc.clear();
    acc.push_back(event);
  }
  void merge(accumulator& acc, const accumulator& other) const {
    for (const T& event : other) add(acc, event);
  }
  [[nodiscard]] accumulator result(const accumulator& acc) const { return acc; }

private:
  auto of(const T& event) const { return std::invoke(f_, event); }
  F f_;
};
template <class T, class R>
all_of_most(R T::*) -> all_of_most<T, R T::*>;

}  // namespace

/// The auctions with the most bids of the last ten seconds, every two seconds.
void q5(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s)
      .map(&bid::auction)
      .key_by(std::identity{})
      .window(weir::hopping{10s, 2s})
      .aggregate(weir::count{})
      .named("bids of an auction")
      .map([](const auction_window& w) {
        return auction_count{w.key, static_cast<std::int64_t>(w.value)};
      })
      .window(weir::tumbling{2s})  // which has the results of one of the hops
      .aggregate(all_of_most{&auction_count::num})
      .named("hottest auctions")
      .flat_map([](const auto& hottest) { return hottest.value; })
      .to(to);
}

/// The highest bids of every ten seconds.
void q7(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s)
      .window(weir::tumbling{10s})
      .aggregate(all_of_most{&bid::price})
      .named("highest bids")
      .flat_map<highest_bid>([](const auto& highest, auto emit) {
        for (const bid& b : highest.value)
          emit(highest_bid{b.auction, b.price, b.bidder, b.date_time, b.extra});
      })
      .to(to);
}

namespace {

/// Somebody who came, or who opened an auction.
struct appearance {
  std::int64_t id = 0;
  weir::text_ref name;
  bool sells = false;
};
BOOST_DESCRIBE_STRUCT(appearance, (), (id, name, sells))

}  // namespace

/// Persons who opened an auction in the ten seconds in which they came.
void q8(weir::pipeline& p, const setting& s, const tally_sink& to) {
  auto all = events(p, s);
  auto sellers = auctions(all, s).map([](const auction& a) {
    return appearance{a.seller, {}, true};
  });
  persons(all, s)
      .map([](const person& x) {
        return appearance{x.id, x.name, false};
      })
      .union_with(std::move(sellers))
      .key_by(&appearance::id)
      .window(weir::tumbling{10s})
      .aggregate(weir::max(&appearance::name), weir::count_if(&appearance::sells), weir::count{})
      .named("appearances")
      .filter([](const auto& r) {
        const auto& [name, auctions, appearances] = r.value;
        return auctions != 0 && appearances > auctions;
      })
      .map([](const auto& r) {
        return new_seller{r.key, *std::get<0>(r.value), r.window.start};
      })
      .to(to);
}

}  // namespace nexmark

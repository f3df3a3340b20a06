// SPDX-License-Identifier: BSD-3-Clause
#include "queries/latest_and_best.hpp"
#include "queries/queries.hpp"
#include "streams.hpp"

#include <vector>

namespace nexmark {

namespace {

/// The last bid of a bidder on an auction, anew with each that is later.
class last_bid {
public:
  using output = weir::change<bid>;
  using context = weir::process_context<bidder_on_auction, output>;

  auto states() { return std::tie(last_); }

  void on_event(const bid& b, context& c) {
    const bid* before = last_.get();
    if (before == nullptr)
      c.emit({weir::change_kind::insert, b, {}});
    else if (is_later(b, *before))
      c.emit({weir::change_kind::update, b, *before});
    else
      return;
    last_.put(b);
  }

private:
  weir::value_state<bid> last_{"last"};
};

/// The ten highest bids on an auction. A bid that comes among them moves those behind it.
class best_bids {
public:
  using output = weir::change<placed_bid>;
  using context = weir::process_context<std::int64_t, output>;

  auto states() { return std::tie(best_); }

  void on_event(const bid& b, context& c) {
    const std::vector<bid>* now = best_.get();
    if (now != nullptr && now->size() == best_kept && !is_better(b, now->back())) return;
    best_.update([&](std::vector<bid>& best) {
      const auto at = best.insert(std::upper_bound(best.begin(), best.end(), b, is_better), b);
      for (auto i = static_cast<std::size_t>(at - best.begin()); i < best.size(); ++i) {
        const bool moved = i + 1 < best.size();
        if (i == best_kept) break;
        if (moved)
          c.emit({weir::change_kind::update, placed(best[i], i), placed(best[i + 1], i)});
        else
          c.emit({weir::change_kind::insert, placed(best[i], i), {}});
      }
      if (best.size() > best_kept) best.pop_back();
    });
  }

private:
  weir::value_state<std::vector<bid>> best_{"best"};
};

}  // namespace

/// The last bid of each bidder on each auction.
void q18(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s)
      .key_by([](const bid& b) {
        return bidder_on_auction{b.bidder, b.auction};
      })
      .process(last_bid{})
      .named("last bids")
      .to(to);
}

/// The ten highest bids on each auction.
void q19(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s).key_by(&bid::auction).process(best_bids{}).named("best bids").to(to);
}

}  // namespace nexmark

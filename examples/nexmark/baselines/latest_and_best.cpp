// SPDX-License-Identifier: BSD-3-Clause
#include "queries/latest_and_best.hpp"

#include "baselines/baselines.hpp"
#include "each_event.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <vector>

namespace nexmark::by_hand {

void q18(event_feed from, const setting&, tally& to) {
  boost::unordered_flat_map<std::pair<std::int64_t, std::int64_t>, bid> last;
  each_event(from, [&](const bid& b) {
    const auto [at, fresh] = last.try_emplace({b.bidder, b.auction}, b);
    if (!fresh && !is_later(b, at->second)) return;
    if (!fresh) to.remove(at->second);
    to.add(b);
    at->second = b;
  });
}

void q19(event_feed from, const setting&, tally& to) {
  boost::unordered_flat_map<std::int64_t, std::vector<bid>> auctions;
  each_event(from, [&](const bid& b) {
    std::vector<bid>& best = auctions[b.auction];
    if (best.size() == best_kept && !is_better(b, best.back())) return;
    const auto at = std::upper_bound(best.begin(), best.end(), b, is_better);
    for (auto i = static_cast<std::size_t>(at - best.begin()); i < best.size(); ++i) {
      to.remove(placed(best[i], i));
      if (i + 1 < best_kept) to.add(placed(best[i], i + 1));
    }
    to.add(placed(b, static_cast<std::size_t>(at - best.begin())));
    best.insert(at, b);
    if (best.size() > best_kept) best.pop_back();
  });
}

}  // namespace nexmark::by_hand

// SPDX-License-Identifier: BSD-3-Clause
#include "queries/matches.hpp"

#include "baselines/baselines.hpp"
#include "each_event.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <vector>

using namespace std::chrono_literals;

namespace nexmark::by_hand {

namespace {

/// Calls `f(priced)` for each bid in the order of their times, and of their prices where those are
/// equal. Events may be `slack` out of order, so they wait for so long.
template <class F>
void in_order(event_feed& from, weir::duration slack, F f) {
  std::map<weir::timestamp, std::vector<priced>> waiting;
  std::vector<std::vector<priced>> spare;
  const auto release = [&](weir::timestamp until) {
    while (!waiting.empty() && waiting.begin()->first < until) {
      std::vector<priced>& first = waiting.begin()->second;
      std::sort(first.begin(), first.end(), is_cheaper);
      for (const priced& b : first) f(b);
      first.clear();
      spare.push_back(std::move(first));
      waiting.erase(waiting.begin());
    }
  };
  weir::timestamp at{}, newest{};
  std::vector<priced>* of = nullptr;  // those of `at`
  each_event(from, [&](const bid& b) {
    if (b.date_time != at || of == nullptr) {
      at = b.date_time;
      if (at > newest) release((newest = at) - slack);
      const auto [place, fresh] = waiting.try_emplace(at);
      of = &place->second;
      if (fresh && !spare.empty()) {
        std::swap(*of, spare.back());
        spare.pop_back();
      }
    }
    of->push_back({b.date_time, b.auction, b.bidder, b.price});
  });
  release(weir::max_timestamp);
}

template <class State>
using by_key = boost::unordered_flat_map<std::pair<std::int64_t, std::int64_t>, State>;

}  // namespace

void cep_q0(event_feed from, const setting& s, tally& to) {
  struct falling {
    weir::timestamp start, last;
    std::int64_t price = 0, price_before = 0;
    int length = 0;  ///< The start counts.
  };
  by_key<falling> keys;
  in_order(from, s.out_of_orderness, [&](const priced& b) {
    falling& run = keys[{b.auction, b.bidder}];
    if (run.length != 0 && b.price < run.price) {
      ++run.length;
      run.price_before = run.price;
    } else {
      if (run.length >= 3 && b.price > run.price_before)
        to.add(price_turn{b.auction, b.bidder, run.start, run.last, b.date_time});
      run = {b.date_time, b.date_time, b.price, 0, 1};
    }
    run.price = b.price;
    run.last = b.date_time;
  });
}

namespace {

struct low_run {
  weir::timestamp start, last;
  std::int64_t sum = 0, count = 0;

  [[nodiscard]] bool takes(const priced& b) const {
    return sum + b.price < low_average * (count + 1);
  }
  void add(const priced& b) {
    if (count == 0) start = b.date_time;
    last = b.date_time;
    sum += b.price;
    ++count;
  }
  [[nodiscard]] low_prices row(const priced& b) const {
    return {b.auction, b.bidder, start, last, sum / count};
  }
};

}  // namespace

void cep_q1(event_feed from, const setting& s, tally& to) {
  struct open_run {
    low_run run;
    std::vector<priced> bids;
  };
  by_key<open_run> keys;
  in_order(from, s.out_of_orderness, [&](const priced& b) {
    open_run& x = keys[{b.auction, b.bidder}];
    if (x.run.takes(b)) {
      x.bids.push_back(b);
      return x.run.add(b);
    }
    if (x.run.count != 0) to.add(x.run.row(b));
    x.run = {};
    x.bids.clear();
  });
  // Of a run that the stream's end cuts off a later beginning may still have come to its end.
  for (const auto& [key, x] : keys)
    for (std::size_t first = 1; first < x.bids.size(); ++first) {
      low_run run;
      std::size_t end = first;
      for (; end < x.bids.size() && run.takes(x.bids[end]); ++end) run.add(x.bids[end]);
      if (run.count == 0 || end == x.bids.size()) continue;
      to.add(run.row(x.bids[end]));
      first = end;
    }
}

void cep_q2(event_feed from, const setting& s, tally& to) {
  by_key<std::vector<low_run>> keys;
  in_order(from, s.out_of_orderness, [&](const priced& b) {
    std::vector<low_run>& runs = keys[{b.auction, b.bidder}];
    std::erase_if(runs, [&](low_run& run) {
      if (run.takes(b)) {
        run.add(b);
        return false;
      }
      to.add(run.row(b));
      return true;
    });
    if (b.price >= low_average) return;
    runs.emplace_back().add(b);
  });
}

namespace {

/// Bids of a key from which a drop may begin, in order. A drop that was found waits until nothing
/// that began before it can lead to one.
class drops {
public:
  void take(const priced& b, tally& to) {
    ++number_;
    forget(b.date_time, to);
    for (begun& x : begun_) {
      if (x.end != 0) continue;
      if (b.price < x.from.price - large_drop) {
        x.end = number_;
        x.to = b;
      } else if (b.price == x.from.price - large_drop) {
        x.failed = true;
      }
    }
    begun_.push_back({number_, b});
    settle(to);
  }
  /// Lets go what is five seconds old.
  void forget(weir::timestamp now, tally& to) {
    for (begun& x : begun_)
      if (x.end == 0 && now - x.from.date_time >= 5s) x.failed = true;
    settle(to);
  }
  [[nodiscard]] bool empty() const { return begun_.empty(); }

private:
  struct begun {
    std::uint64_t number = 0;
    priced from;
    bool failed = false;
    std::uint64_t end = 0;
    priced to;
  };

  void settle(tally& to) {
    std::erase_if(begun_, [](const begun& x) { return x.failed; });
    while (!begun_.empty() && begun_.front().end != 0) {
      const begun x = begun_.front();
      to.add(price_drop{x.from.auction, x.from.bidder, x.to.date_time, x.from.price - x.to.price});
      while (!begun_.empty() && begun_.front().number <= x.end) begun_.pop_front();
    }
  }

  std::deque<begun> begun_;
  std::uint64_t number_ = 0;
};

}  // namespace

void cep_q3(event_feed from, const setting& s, tally& to) {
  by_key<drops> keys;
  weir::timestamp swept{};
  const auto sweep = [&](weir::timestamp now) {
    boost::unordered::erase_if(keys, [&](auto& x) {
      x.second.forget(now, to);
      return x.second.empty();
    });
  };
  in_order(from, s.out_of_orderness, [&](const priced& b) {
    keys[{b.auction, b.bidder}].take(b, to);
    if (b.date_time - swept < 5s) return;
    swept = b.date_time;
    sweep(swept);
  });
  sweep(weir::max_timestamp);
}

}  // namespace nexmark::by_hand

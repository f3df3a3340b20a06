// SPDX-License-Identifier: BSD-3-Clause
#include "queries/windows.hpp"

#include "baselines/baselines.hpp"
#include "each_event.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <chrono>
#include <map>

using namespace std::chrono_literals;

namespace nexmark::by_hand {

namespace {

using counts = boost::unordered_flat_map<std::int64_t, std::int64_t>;

std::int64_t number_of(weir::timestamp at, weir::duration size) {
  return at.time_since_epoch() / size;
}

/// Windows of one size by their number, closed in order once time is `slack` past their end.
template <class Window>
class tumbling_windows {
public:
  tumbling_windows(weir::duration size, weir::duration slack) : size_(size), slack_(slack) {}

  /// Returns the window of `at`; calls `close(number, window)` for those that it ends.
  template <class Close>
  Window& of(weir::timestamp at, Close close) {
    const std::int64_t number = number_of(at, size_);
    if (number == number_ && current_ != nullptr) return *current_;
    while (!open_.empty() && open_.begin()->first < number_of(at - slack_, size_)) pop(close);
    number_ = number;
    current_ = &open_[number];
    return *current_;
  }
  template <class Close>
  void end(Close close) {
    while (!open_.empty()) pop(close);
  }

private:
  template <class Close>
  void pop(Close close) {
    close(open_.begin()->first, open_.begin()->second);
    open_.erase(open_.begin());
    current_ = nullptr;
  }

  weir::duration size_, slack_;
  std::map<std::int64_t, Window> open_;
  std::int64_t number_ = 0;
  Window* current_ = nullptr;
};

/// Counts of the last five panes.
class hop_counts {
public:
  explicit hop_counts(tally& to) : to_(&to) {}

  /// Adds the pane `number`, whose end is that of a window.
  void add(std::int64_t number, const counts& pane) {
    for (; !panes_.empty() && next_ < number; ++next_) turn(counts{});
    next_ = number + 1;
    turn(pane);
  }
  void end() {
    for (int i = 1; i < hops; ++i) turn(counts{});
  }

private:
  static constexpr int hops = 5;

  void turn(const counts& pane) {
    for (const auto& [auction, n] : pane) total_[auction] += n;
    panes_.push_back(pane);
    if (panes_.size() > hops) {
      for (const auto& [auction, n] : panes_.front()) {
        const auto at = total_.find(auction);
        if ((at->second -= n) == 0) total_.erase(at);
      }
      panes_.erase(panes_.begin());
    }
    std::int64_t most = 0;
    for (const auto& [auction, n] : total_) most = std::max(most, n);
    for (const auto& [auction, n] : total_)
      if (n == most) to_->add(auction_count{auction, n});
    if (total_.empty()) panes_.clear();
  }

  tally* to_;
  std::vector<counts> panes_;
  counts total_;
  std::int64_t next_ = 0;
};

}  // namespace

void q5(event_feed from, const setting& s, tally& to) {
  tumbling_windows<counts> panes{2s, s.out_of_orderness};
  hop_counts hops{to};
  const auto close = [&](std::int64_t number, const counts& pane) { hops.add(number, pane); };
  each_event(from, [&](const bid& b) { ++panes.of(b.date_time, close)[b.auction]; });
  panes.end(close);
  hops.end();
}

void q7(event_feed from, const setting& s, tally& to) {
  tumbling_windows<std::vector<bid>> windows{10s, s.out_of_orderness};
  const auto close = [&](std::int64_t, const std::vector<bid>& highest) {
    for (const bid& b : highest)
      to.add(highest_bid{b.auction, b.price, b.bidder, b.date_time, b.extra});
  };
  each_event(from, [&](const bid& b) {
    std::vector<bid>& highest = windows.of(b.date_time, close);
    if (!highest.empty() && b.price < highest.front().price) return;
    if (!highest.empty() && b.price > highest.front().price) highest.clear();
    highest.push_back(b);
  });
  windows.end(close);
}

void q8(event_feed from, const setting& s, tally& to) {
  struct window {
    boost::unordered_flat_map<std::int64_t, weir::text_ref> persons;
    boost::unordered_flat_set<std::int64_t> sellers;
  };
  tumbling_windows<window> windows{10s, s.out_of_orderness};
  const auto close = [&](std::int64_t number, const window& w) {
    for (const auto& [id, name] : w.persons)
      if (w.sellers.contains(id)) to.add(new_seller{id, name, weir::timestamp{number * 10s}});
  };
  each_event(
      from,
      each_of{
          [&](const person& x) { windows.of(x.date_time, close).persons.emplace(x.id, x.name); },
          [&](const auction& a) { windows.of(a.date_time, close).sellers.insert(a.seller); }});
  windows.end(close);
}

void q11(event_feed from, const setting& s, tally& to) {
  struct session {
    weir::timestamp first, last;
    std::int64_t count = 0;
  };
  constexpr auto gap = 10s;
  boost::unordered_flat_map<std::int64_t, session> open;
  weir::timestamp swept{};
  const auto emit = [&](std::int64_t bidder, const session& x) {
    to.add(bidder_session{bidder, x.count, x.first, x.last + gap});
  };
  each_event(from, [&](const bid& b) {
    const weir::timestamp at = b.date_time;
    const auto [found, fresh] = open.try_emplace(b.bidder, session{at, at, 0});
    session& x = found->second;
    if (!fresh && at - x.last > gap) {
      emit(b.bidder, x);
      x = {at, at, 0};
    }
    x.first = std::min(x.first, at);
    x.last = std::max(x.last, at);
    ++x.count;
    if (at - swept < gap) return;
    swept = at;
    boost::unordered::erase_if(open, [&](const auto& of) {
      const bool over = of.second.last + gap + s.out_of_orderness < at;
      if (over) emit(of.first, of.second);
      return over;
    });
  });
  for (const auto& [bidder, x] : open) emit(bidder, x);
}

void q12(event_feed from, const setting&, tally& to) {
  counts bidders;
  std::int64_t window = 0;
  const auto close = [&] {
    for (const auto& [bidder, n] : bidders) to.add(bidder_count{bidder, n});
    bidders.clear();
  };
  for (auto some = from.next(); !some.empty(); some = from.next()) {
    const std::int64_t now = std::chrono::system_clock::now().time_since_epoch() / 10s;
    if (now != std::exchange(window, now)) close();
    for (const event& e : some)
      if (const auto* b = std::get_if<bid>(&e)) ++bidders[b->bidder];
  }
  close();
}

}  // namespace nexmark::by_hand

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/enrich/enrich_options.hpp"
#include "weir/state/keyed_table.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

namespace weir::operators {

/// A key that is being asked for, however many events wait for it.
template <class K>
struct flight {
  enum class state : std::uint8_t { free, gathered, asked, backing_off };

  K key{};
  state now = state::free;
  std::uint32_t first = std::numeric_limits<std::uint32_t>::max();  ///< Of the events that wait.
  std::uint32_t last = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t failures = 0;
  std::uint32_t generation = 0;  ///< How often the slot has been used.
  std::uint64_t request = 0;     ///< That it was asked in.
};

/// The keys an enrichment asks for: gathered into requests, backing off after failures. Never asks
/// for more than `most` at a time. Constant time a key, logarithmic for those that back off.
template <class K>
class flights {
public:
  using slot = std::uint32_t;
  using state = typename flight<K>::state;

  flights(std::size_t batch, std::size_t most)
      : batch_(std::max<std::size_t>(1, batch)), most_(most) {}

  /// Returns the key's flight and whether it is new: gathered, to be asked for.
  std::pair<slot, bool> join(const K& key) {
    const auto [at, fresh] = index_.try_emplace(key, slot{0});
    if (!fresh) return {*at, false};
    if (free_.empty()) {
      slots_.emplace_back();
      *at = static_cast<slot>(slots_.size() - 1);
    } else {
      *at = free_.back();
      free_.pop_back();
    }
    flight<K>& f = slots_[*at];
    f.key = key;
    f.first = f.last = std::numeric_limits<std::uint32_t>::max();
    f.failures = 0;
    gather(*at);
    return {*at, true};
  }
  [[nodiscard]] flight<K>& operator[](slot s) { return slots_[s]; }

  /// Whether there is a full request to send.
  [[nodiscard]] bool full_request() const noexcept {
    return gathered_.size() >= batch_ && most_ - asked_ >= batch_;
  }
  /// Whether there is anything to send, and little enough under way for it to be worthwhile.
  [[nodiscard]] bool small_request() const noexcept {
    return !gathered_.empty() && asked_ < most_ && requests_.size() < few;
  }

  /// Takes the next keys as a request's payload; `sent` must follow.
  [[nodiscard]] bytes make_request() {
    const std::size_t n = std::min({batch_, gathered_.size(), most_ - asked_});
    bytes payload;
    making_.clear();
    while (making_.size() < n && !gathered_.empty()) {
      const noted next = gathered_.front();
      gathered_.pop_front();
      if (!is(next, state::gathered)) continue;
      encode(slots_[next.of].key, payload);
      making_.push_back(next);
    }
    return payload;
  }
  void sent(std::uint64_t request, timestamp now) {
    if (making_.empty()) return;
    for (const noted& n : making_) {
      slots_[n.of].now = state::asked;
      slots_[n.of].request = request;
    }
    asked_ += making_.size();
    const std::size_t left = making_.size();
    requests_[request] = {std::move(making_), left, now};
    making_ = {};
  }

  /// Calls `f(slot)` for each key of an answered request, in their order; with `no flight` for one
  /// that was given up since. `f` must `end` or `back_off` each. Answers when it was asked, or
  /// `max_timestamp` if nobody waits for it.
  template <class F>
  timestamp answered(std::uint64_t request, F f) {
    const auto at = requests_.find(request);
    if (at == requests_.end()) return max_timestamp;
    const under_way of = std::move(at->second);
    requests_.erase(at);
    for (const noted& n : of.keys) {
      const bool waits = is(n, state::asked) && slots_[n.of].request == request;
      f(waits ? n.of : gone);
    }
    return of.since;
  }
  static constexpr slot gone = std::numeric_limits<slot>::max();

  void end(slot s) {
    leave_request(s);
    flight<K>& f = slots_[s];
    f.now = state::free;
    ++f.generation;
    index_.erase(f.key);
    free_.push_back(s);
  }
  void back_off(slot s, timestamp until) {
    leave_request(s);
    slots_[s].now = state::backing_off;
    backing_off_.push_back({s, slots_[s].generation, until});
    std::push_heap(backing_off_.begin(), backing_off_.end(), later);
  }

  /// When the next key may be asked for again; `max_timestamp` if none backs off.
  [[nodiscard]] timestamp next_try() {
    while (!backing_off_.empty() && !is(backing_off_.front(), state::backing_off)) pop();
    return backing_off_.empty() ? max_timestamp : backing_off_.front().until;
  }
  /// Gathers those whose back-off is over. Answers how many.
  std::size_t try_again(timestamp now) {
    std::size_t n = 0;
    for (; next_try() <= now; ++n) {
      const slot s = backing_off_.front().of;
      pop();
      gather(s);
    }
    return n;
  }

  [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }
  [[nodiscard]] bool any_gathered() const noexcept { return !gathered_.empty(); }

private:
  /// A flight as it was noted somewhere; it may have ended since.
  struct noted {
    slot of;
    std::uint32_t generation;
    timestamp until{};
  };
  struct under_way {
    std::vector<noted> keys;
    std::size_t left = 0;  ///< Keys that somebody still waits for.
    timestamp since;
  };
  /// Requests under way below which it isn't worth it to wait for a full one.
  static constexpr std::size_t few = 2;

  static bool later(const noted& a, const noted& b) noexcept { return a.until > b.until; }
  [[nodiscard]] bool is(const noted& n, state what) const {
    return slots_[n.of].generation == n.generation && slots_[n.of].now == what;
  }
  void gather(slot s) {
    slots_[s].now = state::gathered;
    gathered_.push_back({s, slots_[s].generation});
  }
  void pop() {
    std::pop_heap(backing_off_.begin(), backing_off_.end(), later);
    backing_off_.pop_back();
  }
  /// A request that nobody waits for any more is forgotten: its answer may never come.
  void leave_request(slot s) {
    if (slots_[s].now != state::asked) return;
    --asked_;
    const auto at = requests_.find(slots_[s].request);
    if (at != requests_.end() && --at->second.left == 0) requests_.erase(at);
  }

  std::size_t batch_;
  std::size_t most_;
  keyed_table<K, slot> index_;
  std::vector<flight<K>> slots_;
  std::vector<slot> free_;
  std::deque<noted> gathered_;
  std::vector<noted> making_;
  boost::unordered_flat_map<std::uint64_t, under_way> requests_;
  std::vector<noted> backing_off_;  ///< A heap, the next in front.
  std::size_t asked_ = 0;
};

}  // namespace weir::operators

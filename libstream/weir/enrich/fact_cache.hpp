// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/enrich/enrich_options.hpp"
#include "weir/state/keyed_slots.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

namespace weir::operators {

/// Answers by key, at most so many: what wasn't asked for since the hand came by last goes first
/// (Corbató's CLOCK). Constant time on average.
template <class K, class R>
class fact_cache {
public:
  struct entry {
    std::optional<R> fact{};
    timestamp until;
    timestamp refresh_at;
    bool used = false;
  };

  explicit fact_cache(const cache_options& options) : options_(options) {}

  [[nodiscard]] bool enabled() const noexcept { return options_.entries != 0; }

  /// Returns what is known of a key, or null; not for longer than until the next `put`.
  [[nodiscard]] entry* find(const K& key, timestamp now) {
    entry* e = entries_.find(key);
    if (e == nullptr || e->until <= now) return nullptr;
    e->used = true;
    return e;
  }

  /// Notes an answer; whether another key had to go that was still good.
  bool put(const K& key, std::optional<R> fact, timestamp now) {
    const duration ttl = fact ? options_.ttl : options_.negative_ttl;
    if (!enabled() || ttl == duration{0}) return false;
    bool evicted = false;
    entry* e = entries_.find(key);
    if (e == nullptr) {
      if (entries_.size() >= options_.entries) evicted = make_room(now);
      e = &entries_[entries_.enter(key)];
    }
    e->fact = std::move(fact);
    e->until = saturating_add(now, ttl);
    e->refresh_at = refresh_time(now, ttl);
    return evicted;
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// For `fetch_ahead`.
  [[nodiscard]] const keyed_slots<K, entry>& slots() const noexcept { return entries_; }

private:
  [[nodiscard]] timestamp refresh_time(timestamp now, duration ttl) const {
    if (options_.refresh_ahead >= 1) return max_timestamp;
    const double micros = static_cast<double>(ttl.count()) * options_.refresh_ahead;
    return saturating_add(now, duration{std::llround(micros)});
  }

  /// Lets the next key go that wasn't asked for; whether it was still good. All slots are in use:
  /// one becomes free only to be used again at once.
  bool make_room(timestamp now) {
    while (true) {
      if (hand_ == entries_.size()) hand_ = 0;
      const std::uint32_t slot = hand_++;
      entry& e = entries_[slot];
      if (e.until > now && std::exchange(e.used, false)) continue;
      const bool was_good = e.until > now;
      entries_.leave(slot);
      return was_good;
    }
  }

  cache_options options_;
  keyed_slots<K, entry> entries_;
  std::uint32_t hand_ = 0;
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/enrich/enrich_options.hpp"
#include "weir/state/keyed_table.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace weir::operators {

/// Answers by key, at most so many: what wasn't asked for since the hand came by last goes first
/// (Corbató's CLOCK). Constant time on average.
template <class K, class R>
class fact_cache {
public:
  struct entry {
    K key;
    std::optional<R> fact;
    timestamp until;
    timestamp refresh_at;
    bool used = false;
  };

  explicit fact_cache(const cache_options& options) : options_(options) {}

  [[nodiscard]] bool enabled() const noexcept { return options_.entries != 0; }

  /// Returns what is known of a key, or null; not for longer than until the next `put`.
  [[nodiscard]] entry* find(const K& key, timestamp now) {
    const std::uint32_t* at = index_.find(key);
    if (at == nullptr) return nullptr;
    entry& e = entries_[*at];
    if (e.until <= now) return nullptr;
    e.used = true;
    return &e;
  }

  /// Notes an answer; whether another key had to go that was still good.
  bool put(const K& key, std::optional<R> fact, timestamp now) {
    const duration ttl = fact ? options_.ttl : options_.negative_ttl;
    if (!enabled() || ttl == duration{0}) return false;
    const auto [at, fresh] = index_.try_emplace(key, std::uint32_t{0});
    bool evicted = false;
    if (fresh) *at = room(now, evicted);
    const std::uint32_t place = *at;
    if (place == entries_.size())
      entries_.push_back({key, std::move(fact), {}, {}});
    else if (fresh)
      entries_[place] = {key, std::move(fact), {}, {}};
    else
      entries_[place].fact = std::move(fact);
    entries_[place].until = saturating_add(now, ttl);
    entries_[place].refresh_at = refresh_time(now, ttl);
    return evicted;
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  [[nodiscard]] timestamp refresh_time(timestamp now, duration ttl) const {
    if (options_.refresh_ahead >= 1) return max_timestamp;
    const double micros = static_cast<double>(ttl.count()) * options_.refresh_ahead;
    return saturating_add(now, duration{std::llround(micros)});
  }

  /// Finds a place for a new key, whose index entry is there already.
  std::uint32_t room(timestamp now, bool& evicted) {
    if (entries_.size() < options_.entries) return static_cast<std::uint32_t>(entries_.size());
    while (true) {
      if (hand_ == entries_.size()) hand_ = 0;
      entry& e = entries_[hand_++];
      if (e.until > now && std::exchange(e.used, false)) continue;
      evicted = e.until > now;
      index_.erase(e.key);
      return static_cast<std::uint32_t>(hand_ - 1);
    }
  }

  cache_options options_;
  keyed_table<K, std::uint32_t> index_;
  std::vector<entry> entries_;
  std::size_t hand_ = 0;
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/core/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace weir {

/// Which order an enrichment keeps.
enum class enrich_order : std::uint8_t {
  by_key,  ///< Of events with the same key: the stream's, or the look-up's where it has none.
  whole,   ///< Of all events of an instance: a slow answer holds up all that came behind it.
  none,    ///< Events leave as their facts come.
};

struct pass_through_t {};
struct as_dead_letter_t {};
/// Hands the event on without a fact.
inline constexpr pass_through_t pass_through{};
/// Keeps the event as a dead letter.
inline constexpr as_dead_letter_t as_dead_letter{};

/// What becomes of an event whose fact can't be had: `as_dead_letter`, `pass_through`, or a value
/// to take in its place.
template <class R>
class instead {
public:
  instead(as_dead_letter_t) {}
  instead(pass_through_t) : hands_on_(true) {}
  instead(R value) : hands_on_(true), value_(std::move(value)) {}

  [[nodiscard]] bool hands_on() const noexcept { return hands_on_; }
  [[nodiscard]] const std::optional<R>& value() const noexcept { return value_; }

private:
  bool hands_on_ = false;
  std::optional<R> value_;
};

/// When a look-up that failed is tried again.
struct retry_options {
  static constexpr std::uint32_t for_ever = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t tries = 2;                           ///< Further tries.
  duration backoff = std::chrono::milliseconds{50};  ///< Before the first; doubles with each.
  duration most = std::chrono::seconds{5};           ///< The longest back-off.
  double jitter = 0.5;  ///< Share of the back-off that chance takes off, between 0 and 1.
};

/// What an instance remembers of answers, in memory only.
struct cache_options {
  std::size_t entries = 0;                          ///< Keys, at most; 0 for no cache.
  duration ttl = std::chrono::minutes{10};          ///< How long a fact is good.
  duration negative_ttl = std::chrono::minutes{1};  ///< How long "there is none" is good; 0: never.
  /// The share of its time after which a fact that is still in use is asked for again, while it
  /// goes on to be used: 0.8, say. 1 or more: never.
  double refresh_ahead = 1;
};

/// How a stream is enriched. Times are wall-clock time.
template <class R>
struct enrich_options {
  /// Events that may wait for facts in an instance. At that the stage takes no further batch, so
  /// one batch more at most; and it never asks for more keys than this at a time.
  std::size_t capacity = 4096;
  duration timeout = std::chrono::seconds{10};  ///< The longest wait, all tries together; 0: none.
  enrich_order order = enrich_order::by_key;
  instead<R> on_timeout = as_dead_letter;
  instead<R> on_error = as_dead_letter;
  retry_options retry{};
  cache_options cache{};

  /// Throws `weir::exception` if a setting makes no sense.
  void check() const {
    const auto refuse = [](const char* what) {
      throw exception({errc::invalid_argument, std::string{"enrich(): "} + what});
    };
    if (capacity == 0) refuse("capacity is 0, so that no event could wait; use 1 or more");
    if (timeout < duration{0}) refuse("the timeout is negative; 0 is for none");
    if (retry.backoff < duration{0} || retry.most < duration{0})
      refuse("a retry's back-off is negative");
    if (!(retry.jitter >= 0 && retry.jitter <= 1)) refuse("retry.jitter must be between 0 and 1");
    if (cache.ttl < duration{0} || cache.negative_ttl < duration{0})
      refuse("a cache's time to live is negative");
    if (!(cache.refresh_ahead > 0)) refuse("cache.refresh_ahead must be above 0");
  }
};

}  // namespace weir

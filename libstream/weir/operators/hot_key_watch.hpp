// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_write.hpp"
#include "weir/codec/key_hash.hpp"
#include "weir/flow/batch_observer.hpp"
#include "weir/metrics/space_saving.hpp"
#include "weir/metrics/stage_metrics.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace weir::operators {

/// How many events a value on a channel stands for.
template <class T>
struct event_weight {
  static constexpr std::uint64_t of(const T&) noexcept { return 1; }
};

/// Looks for the keys that have a large share of an instance's events. One event of `sample` on
/// average is counted, at random distances, so that no rhythm of the input hides a key; a batch
/// costs a comparison beside. Every 65,536 counted events the counts are halved.
template <class K, class T, class KeyOf>
class hot_key_watch final : public flow::batch_observer<T> {
public:
  hot_key_watch(KeyOf key_of, hot_key_options options, std::shared_ptr<stage_metrics> to)
      : key_of_(std::move(key_of)),
        sample_(std::max(1U, options.sample)),
        counts_(options.keys),
        to_(std::move(to)) {}

  void on_batch(const batch<T>& events) override {
    for (; next_ < events.size(); next_ += distance()) count(events.values[next_]);
    next_ -= events.size();
  }

private:
  static constexpr std::uint64_t remembered = 65'536;
  static constexpr std::size_t most_shown = 16;

  /// 1 to 2 * sample - 1, all alike: `sample` on average. Marsaglia's xorshift.
  std::size_t distance() noexcept {
    random_ ^= random_ << 13U;
    random_ ^= random_ >> 7U;
    random_ ^= random_ << 17U;
    return 1 + static_cast<std::size_t>(random_ % (2 * std::uint64_t{sample_} - 1));
  }

  void count(const T& event) {
    try {
      const K& key = std::invoke(key_of_, event);
      counts_.add(key, key_hash(key), event_weight<T>::of(event));
    } catch (...) {
      return;  // the event fails again where it is an event's failure
    }
    if (++counted_ >= show_at_) {
      show();
      show_at_ = counted_ + std::min<std::uint64_t>(counted_, 1'024);
    }
    if (counts_.total() >= remembered) counts_.age();
  }

  void show() {
    std::vector<hot_key> list;
    const auto total = static_cast<double>(counts_.total());
    auto entries = counts_.entries();
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.count - a.error > b.count - b.error; });
    for (const auto& e : entries) {
      if (e.count <= e.error || list.size() == most_shown) break;
      std::string text;
      if constexpr (json_type<K>) write_json(e.key, text);
      list.push_back({std::move(text), static_cast<double>(e.count - e.error) / total,
                      static_cast<double>(e.count) / total});
    }
    to_->hot_keys.put(std::move(list));
  }

  [[no_unique_address]] KeyOf key_of_;
  std::uint32_t sample_;
  space_saving<K> counts_;
  std::shared_ptr<stage_metrics> to_;
  std::size_t next_ = 0;  ///< The next event to count, from the beginning of the next batch.
  std::uint64_t random_ = 0x9E3779B97F4A7C15ULL;
  std::uint64_t counted_ = 0;
  std::uint64_t show_at_ = 64;
};

}  // namespace weir::operators

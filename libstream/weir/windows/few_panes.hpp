// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/pane_queue.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace weir::operators {

/// The panes of a key as `pane_queue` has them, for accumulators that are merged by an addition or
/// so. Where a window has few panes, each firing merges them anew, and a key whose events are all
/// in one pane takes no memory beside its entry; else it is a `pane_queue`.
template <class T, class Fold>
class few_panes {
  using queue = pane_queue<T, Fold>;
  using accumulator = typename Fold::accumulator;

public:
  /// Whether that pays for such accumulators.
  static constexpr bool suits =
      std::is_trivially_copyable_v<accumulator> && sizeof(accumulator) <= 16;
  static constexpr std::int64_t most = 8;  ///< Panes of a window.

  few_panes() = default;
  few_panes(const few_panes& other)
      : few_(other.few_), many_(other.many_ ? std::make_unique<queue>(*other.many_) : nullptr) {}
  few_panes(few_panes&&) noexcept = default;
  few_panes& operator=(const few_panes& other) { return *this = few_panes{other}; }
  few_panes& operator=(few_panes&&) noexcept = default;
  ~few_panes() = default;

  /// Says that windows have many panes, before the first. See `pane_queue::turn_early`.
  void turn_early(std::uint32_t panes) {
    many_ = std::make_unique<queue>();
    many_->turn_early(panes);
  }

  [[nodiscard]] bool empty() const noexcept { return many_ ? many_->empty() : few_.empty(); }
  [[nodiscard]] timestamp first_from(timestamp t) const {
    if (many_) return many_->first_from(t);
    for (const pane& p : few_)
      if (p.start >= t) return p.start;
    return max_timestamp;
  }
  void prefetch() const {
    if (many_) many_->prefetch();
  }

  void add(const Fold& fold, timestamp start, timestamp at, const T& event, timestamp at_time) {
    if (many_) return many_->add(fold, start, at, event, at_time);
    if (few_.empty() || few_.back().start != start)
      return add_elsewhere(fold, start, event, at_time);
    fold.add(few_.back().acc, event, at_time);
  }

  void drop_before(const Fold& fold, timestamp t) {
    if (many_) return many_->drop_before(fold, t);
    auto kept = few_.begin();
    while (kept != few_.end() && kept->start < t) ++kept;
    few_.erase(few_.begin(), kept);
  }

  template <class F>
  bool fire(const Fold& fold, timestamp from, timestamp to, F f) {
    if (many_) return many_->fire(fold, from, to, f);
    drop_before(fold, from);
    if (few_.empty() || few_.front().start >= to) return false;
    accumulator all = few_.front().acc;
    for (std::size_t i = 1; i < few_.size() && few_[i].start < to; ++i)
      fold.merge(all, few_[i].acc);
    f(std::as_const(all));
    return true;
  }

  using saved = typename queue::saved;
  void save(bytes& to) const {
    if (many_) return many_->save(to);
    encode(static_cast<std::uint32_t>(few_.size()), to);
    for (const pane& p : few_) {
      encode(p.start, to);
      encode(p.acc, to);
    }
  }
  bool load(byte_reader& from) {
    if (many_) return many_->load(from);
    std::uint32_t n = 0;
    if (!decode(from, n)) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      pane p{};
      if (!decode(from, p.start) || !decode(from, p.acc)) return false;
      few_.push_back(p);
    }
    return true;
  }

private:
  struct pane {
    timestamp start;
    accumulator acc;
  };

  void add_elsewhere(const Fold& fold, timestamp start, const T& event, timestamp at_time) {
    auto at = std::lower_bound(few_.begin(), few_.end(), start,
                               [](const pane& p, timestamp t) { return p.start < t; });
    if (at == few_.end() || at->start != start) at = few_.insert(at, pane{start, fold.init()});
    fold.add(at->acc, event, at_time);
  }

  boost::container::small_vector<pane, 1> few_;  ///< By start.
  std::unique_ptr<queue> many_;
};

}  // namespace weir::operators

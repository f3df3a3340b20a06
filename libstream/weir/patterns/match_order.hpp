// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/match_buffer.hpp"

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

namespace weir::patterns {

/// A match that is complete. Holds a reference to its path.
struct complete {
  node_id path = nowhere;
  std::uint64_t start = 0;  ///< Number of its first event.
  timestamp at;             ///< Its time in the stream.
};

/// The order of the matches of a key: by their beginning; of two that begin alike, the one whose
/// events come earlier, and the longer one if all of the other's are its own; of two with the same
/// events the one that took them for earlier steps.
class match_order {
public:
  /// Sorts matches. With `drops_repeats`, `drop(match)` gets those that took the same events for
  /// the same steps as one before. Costs the length of all paths, and comparing them.
  template <class T, class Drop>
  void sort(std::vector<complete>& all, const match_buffer<T>& buffer, bool drops_repeats,
            Drop drop) {
    read_paths(all, buffer);
    std::stable_sort(order_.begin(), order_.end(), [&](const entry& x, const entry& y) {
      const std::uint64_t a = all[x.at].start;
      const std::uint64_t b = all[y.at].start;
      return a != b ? a < b : precedes(path(x), path(y));
    });
    sorted_.clear();
    for (std::size_t k = 0; k < order_.size(); ++k)
      drops_repeats&& is_repeat(k) ? drop(all[order_[k].at]) : keep(all[order_[k].at]);
    all.assign(sorted_.begin(), sorted_.end());
  }

private:
  using taken = std::pair<std::uint64_t, std::uint16_t>;  ///< Number of the event, and the step.
  struct entry {
    std::size_t at, from, to;
  };

  template <class T>
  void read_paths(const std::vector<complete>& all, const match_buffer<T>& buffer) {
    taken_.clear();
    order_.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t from = taken_.size();
      for (node_id n = all[i].path; n != nowhere; n = buffer.parent(n))
        taken_.emplace_back(buffer.number(n), buffer.step(n));
      std::reverse(taken_.begin() + static_cast<std::ptrdiff_t>(from), taken_.end());
      order_.push_back({i, from, taken_.size()});
    }
  }
  [[nodiscard]] std::span<const taken> path(const entry& e) const {
    return std::span{taken_}.subspan(e.from, e.to - e.from);
  }

  static bool precedes(std::span<const taken> a, std::span<const taken> b) {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      if (a[i].first != b[i].first) return a[i].first < b[i].first;
    if (a.size() != b.size()) return a.size() > b.size();
    return std::ranges::lexicographical_compare(a, b);
  }

  /// Those with the same events lie side by side.
  [[nodiscard]] bool is_repeat(std::size_t k) const {
    const auto number = [](const taken& t) { return t.first; };
    for (std::size_t j = k; j-- != 0;) {
      if (!std::ranges::equal(path(order_[j]), path(order_[k]), {}, number, number)) return false;
      if (std::ranges::equal(path(order_[j]), path(order_[k]))) return true;
    }
    return false;
  }

  void keep(const complete& c) { sorted_.push_back(c); }

  std::vector<taken> taken_;
  std::vector<entry> order_;
  std::vector<complete> sorted_;
};

}  // namespace weir::patterns

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "patterns/naive_pattern.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace weir::test {

/// Lists every way to write a pattern out: how often each item repeats, which optional ones are
/// missing.
class naive_words {
public:
  enum class part { take, no, repeat, leave, cut };
  struct element {
    part what;
    const naive_item* item;
    contiguity how = contiguity::any;
    std::int64_t gap = 0;
    bool reached = false;  ///< Of a repeat: the loop may be left there.
    bool missing = false;  ///< Of a leave: the item took nothing.
    bool begun = false;    ///< Of a repeat: the loop had taken something.

    friend bool operator==(const element&, const element&) = default;
  };
  /// A way to write the pattern out; cut off behind more takes than there are events.
  using word = std::vector<element>;

  static bool is_no(const naive_item& i) { return patterns::is_not(i.how); }

  static bool is_cut(const word& w) { return !w.empty() && w.back().what == part::cut; }

  /// For streams of so many events: no word has more takes.
  explicit naive_words(std::size_t events) : events_(events) {}

  /// Empty if there are too many.
  std::optional<std::vector<word>> write(const std::vector<naive_item>& items) {
    std::vector<word> words = write_list(items, std::nullopt, 0);
    if (too_many_) return std::nullopt;
    return words;
  }

private:
  static contiguity how_of(const naive_item& i) {
    using patterns::link;
    if (i.how == link::next) return contiguity::strict;
    return i.how == link::followed_by ? contiguity::relaxed : contiguity::any;
  }

  std::vector<word> join(const std::vector<word>& a, const std::vector<word>& b) {
    std::vector<word> all;
    for (const word& x : a) {
      if (is_cut(x)) {
        add(all, x);
        continue;
      }
      for (const word& y : b) {
        word w = x;
        w.insert(w.end(), y.begin(), y.end());
        add(all, std::move(w));
      }
    }
    too_many_ = too_many_ || all.size() > 1500;
    if (too_many_) all.clear();
    return all;
  }
  void add(std::vector<word>& all, word w) const {
    std::size_t takes = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      if (w[i].what != part::take || ++takes <= events_) continue;
      w.resize(i + 1);
      w.push_back({part::cut, nullptr});
      break;
    }
    if (!is_cut(w) || std::find(all.begin(), all.end(), w) == all.end())
      all.push_back(std::move(w));
  }

  std::vector<word> write_once(const naive_item& i, contiguity how, std::int64_t gap) {
    if (!i.group.empty()) return write_list(i.group, how, gap);
    return {{{part::take, &i, how, gap}}};
  }

  std::vector<word> write_item(const naive_item& i, contiguity how, std::int64_t gap) {
    std::vector<word> all;
    const int most = i.max == 0 ? static_cast<int>(events_) : i.max;
    std::vector<word> times = write_once(i, how, gap);
    for (int n = 1; n <= most && !times.empty() && !too_many_; ++n) {
      if (n >= i.min)
        for (word w : times) {
          if (i.greedy && i.min != i.max && n != i.max && !is_cut(w))
            w.push_back({part::leave, &i});
          add(all, std::move(w));
        }
      else
        for (const word& w : times)
          if (is_cut(w)) add(all, w);
      times = write_again(times, i, n >= i.min || may_be_empty_inside(i), gap);
    }
    if (i.optional) all.push_back({{part::leave, &i, {}, 0, false, true}});
    return all;
  }

  /// Writes one more repetition behind those there are. The time between repetitions is one between
  /// events: the first event, if earlier repetitions took none, has the item's own.
  std::vector<word> write_again(const std::vector<word>& so_far, const naive_item& i,
                                bool may_leave, std::int64_t gap) {
    std::vector<word> all;
    for (const bool begun : {false, true}) {
      std::vector<word> some;
      for (const word& w : so_far)
        if (begun ==
            std::any_of(w.begin(), w.end(), [](const element& e) { return e.what == part::take; }))
          some.push_back(w);
      if (some.empty() || too_many_) continue;
      some = join(some, {{{part::repeat, &i, {}, 0, may_leave, false, begun}}});
      for (word& w : join(some, write_once(i, i.inner, begun ? i.inner_gap : gap)))
        add(all, std::move(w));
    }
    too_many_ = too_many_ || all.size() > 1500;
    return all;
  }

  static bool may_be_empty_inside(const naive_item& i) {
    return !i.group.empty() && std::all_of(i.group.begin(), i.group.end(), [](const naive_item& x) {
      return is_no(x) || x.optional || may_be_empty_inside(x);
    });
  }

  std::vector<word> write_list(const std::vector<naive_item>& items, std::optional<contiguity> how,
                               std::int64_t gap) {
    std::vector<word> all{{}};
    for (std::size_t k = 0; k < items.size(); ++k) {
      const naive_item& i = items[k];
      if (is_no(i))
        all = join(all, {{{part::no, &i}}});
      else
        all =
            join(all, write_item(i, k == 0 && how ? *how : how_of(i), k == 0 && how ? gap : i.gap));
    }
    return all;
  }

  std::size_t events_;
  bool too_many_ = false;
};

}  // namespace weir::test

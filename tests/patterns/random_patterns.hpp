// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "patterns/naive_matcher.hpp"

#include <random>
#include <string>
#include <vector>

namespace weir::test {

/// A random pattern, as data and as a `pattern`, and a random stream.
class random_case {
public:
  explicit random_case(std::uint64_t seed) : random_(seed) {
    items = make_items(0);
    if (one_in(3)) within = pick(2, 8);
    make_skip();
    std::int64_t at = 1;
    for (int n = pick(3, 8); n > 0; --n) {
      at += pick(0, 2);
      if (one_in(8))
        input.push_back({std::nullopt, at});
      else
        input.push_back({letter{"abcx"[pick(0, 3)], pick(1, 4), input.size()}, at});
    }
    input.push_back({std::nullopt, at + pick(0, 12)});
  }

  [[nodiscard]] pattern<letter> make() const {
    pattern<letter> p = make_list(items);
    p.within(duration{within}).skip(skip);
    return p;
  }

  std::vector<naive_item> items;
  std::int64_t within = 0;
  after_match skip;
  std::size_t skip_step = 0;
  std::vector<input_record> input;

private:
  int pick(int from, int to) { return std::uniform_int_distribution<int>{from, to}(random_); }
  bool one_in(int n) { return pick(1, n) == 1; }
  static std::string name_of(std::size_t step) { return "s" + std::to_string(step); }

  naive_condition make_condition(bool may_read) {
    static const std::vector<std::string> names{"a", "b", "c", "a", "b", "ab", "bc", "abcx"};
    naive_condition c{names[static_cast<std::size_t>(pick(0, 7))], {}, false};
    if (may_read && !steps_.empty() && one_in(5)) {
      c.sum_of = steps_[static_cast<std::size_t>(pick(0, static_cast<int>(steps_.size()) - 1))];
      c.below = one_in(2);
    }
    return c;
  }

  void make_times(naive_item& i, bool is_group) {
    if (one_in(4)) i.optional = true;
    if (one_in(2)) return;
    i.given = true;
    i.inner = static_cast<contiguity>(pick(0, 2));
    i.min = pick(1, 2);
    i.max = one_in(2) ? 0 : i.min + pick(0, 2);
    if (!is_group && i.inner != contiguity::any && one_in(3)) i.greedy = true;
    if (one_in(8)) i.inner_gap = pick(1, 4);
    if (i.max == 0 && one_in(4)) i.until = make_condition(false);
  }

  std::vector<naive_item> make_items(int depth) {
    std::vector<naive_item> made;
    for (int n = depth == 0 ? pick(1, 4) : pick(1, 3); n > 0; --n) {
      naive_item i;
      const bool first = made.empty();
      if (!first && one_in(5) && !made.back().optional) {
        i.step = next_step_++;
        i.how = one_in(2) ? patterns::link::not_next : patterns::link::not_followed_by;
        i.where = make_condition(true);
      } else {
        if (!first) i.how = static_cast<patterns::link>(pick(1, 3));
        if (depth < 2 && one_in(5)) {
          i.group = make_items(depth + 1);
          make_times(i, true);
        } else {
          i.step = next_step_++;
          steps_.push_back(i.step);
          i.where = make_condition(true);
          make_times(i, false);
        }
        if (!first && one_in(12)) i.gap = pick(1, 4);
      }
      made.push_back(std::move(i));
    }
    return made;
  }

  void make_skip() {
    if (one_in(2)) return;
    using kind = after_match::kind;
    skip.what = static_cast<kind>(pick(1, 4));
    if (skip.what != kind::to_first && skip.what != kind::to_last) return;
    std::vector<std::size_t> targets;
    for (const naive_item& i : items)
      if (i.group.empty() && !patterns::is_not(i.how)) targets.push_back(i.step);
    if (targets.empty()) {
      skip.what = kind::no_skip;
      return;
    }
    skip_step = targets[static_cast<std::size_t>(pick(0, static_cast<int>(targets.size()) - 1))];
    skip.step = name_of(skip_step);
  }

  static patterns::condition<letter> condition_of(const naive_condition& c) {
    patterns::condition<letter> made;
    made.add([names = c.names](const letter& l) { return names.find(l.name) != names.npos; }, true);
    if (c.sum_of)
      made.add(
          [step = name_of(*c.sum_of), below = c.below](const letter& l,
                                                       const match_so_far<letter>& m) {
            const std::int64_t sum = m.sum(step, &letter::price);
            return below ? l.price < sum : l.price > sum;
          },
          true);
    return made;
  }

  static void set_rest(pattern<letter>& p, const naive_item& i) {
    const duration gap = i.inner_gap != 0 ? duration{i.inner_gap} : duration::max();
    if (i.given) {
      if (i.max == 0)
        p.times_or_more(i.min, gap);
      else
        p.times(i.min, i.max, gap);
      if (i.inner == contiguity::strict) p.consecutive();
      if (i.inner == contiguity::any) p.allow_combinations();
    }
    if (i.greedy) p.greedy();
    if (i.optional) p.optional();
    if (i.until) p.until(condition_of(*i.until));
    if (i.gap != 0) p.within(duration{i.gap}, since::previous);
  }

  static pattern<letter> make_list(const std::vector<naive_item>& items) {
    auto p = items[0].group.empty() ? pattern<letter>{name_of(items[0].step)}
                                    : group(make_list(items[0].group));
    if (items[0].group.empty()) p.where(condition_of(items[0].where));
    set_rest(p, items[0]);
    for (std::size_t k = 1; k < items.size(); ++k) {
      const naive_item& i = items[k];
      if (i.group.empty()) {
        add(p, name_of(i.step), i.how);
        p.where(condition_of(i.where));
      } else {
        add(p, make_list(i.group), i.how);
      }
      set_rest(p, i);
    }
    return p;
  }

  template <class Step>
  static void add(pattern<letter>& p, Step step, patterns::link how) {
    using patterns::link;
    if (how == link::next) p.next(std::move(step));
    if (how == link::followed_by) p.followed_by(std::move(step));
    if (how == link::followed_by_any) p.followed_by_any(std::move(step));
    if constexpr (std::is_same_v<Step, std::string>) {
      if (how == link::not_next) p.not_next(std::move(step));
      if (how == link::not_followed_by) p.not_followed_by(std::move(step));
    }
  }

  std::mt19937_64 random_;
  std::vector<std::size_t> steps_;
  std::size_t next_step_ = 0;
};

}  // namespace weir::test

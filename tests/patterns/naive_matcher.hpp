// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "patterns/naive_words.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace weir::test {

/// Matches by definition. Writes the pattern out in every way, tries for each all choices of
/// events, and checks for two events taken one after the other what the language says about those
/// between. Exponential, and with no state that runs along: nothing in common with the machine it
/// checks.
class naive_matcher {
public:
  naive_matcher(const std::vector<naive_item>& items, std::int64_t within, after_match skip,
                std::size_t skip_step, const std::vector<input_record>& input)
      : items_(items),
        within_(within),
        skip_(std::move(skip)),
        skip_step_(skip_step),
        input_(input) {
    set_parents(items_, nullptr);
  }

  /// A taken event: its place in the input and the step.
  using path = std::vector<std::pair<std::size_t, std::size_t>>;
  struct found {
    path events;
    std::size_t at;  ///< Record it was emitted at.

    friend auto operator<=>(const found&, const found&) = default;
  };

  /// False if there are too many ways to write the pattern out.
  bool run(std::vector<found>& out) {
    const auto words = naive_words{input_.size()}.write(items_);
    if (!words) return false;
    for (const word& w : *words) {
      word_ = &w;
      path taken;
      extend(0, taken);
      if (++tried_ > 200'000) return false;
    }
    emit(out);
    return true;
  }

private:
  using part = naive_words::part;
  using element = naive_words::element;
  using word = naive_words::word;

  void set_parents(const std::vector<naive_item>& items, const naive_item* parent) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      parent_[&items[i]] = parent;
      list_[&items[i]] = {&items, i};
      set_parents(items[i].group, &items[i]);
    }
  }

  // What an event fulfils, given what has been taken.

  [[nodiscard]] bool fits(const naive_condition& c, std::size_t record, const path& taken) const {
    const letter& l = *input_[record].event;
    if (c.names.find(l.name) == std::string::npos) return false;
    if (!c.sum_of) return true;
    std::int64_t sum = 0;
    for (const auto& [at, step] : taken)
      if (step == *c.sum_of) sum += input_[at].event->price;
    return c.below ? l.price < sum : l.price > sum;
  }

  /// Between the elements after one take and the next: whether event `k`, which is not the first
  /// (`is_next`: right after the last taken), leaves the wait for `to` (null: the end) standing.
  struct rules {
    std::vector<const naive_item*> no, no_next;
    std::vector<const naive_item*> greedy;
    bool again_of_own = false;
  };
  rules rules_of(std::size_t from, std::size_t to) const {
    rules r;
    for (std::size_t e = from; e < to; ++e) {
      const element& x = (*word_)[e];
      if (x.what == part::no)
        (x.item->how == patterns::link::not_next ? r.no_next : r.no).push_back(x.item);
      if (x.what == part::leave && x.item->greedy && x.item->min != x.item->max)
        r.greedy.push_back(x.item);
      if (x.what != part::repeat || !x.begun) continue;
      if (to < word_->size() && x.item == (*word_)[to].item) r.again_of_own = true;
      const auto [list, at] = list_.at(x.item);
      for (std::size_t k = at + 1; k < list->size() && naive_words::is_no((*list)[k]); ++k) {
        const naive_item& n = (*list)[k];
        if (n.how == patterns::link::not_followed_by) r.no.push_back(&n);
        if (n.how == patterns::link::not_next && x.reached) r.no_next.push_back(&n);
      }
    }
    return r;
  }

  /// How a wait fares with the event of one record.
  enum class fate { ends, stands, takes, takes_and_stands };
  fate meet(const rules& r, const element& q, std::size_t record, bool is_next, const path& taken,
            std::set<const naive_item*>& lifted) const {
    const auto any = [&](const std::vector<const naive_item*>& of) {
      return std::any_of(of.begin(), of.end(),
                         [&](const naive_item* i) { return fits(i->where, record, taken); });
    };
    if (is_next && any(r.no_next)) return fate::ends;
    for (const naive_item* g : r.greedy) {
      if (g->until && fits(*g->until, record, taken)) lifted.insert(g);
      if (!lifted.contains(g) && fits(g->where, record, taken)) return fate::ends;
    }
    bool closed = false;  // by until: neither taken nor passed
    for (const naive_item* g = parent_.at(q.item); g != nullptr; g = parent_.at(g))
      closed = closed || (g->until && fits(*g->until, record, taken));
    const bool own = q.item->until && fits(*q.item->until, record, taken);
    const bool fits_q = fits(q.item->where, record, taken);
    const bool no = any(r.no);
    const bool takes = fits_q && !own && !closed && !no && (q.how != contiguity::strict || is_next);
    const bool stands = !no && !closed && !(own && r.again_of_own) &&
                        (q.how == contiguity::any || (q.how == contiguity::relaxed && !fits_q));
    if (takes) return stands ? fate::takes_and_stands : fate::takes;
    return stands ? fate::stands : fate::ends;
  }

  [[nodiscard]] std::int64_t at(std::size_t record) const { return input_[record].at; }
  [[nodiscard]] std::int64_t deadline(const path& taken, std::int64_t gap) const {
    std::int64_t d = INT64_MAX;
    if (within_ != 0) d = at(taken.front().first) + within_;
    if (gap != 0) d = std::min(d, at(taken.back().first) + gap);
    return d;
  }
  /// Moments are counted twice a record: first its clock, then its event.
  static std::size_t clock_of(std::size_t record) { return 2 * record; }
  static std::size_t event_of(std::size_t record) { return 2 * record + 1; }

  /// Tries all events for the next take of the word, from element `e`.
  void extend(std::size_t e, path& taken) {
    std::size_t to = e;
    while (to < word_->size() && (*word_)[to].what != part::take) ++to;
    if (to == word_->size()) return naive_words::is_cut(*word_) ? void() : reach_end(e, taken);
    const element& q = (*word_)[to];
    rules r = rules_of(e, to);
    std::set<const naive_item*> lifted;
    if (taken.empty()) {
      r.no.clear();  // a NOT counts from an event that was taken
      r.no_next.clear();
      element first = q;
      first.how = contiguity::any;
      for (std::size_t k = 0; k < input_.size(); ++k) {
        std::set<const naive_item*> own;
        if (!input_[k].event) continue;
        const fate f = meet(r, first, k, true, taken, own);
        if (f == fate::takes || f == fate::takes_and_stands) go_on(to, k, taken);
      }
      return;
    }
    bool is_next = true;
    const std::size_t last = taken.back().first;
    std::size_t alive = event_of(last);
    for (std::size_t k = last + 1; k < input_.size(); ++k) {
      if (at(k) >= deadline(taken, q.gap)) break;
      alive = clock_of(k);
      if (!input_[k].event) {
        alive = event_of(k);
        continue;
      }
      const fate f = meet(r, q, k, is_next, taken, lifted);
      is_next = false;
      if (f == fate::takes || f == fate::takes_and_stands) go_on(to, k, taken);
      if (f == fate::ends || f == fate::takes) break;
      alive = event_of(k);
    }
    live_.push_back({taken.front().first, event_of(last), alive});
  }

  void go_on(std::size_t element_at, std::size_t record, path& taken) {
    if (++tried_ > 200'000) return;
    taken.emplace_back(record, (*word_)[element_at].item->step);
    extend(element_at + 1, taken);
    taken.pop_back();
  }

  void reach_end(std::size_t e, const path& taken) {
    if (taken.empty()) return;
    rules trailing;
    std::int64_t gap = 0;
    for (; e < word_->size(); ++e) {
      const element& x = (*word_)[e];
      if (x.what == part::leave && x.missing) {  // what follows a NOT, if not taken
        trailing = {};
        gap = 0;
      }
      if (x.what != part::no) continue;
      (x.item->how == patterns::link::not_next ? trailing.no_next : trailing.no).push_back(x.item);
      if (x.item->gap != 0 && x.item->how == patterns::link::not_followed_by)
        gap = gap == 0 ? x.item->gap : std::min(gap, x.item->gap);
    }
    const std::size_t last = taken.back().first;
    if (trailing.no.empty() && trailing.no_next.empty()) {
      done_.insert({taken, event_of(last)});
      return;
    }
    const bool in_time = !trailing.no.empty();
    const std::int64_t over = in_time ? deadline(taken, gap) : deadline(taken, 0);
    const auto any = [&](const std::vector<const naive_item*>& of, std::size_t k) {
      return std::any_of(of.begin(), of.end(),
                         [&](const naive_item* i) { return fits(i->where, k, taken); });
    };
    std::size_t alive = event_of(last);
    bool is_next = true;
    for (std::size_t k = last + 1; k < input_.size(); ++k) {
      if (at(k) >= over) {
        if (in_time) done_.insert({taken, clock_of(k)});
        break;
      }
      alive = clock_of(k);
      if (!input_[k].event) {
        alive = event_of(k);
        continue;
      }
      if ((is_next && any(trailing.no_next, k)) || any(trailing.no, k)) break;
      is_next = false;
      if (!in_time) {
        done_.insert({taken, event_of(k)});
        break;
      }
      alive = event_of(k);
    }
    live_.push_back({taken.front().first, event_of(last), alive});
  }

  /// A partial match: live from one moment to another.
  struct life {
    std::size_t start, from, to;
  };

  static bool precedes(const path& a, const path& b) {
    if (a.front().first != b.front().first) return a.front().first < b.front().first;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      if (a[i].first != b[i].first) return a[i].first < b[i].first;
    if (a.size() != b.size()) return a.size() > b.size();
    return a < b;
  }

  void emit(std::vector<found>& out) {
    std::size_t cut = 0;  // what began before is discarded
    std::vector<path> waiting;
    for (std::size_t moment = 0; moment < 2 * input_.size(); ++moment) {
      for (const auto& [events, when] : done_)
        if (when == moment && events.front().first >= cut) waiting.push_back(events);
      std::sort(waiting.begin(), waiting.end(), precedes);
      while (!waiting.empty()) {
        const path first = waiting.front();
        if (skip_.what != after_match::kind::no_skip &&
            std::any_of(live_.begin(), live_.end(), [&](const life& l) {
              return l.start >= cut && l.start < first.front().first && l.from <= moment &&
                     moment <= l.to;
            }))
          break;
        out.push_back({first, moment / 2});
        waiting.erase(waiting.begin());
        cut = std::max(cut, cut_after(first));
        std::erase_if(waiting, [&](const path& p) { return p.front().first < cut; });
      }
    }
  }

  [[nodiscard]] std::size_t cut_after(const path& m) const {
    using kind = after_match::kind;
    if (skip_.what == kind::no_skip) return 0;
    if (skip_.what == kind::to_next) return m.front().first + 1;
    if (skip_.what == kind::past_last) return m.back().first + 1;
    std::optional<std::size_t> target;
    for (const auto& [record, step] : m)
      if (step == skip_step_ && (!target || skip_.what == kind::to_last)) target = record;
    return target.value_or(0);
  }

  const std::vector<naive_item>& items_;
  std::int64_t within_;
  after_match skip_;
  std::size_t skip_step_;
  const std::vector<input_record>& input_;
  std::map<const naive_item*, const naive_item*> parent_;
  std::map<const naive_item*, std::pair<const std::vector<naive_item>*, std::size_t>> list_;
  const word* word_ = nullptr;
  std::set<std::pair<path, std::size_t>> done_;
  std::vector<life> live_;
  std::size_t tried_ = 0;
};

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/plan.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace weir::patterns {

/// Finds the rules, of many, that an event may mean something to, and asks each condition of the
/// event at most once whatever number of rules has it. Rules are found by what their conditions
/// need: a field's value, by a look-up for each field; or else that a condition holds, which is
/// asked. So an event costs the fields and the other conditions that rules are found by, and the
/// rules that it concerns.
template <class T>
class rule_index {
public:
  using number = std::uint32_t;

  /// Adds a rule under the next number. The plan must outlive the index.
  void add(const plan<T>& p) {
    const auto n = static_cast<number>(rules_.size());
    rules_.push_back(compose(p));
    const automaton& a = p.machine;
    if (!note(p, p.begins, [&](trigger& t) { t.begins.push_back(n); })) begin_always_.push_back(n);
    condition_bits heeds = 0;
    bool watchful = false;
    for (std::size_t s = 1; s < a.states.size(); ++s) {
      heeds |= a.states[s].heeds;
      watchful = watchful || a.states[s].heeds_next || a.states[s].end == ending::in_time;
    }
    watchful_.resize(n / 64 + 1);
    if (watchful || !note(p, heeds, [&](trigger& t) { t.goes_on.push_back(n); }))
      watchful_[n / 64] |= std::uint64_t{1} << n % 64;
  }

  /// Looks at an event: then `beginning` and `going_on` are about it, and `classify`.
  void look_at(const T& event) {
    ++stamp_;
    beginning_.assign(begin_always_.begin(), begin_always_.end());
    going_on_.clear();
    for (const field_values& f : fields_)
      if (const auto found = f.find(event); found != none) fire(found);
    for (const std::uint32_t p : asked_)
      if (fits(p, event)) fire(predicates_[p].fires);
    tidy(beginning_);
    tidy(going_on_);
  }
  /// Rules that the event may begin a match of, in order.
  [[nodiscard]] const std::vector<number>& beginning() const noexcept { return beginning_; }
  /// Rules whose partial matches may heed the event, in order, beside the watchful ones.
  [[nodiscard]] const std::vector<number>& going_on() const noexcept { return going_on_; }
  /// Rules whose partial matches must see every event of their key, a bit each.
  [[nodiscard]] const std::vector<std::uint64_t>& watchful() const noexcept { return watchful_; }
  [[nodiscard]] std::size_t rules() const noexcept { return rules_.size(); }

  /// The conditions of a rule that the event fulfils, or may fulfil for some match.
  [[nodiscard]] condition_bits classify(number rule, const T& event) {
    condition_bits bits = always;
    condition_bits bit = 1;
    for (const composed& c : rules_[rule]) {
      bool holds = true;
      for (const auto& [predicate, conjunction] : c)
        if (holds == conjunction) holds = fits(predicate, event);
      if (holds) bits |= bit;
      bit <<= 1;
    }
    return bits;
  }

  /// The different conditions on the event alone, and how often one was asked: for tests.
  [[nodiscard]] std::size_t conditions() const noexcept { return predicates_.size(); }
  [[nodiscard]] std::uint64_t asked() const noexcept { return asked_count_; }

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct known_predicate {
    std::shared_ptr<const predicate<T>> ask;
    std::uint64_t stamp = 0;  ///< Of the event that `fits` is about.
    bool fits = false;
    std::uint32_t fires = none;  ///< A trigger, if rules are found by it.
  };
  struct trigger {
    std::vector<number> begins, goes_on;
  };
  /// The event's part of a condition: which predicates, each joined to those before by "and" or
  /// "or".
  using composed = std::vector<std::pair<std::uint32_t, bool>>;

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept {
      return std::hash<std::string_view>{}(s);
    }
  };
  /// The triggers that a field's values fire.
  struct field_values {
    field<T> of;
    boost::unordered_flat_map<std::uint64_t, std::uint32_t> numbers;
    boost::unordered_flat_map<std::string, std::uint32_t, text_hash, std::equal_to<>> texts;

    [[nodiscard]] std::uint32_t find(const T& event) const {
      if (of.number != nullptr) return find(of.number(event));
      if (of.text != nullptr) return find(of.text(event));
      const value v = of.read(event);
      if (v.what == value::kind::number) return find(v.number);
      return v.what == value::kind::text ? find(v.text) : none;
    }
    [[nodiscard]] std::uint32_t find(double n) const {
      const auto at = numbers.find(bits_of(n));
      return at == numbers.end() ? none : at->second;
    }
    [[nodiscard]] std::uint32_t find(std::string_view text) const {
      const auto at = texts.find(text);
      return at == texts.end() ? none : at->second;
    }
    /// Equal numbers have equal bits.
    static std::uint64_t bits_of(double n) { return std::bit_cast<std::uint64_t>(n + 0.0); }
  };

  /// What a condition can be found by: one of these must fire for it to hold.
  using guard = std::vector<std::variant<const needed_value<T>*, std::uint32_t>>;

  // Building.

  std::vector<composed> compose(const plan<T>& p) {
    std::vector<composed> all;
    for (const condition<T>& c : p.conditions) {
      composed& made = all.emplace_back();
      c.each_open_term([&](const auto& on_event, bool conjunction) {
        made.emplace_back(number_of(on_event), conjunction);
      });
    }
    return all;
  }
  std::uint32_t number_of(const std::shared_ptr<const predicate<T>>& p) {
    const auto [at, fresh] =
        numbers_.try_emplace(p.get(), static_cast<std::uint32_t>(predicates_.size()));
    if (fresh) predicates_.push_back({p, 0, false, none});
    return at->second;
  }

  /// Calls `add(trigger)` for all that the conditions in `bits` can be found by; false if one
  /// can't.
  template <class F>
  bool note(const plan<T>& p, condition_bits bits, F add) {
    if ((bits & always) != 0) return false;
    guard found_by;
    for (; bits != 0; bits &= bits - 1) {
      const auto c = guard_of(p.conditions[static_cast<std::size_t>(std::countr_zero(bits))]);
      if (!c) return false;
      found_by.insert(found_by.end(), c->begin(), c->end());
    }
    for (const auto& g : found_by) add(triggers_[trigger_of(g)]);
    return true;
  }

  std::optional<guard> guard_of(const condition<T>& c) {
    std::optional<guard> all;
    bool first = true;
    c.each_term([&](const auto& on_event, bool conjunction) {
      std::optional<guard> one;
      if (on_event) one = guard_of(on_event);
      if (first || (conjunction && is_better(one, all)))
        all = std::move(one);
      else if (!conjunction && all && one)
        all->insert(all->end(), one->begin(), one->end());
      else if (!conjunction)
        all.reset();
      first = false;
    });
    return all;
  }
  guard guard_of(const std::shared_ptr<const predicate<T>>& p) {
    guard g;
    for (const needed_value<T>& v : p->needs) g.push_back(&v);
    if (g.empty()) g.push_back(number_of(p));
    return g;
  }
  /// A look-up is better than a condition that must be asked of every event.
  static bool is_better(const std::optional<guard>& a, const std::optional<guard>& b) {
    const auto cost = [](const std::optional<guard>& g) {
      if (!g) return ~std::size_t{0};
      std::size_t sum = 0;
      for (const auto& one : *g) sum += one.index() == 0 ? 1 : 100;
      return sum;
    };
    return cost(a) < cost(b);
  }

  std::uint32_t trigger_of(const typename guard::value_type& g) {
    std::uint32_t& t =
        g.index() == 0 ? place_of(*std::get<0>(g)) : predicates_[std::get<1>(g)].fires;
    if (t != none) return t;
    t = static_cast<std::uint32_t>(triggers_.size());
    triggers_.emplace_back();
    if (g.index() == 1) asked_.push_back(std::get<1>(g));
    return t;
  }
  std::uint32_t& place_of(const needed_value<T>& v) {
    const auto [at, fresh] = field_numbers_.try_emplace(v.name, fields_.size());
    if (fresh) fields_.push_back({v.of, {}, {}});
    field_values& f = fields_[at->second];
    if (const double* n = std::get_if<double>(&v.constant))
      return f.numbers.try_emplace(field_values::bits_of(*n), none).first->second;
    return f.texts.try_emplace(std::get<std::string>(v.constant), none).first->second;
  }
  // Looking.

  bool fits(std::uint32_t predicate, const T& event) {
    known_predicate& p = predicates_[predicate];
    if (p.stamp == stamp_) return p.fits;
    bool fits = true;
    p.ask->narrow(&event, 1, &fits, true);
    ++asked_count_;
    p.fits = fits;
    p.stamp = stamp_;
    return fits;
  }
  void fire(std::uint32_t t) {
    const trigger& fired = triggers_[t];
    beginning_.insert(beginning_.end(), fired.begins.begin(), fired.begins.end());
    going_on_.insert(going_on_.end(), fired.goes_on.begin(), fired.goes_on.end());
  }
  static void tidy(std::vector<number>& rules) {
    if (rules.size() < 2) return;
    std::sort(rules.begin(), rules.end());
    rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  }

  std::vector<std::vector<composed>> rules_;
  std::vector<known_predicate> predicates_;
  std::unordered_map<const predicate<T>*, std::uint32_t> numbers_;
  std::vector<field_values> fields_;
  std::unordered_map<std::string, std::size_t> field_numbers_;
  std::vector<std::uint32_t> asked_;  ///< Predicates that rules are found by.
  std::vector<trigger> triggers_;
  std::vector<number> begin_always_;
  std::vector<std::uint64_t> watchful_;

  std::uint64_t stamp_ = 0;
  std::uint64_t asked_count_ = 0;
  std::vector<number> beginning_, going_on_;
};

}  // namespace weir::patterns

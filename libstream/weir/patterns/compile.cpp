// SPDX-License-Identifier: BSD-3-Clause
#include "weir/patterns/automaton.hpp"
#include "weir/patterns/check_shape.hpp"
#include "weir/patterns/gathered.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace weir::patterns {

namespace {

constexpr std::size_t most_states = 10'000;
constexpr std::size_t most_edges = 32;

/// An item in its place: the lists it lies in, from the outermost.
struct place {
  const item* what = nullptr;
  const std::vector<item>* list = nullptr;
  std::size_t at = 0;
  const place* parent = nullptr;
  std::uint16_t step = 0;
  std::size_t depth = 0;
  std::vector<const place*> inside;
};

/// How often each item, from the outermost group to the step itself, has been entered; counted up
/// to where it no longer matters.
using counts = std::vector<std::int64_t>;

/// Whether a wait lets more lie between than another.
bool is_wider(contiguity a, contiguity b) { return static_cast<int>(a) > static_cast<int>(b); }

/// States that heed the same conditions wait together.
void make_groups(automaton& a) {
  a.groups.push_back(0);
  for (state& s : a.states) {
    const auto at = std::find(a.groups.begin() + 1, a.groups.end(), s.heeds);
    const auto number = at - a.groups.begin();
    if (at == a.groups.end() && a.groups.size() < 255) a.groups.push_back(s.heeds);
    if (number < 255)
      s.group = static_cast<std::uint8_t>(number);
    else {
      s.group = 254;  // the last one heeds what all the rest do
      a.groups[254] |= s.heeds;
    }
  }
}

/// Whether a state has two waits of the same step.
bool is_ambiguous(const automaton& a) {
  for (const state& s : a.states) {
    std::set<std::uint16_t> steps;
    for (std::size_t i = 0; i < s.edges; ++i)
      if (!steps.insert(a.edges[s.first_edge + i].step).second) return true;
  }
  return false;
}

class compiler {
public:
  explicit compiler(const shape& p) : shape_(p) {
    out_.name = p.name;
    out_.skip = p.skip;
    if (p.within && *p.within > duration{0}) out_.within = p.within;
    places_.reserve(count_items(p.items));
    roots_ = lay_out(p.items, nullptr);
  }

  result<automaton> run() {
    state_of(nullptr, {});
    for (std::size_t next = 0; next < pending_.size() && problem_.empty(); ++next) {
      const auto [leaf, n] = pending_[next];
      begin_state(next, leaf);
      gathered g;
      if (leaf == nullptr)
        go_right(roots_, 0, {}, g, nullptr);
      else
        completed(*leaf, n, g);
      end_state(next);
    }
    if (!problem_.empty()) return error{errc::invalid_argument, problem_};
    out_.states.front().end = ending::none;  // the empty match is none
    make_groups(out_);
    find_skip_step();
    find_idle_gaps();
    out_.ambiguous = is_ambiguous(out_);
    return std::move(out_);
  }

private:
  static std::size_t count_items(const std::vector<item>& items) {
    std::size_t n = items.size();
    for (const item& i : items) n += count_items(i.group);
    return n;
  }

  std::vector<const place*> lay_out(const std::vector<item>& items, const place* parent) {
    std::vector<const place*> made;
    for (std::size_t k = 0; k < items.size(); ++k) {
      place& p = places_.emplace_back();
      p = {&items[k], &items, k, parent, 0, parent == nullptr ? 0 : parent->depth + 1, {}};
      if (!items[k].is_group()) {
        p.step = static_cast<std::uint16_t>(out_.steps.size());
        if (!is_not(items[k].how)) out_.steps.push_back(items[k].name);
      }
      p.inside = lay_out(items[k].group, &p);
      made.push_back(&p);
    }
    return made;
  }

  /// Returns the number of the state after `leaf` took an event, which is made if it is new.
  std::uint16_t state_of(const place* leaf, const counts& n) {
    const auto [at, fresh] = numbers_.try_emplace({leaf, n}, pending_.size());
    if (fresh) {
      if (pending_.size() >= most_states) {
        problem_ = "the pattern needs more than " + std::to_string(most_states) +
                   " states; repeat less often, or loop and count in a condition";
        return 0;
      }
      pending_.emplace_back(leaf, n);
      out_.states.emplace_back();
    }
    return static_cast<std::uint16_t>(at->second);
  }

  void begin_state(std::size_t number, const place* leaf) {
    out_.states[number].first_edge = static_cast<std::uint32_t>(out_.edges.size());
    out_.states[number].first_rule = static_cast<std::uint16_t>(out_.rules.size());
    out_.states[number].step = leaf == nullptr ? std::uint16_t{0} : leaf->step;
    now_ = number;
  }

  void end_state(std::size_t number) {
    state& s = out_.states[number];
    const std::size_t edges = out_.edges.size() - s.first_edge;
    const std::size_t rules = out_.rules.size() - s.first_rule;
    if (edges > most_edges || rules > most_edges || out_.rules.size() > 65'000) {
      problem_ = "more than " + std::to_string(most_edges) +
                 " optional steps in a row; make groups of them, or patterns of their own";
      return;
    }
    s.edges = static_cast<std::uint16_t>(edges);
    s.rules = static_cast<std::uint16_t>(rules);
    for (std::size_t i = s.first_edge; i < out_.edges.size(); ++i) note_edge(s, out_.edges[i]);
    for (std::size_t i = s.first_rule; i < out_.rules.size(); ++i)
      s.heeds |= out_.rules[i].loop | out_.rules[i].until;
    s.heeds_next = s.heeds_next || s.end == ending::next_event || s.end_not_next != 0;
    s.heeds |= s.end_forbidden;
    s.reads |= s.heeds | s.end_not_next;
  }

  static void note_edge(state& s, const edge& e) {
    s.reads |= e.take | e.forbidden | e.not_next | e.not_taken | e.not_passed;
    if (e.how == contiguity::strict || e.not_next != 0) s.heeds_next = true;
    if (e.how != contiguity::strict) s.heeds |= e.take | e.forbidden | e.not_passed;
  }

  /// `p` has completed one more repetition: it may begin another, or be left.
  void completed(const place& p, const counts& n, const gathered& g) {
    const quantifier& q = p.what->times;
    const std::int64_t done = n[p.depth];
    const bool may_leave = done >= q.min || body_may_be_empty(*p.what);
    if (q.loops() || done < q.max) {
      gathered again = g;
      collect_after_loop(p, may_leave, again);
      const std::int64_t next = q.loops() ? std::min(done + 1, q.min) : done + 1;
      enter(p, n, q.inner, again, next, true, q.gap);
    }
    if (!may_leave) return;
    gathered on = g;
    if (done < q.min) pass_over_all(p.what->group, on);  // what is missing repeats without events
    // A loop that took its maximum has nothing more to take.
    if (!p.what->is_group() && (q.loops() || done < q.max)) leave(*p.what, on);
    go_right(siblings(p), p.at + 1, n, on, p.parent);
  }

  /// A NOT right after a loop is in force between the loop's events already.
  static void collect_after_loop(const place& p, bool may_leave, gathered& g) {
    for (std::size_t k = p.at + 1; k < p.list->size() && is_not((*p.list)[k].how); ++k) {
      const item& i = (*p.list)[k];
      if (i.how == link::not_followed_by) g.forbidden |= bit_of(i.condition);
      if (i.how == link::not_next && may_leave) g.not_next |= bit_of(i.condition);
    }
  }

  const std::vector<const place*>& siblings(const place& p) const {
    return p.parent == nullptr ? roots_ : p.parent->inside;
  }

  /// Adds the waits for what may come next, from number `k` of a list.
  void go_right(const std::vector<const place*>& list, std::size_t k, const counts& n, gathered g,
                const place* parent) {
    for (; k < list.size(); ++k) {
      const item& i = *list[k]->what;
      if (is_not(i.how)) {
        collect(i, g);
        continue;
      }
      enter(*list[k], n, contiguity_of(i.how), g, 1, false, i.gap);
      if (!may_be_empty(i)) return;
      pass_over(i, g);
    }
    if (parent == nullptr)
      reach_end(g);
    else
      completed(*parent, n, g);
  }

  /// Adds the waits for the first events of an item. If its first repetition may take nothing, the
  /// first event may be the second one's, and lie as far away as repetitions may.
  void enter(const place& p, const counts& before, contiguity how, const gathered& g,
             std::int64_t times, bool again, std::optional<duration> gap) {
    counts n(before.begin(),
             before.begin() + static_cast<std::ptrdiff_t>(std::min(before.size(), p.depth)));
    n.push_back(times);
    if (!p.what->is_group()) return add_edge(p, n, how, g, again, gap);
    gathered inside = g;
    bool first = true;
    for (const place* x : p.inside) {
      const item& i = *x->what;
      if (is_not(i.how)) {
        collect(i, inside);
        continue;
      }
      enter(*x, n, first ? how : contiguity_of(i.how), inside, 1, false, first ? gap : i.gap);
      first = false;
      if (!may_be_empty(i)) return;
      pass_over(i, inside);
    }
    const quantifier& q = p.what->times;
    if (!again && times == 1 && q.max > 1 && is_wider(q.inner, how))
      enter(p, before, q.inner, inside, 2, false, gap);
  }

  void add_edge(const place& p, const counts& n, contiguity how, const gathered& g, bool again,
                std::optional<duration> gap) {
    edge e;
    e.take = bit_of(p.what->condition);
    if (now_ != 0) {  // a NOT counts from an event that was taken
      e.forbidden = g.forbidden;
      e.not_next = g.not_next;
    }
    e.not_taken = until_bits(*p.what);
    if (again) e.not_passed = until_bits(*p.what);
    for (const place* around = p.parent; around != nullptr; around = around->parent) {
      e.not_taken |= until_bits(*around->what);
      e.not_passed |= until_bits(*around->what);
    }
    for (const greedy_rule& r : g.rules) e.greedy |= 1U << rule_number(r);
    e.how = now_ == 0 ? contiguity::any : how;
    e.to = state_of(&p, n);
    e.step = p.step;
    e.gap = gap ? gap_number(*gap) : std::int8_t{-1};
    const auto begin = out_.edges.begin() + out_.states[now_].first_edge;
    if (std::find(begin, out_.edges.end(), e) == out_.edges.end()) out_.edges.push_back(e);
  }

  unsigned rule_number(const greedy_rule& r) {
    const auto begin = out_.rules.begin() + out_.states[now_].first_rule;
    const auto at = std::find(begin, out_.rules.end(), r);
    const auto number = static_cast<unsigned>(at - begin);
    if (at == out_.rules.end()) out_.rules.push_back(r);
    return std::min(number, 31U);
  }

  std::int8_t gap_number(duration gap) {
    const auto at = std::find(out_.gaps.begin(), out_.gaps.end(), gap);
    const auto number = at - out_.gaps.begin();
    if (at == out_.gaps.end()) out_.gaps.push_back(gap);
    if (number > 100) problem_ = "more than 100 different times since the previous event";
    return static_cast<std::int8_t>(number);
  }

  void reach_end(const gathered& g) {
    state& s = out_.states[now_];
    if (g.trailing.empty()) {
      s.end = ending::now;
      return;
    }
    s.end = ending::next_event;
    std::optional<duration> gap;
    for (const item* i : g.trailing) {
      (i->how == link::not_next ? s.end_not_next : s.end_forbidden) |= bit_of(i->condition);
      if (i->how == link::not_followed_by) s.end = ending::in_time;
      if (!i->gap || i->how == link::not_next) continue;
      gap = std::min(gap.value_or(*i->gap), *i->gap);
      ending_gaps_.insert(i);
    }
    if (gap && s.end == ending::in_time) s.end_gap = gap_number(*gap);
  }

  void find_skip_step() {
    const auto at = std::find(out_.steps.begin(), out_.steps.end(), out_.skip.step);
    out_.skip_step = static_cast<std::uint16_t>(at - out_.steps.begin());
  }

  void find_idle_gaps() {
    for (const place& p : places_)
      if (is_not(p.what->how) && p.what->gap && !ending_gaps_.contains(p.what))
        out_.idle_gaps.push_back(p.what->name);
  }

  const shape& shape_;
  automaton out_;
  std::vector<place> places_;
  std::vector<const place*> roots_;
  std::map<std::pair<const place*, counts>, std::size_t> numbers_;
  std::vector<std::pair<const place*, counts>> pending_;
  std::set<const item*> ending_gaps_;  ///< NOT steps whose time ends the pattern.
  std::size_t now_ = 0;
  std::string problem_;
};

}  // namespace

result<automaton> compile(const shape& p) {
  if (const auto mistakes = find_mistakes(p); !mistakes.empty()) {
    std::string text = p.name.empty() ? "pattern" : "pattern '" + p.name + "'";
    for (std::size_t i = 0; i < mistakes.size(); ++i) text += (i == 0 ? ": " : "; ") + mistakes[i];
    return error{errc::invalid_argument, text};
  }
  return compiler{p}.run();
}

}  // namespace weir::patterns

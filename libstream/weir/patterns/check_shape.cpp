// SPDX-License-Identifier: BSD-3-Clause
#include "weir/patterns/check_shape.hpp"

#include <algorithm>
#include <set>

namespace weir::patterns {

namespace {

class checker {
public:
  explicit checker(const shape& p) : shape_(p) {}

  std::vector<std::string> run() {
    if (shape_.within && *shape_.within < duration{0}) say("the pattern", "within() is negative");
    check_list(shape_.items);
    check_trailing_not();
    check_skip();
    return std::move(mistakes_);
  }

private:
  void say(const std::string& where, const std::string& what) {
    mistakes_.push_back(where + ": " + what);
  }
  void say(const item& i, const std::string& what) { say(title(i), what); }

  void check_list(const std::vector<item>& items) {
    for (std::size_t k = 0; k < items.size(); ++k) {
      const item& i = items[k];
      const item* before = k == 0 ? nullptr : &items[k - 1];
      if (!i.is_group()) check_name(i);
      is_not(i.how) ? check_not(i, before) : check_positive(i, before);
      check_gaps(i);
      if (i.is_group()) check_group(i);
    }
  }

  void check_name(const item& i) {
    if (i.name.empty()) say(i, "a step needs a name");
    if (i.name.find(':') != std::string::npos) say(i, "a name must not hold ':'");
    if (!names_.insert(i.name).second)
      say(i, "the name is used twice; give each step a name of its own");
  }

  void check_not(const item& i, const item* before) {
    if (i.times.given) say(i, "a NOT step can't repeat; drop its quantifier");
    if (i.times.optional) say(i, "a NOT step can't be optional");
    if (i.until != no_condition) say(i, "until() is for loops, not for a NOT step");
    if (i.is_group()) say(i, "a NOT can't hold a group");
    if (before == nullptr) say(i, "a pattern can't begin with a NOT step");
    if (before != nullptr && before->times.optional)
      say(i, "a NOT step can't follow optional " + title(*before) +
                 " directly; which event it counts from would be open");
  }

  void check_positive(const item& i, const item* before) {
    const quantifier& q = i.times;
    if (q.min <= 0 || (!q.loops() && q.max < q.min))
      say(i, "times(" + std::to_string(q.min) +
                 (q.has_range() ? ", " + std::to_string(q.max) : std::string{}) +
                 ") wants a positive number, and the smaller one first");
    if (i.until != no_condition && !q.loops())
      say(i, "until() is only for loops without a bound, one_or_more() or times_or_more()");
    if (q.greedy && i.is_group()) say(i, "a group can't be greedy");
    if (q.greedy && !q.given) say(i, "greedy() needs a quantifier before it, like one_or_more()");
    if (q.greedy && q.inner == contiguity::any)
      say(i, "greedy() and allow_combinations() contradict each other");
    // times(0, n) is optional too, but says so by its numbers and not by optional().
    const bool by_numbers = q.given && !q.loops() && q.min == 1;
    if (before != nullptr && before->times.greedy && q.optional && !by_numbers)
      say(i, "optional() can't follow greedy " + title(*before) + " directly");
  }

  void check_gaps(const item& i) {
    for (const auto& gap : {i.gap, i.times.gap}) {
      if (!gap) continue;
      if (*gap <= duration{0}) say(i, "the time since the previous event must be positive");
      if (shape_.within && *shape_.within > duration{0} && *gap > *shape_.within)
        say(i, "the time since the previous event is longer than that of the whole pattern");
    }
  }

  void check_group(const item& i) {
    if (i.times.loops() && body_may_be_empty(i))
      say(i, "a group that loops without a bound must hold a step that is not optional");
    check_list(i.group);
  }

  /// Gathers the NOT steps that nothing follows.
  void find_trailing(const std::vector<item>& items) {
    auto at = items.rbegin();
    for (; at != items.rend() && is_not(at->how); ++at) trailing_.insert(&*at);
    if (at != items.rend() && at->is_group()) find_trailing(at->group);
  }

  void check_trailing_not() {
    find_trailing(shape_.items);
    bool bounded = shape_.within && *shape_.within > duration{0};
    const item* waits = nullptr;
    for (const item* i : trailing_) {
      bounded = bounded || (i->gap && i->how == link::not_followed_by);
      if (i->how == link::not_followed_by) waits = i;
    }
    if (waits != nullptr && !bounded)
      say(*waits, "not_followed_by() at the end needs within(): only time tells that nothing came");
  }

  void check_skip() {
    const auto kind = shape_.skip.what;
    if (kind == after_match::kind::to_first || kind == after_match::kind::to_last) {
      const bool known = std::any_of(shape_.items.begin(), shape_.items.end(), [&](const item& i) {
        return !i.is_group() && !is_not(i.how) && i.name == shape_.skip.step;
      });
      if (!known)
        say("the pattern",
            "skip(): there is no step '" + shape_.skip.step + "' outside of groups to skip to");
    }
  }

  const shape& shape_;
  std::set<std::string> names_;
  std::set<const item*> trailing_;
  std::vector<std::string> mistakes_;
};

}  // namespace

std::vector<std::string> find_mistakes(const shape& p) { return checker{p}.run(); }

bool may_be_empty(const item& i) {
  if (is_not(i.how)) return false;
  return i.times.optional || body_may_be_empty(i);
}

bool body_may_be_empty(const item& i) {
  return i.is_group() && std::all_of(i.group.begin(), i.group.end(), [](const item& x) {
           return is_not(x.how) || may_be_empty(x);
         });
}

std::string title(const item& i) {
  const item* first = &i;
  while (first->is_group()) first = &first->group.front();
  return i.is_group() ? "the group of '" + first->name + "'" : "step '" + i.name + "'";
}

}  // namespace weir::patterns

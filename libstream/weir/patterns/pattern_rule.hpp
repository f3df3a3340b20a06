// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/core/time.hpp"
#include "weir/patterns/make_condition.hpp"
#include "weir/patterns/pattern.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A step of a pattern that is given as data. What is left out has the default of `pattern<T>`.
struct rule_step {
  std::optional<std::string> step;   ///< Its name.
  std::optional<std::string> group;  ///< Or the name of the group it is.
  std::optional<std::string> how;  ///< next, followed_by (the default), followed_by_any, not_next,
                                   ///< not_followed_by; the first step's says nothing.
  std::optional<std::string> where;  ///< A condition, as `patterns::expression` describes.
  std::optional<std::string> until;
  std::optional<std::int64_t> times;
  std::optional<std::int64_t> at_least;
  std::optional<std::int64_t> at_most;
  std::optional<std::string> gap;      ///< Between repetitions: "500ms", "30s", "5min", "2h", "1d".
  std::optional<std::string> between;  ///< strict, relaxed or any.
  std::optional<bool> optional;
  std::optional<bool> greedy;
  std::optional<std::string> within;  ///< Since the event taken before.
};
BOOST_DESCRIBE_STRUCT(rule_step, (),
                      (step, group, how, where, until, times, at_least, at_most, gap, between,
                       optional, greedy, within))

/// A pattern as data: what a rules file holds, an object a line.
///
///     {"id": "card-testing", "version": 2, "within": "30s", "steps": [
///       {"step": "probe", "where": "amount < 1", "times": 3},
///       {"step": "strike", "where": "amount > 100 * mean(probe.amount)"}]}
///
/// Of an id the highest version counts, whatever the order they come in.
struct pattern_rule {
  std::string id;
  std::uint64_t version = 0;
  std::optional<bool> removed;  ///< Ends the rule.
  std::optional<std::vector<rule_step>> steps;
  std::optional<std::map<std::string, std::vector<rule_step>>> groups;
  std::optional<std::string> within;
  std::optional<std::string> skip;      ///< none, to_next, past_last, to_first:STEP, to_last:STEP.
  std::optional<std::string> replaces;  ///< What becomes of the partial matches of the version
                                        ///< before: drop (the default) or finish.
};
BOOST_DESCRIBE_STRUCT(pattern_rule, (),
                      (id, version, removed, steps, groups, within, skip, replaces))

namespace patterns {

/// Reads "500ms", "30s", "5min", "2h", "1d" or "10us".
[[nodiscard]] result<duration> parse_duration(std::string_view text);
/// Reads what a rule calls a skip strategy.
[[nodiscard]] result<after_match> parse_skip(std::string_view text);

/// Makes patterns over events of `T` from rules.
template <class T>
class rule_reader {
public:
  rule_reader(const pattern_rule& rule, predicate_pool<T>& pool) : rule_(&rule), pool_(&pool) {}

  /// Throws `exception` with what is wrong, and at which step.
  [[nodiscard]] pattern<T> read() {
    if (!rule_->steps || rule_->steps->empty()) fail("it has no steps");
    if (rule_->groups)
      for (const auto& [name, steps] : *rule_->groups) note_steps(steps);
    note_steps(*rule_->steps);
    pattern<T> p = read_list(*rule_->steps);
    p.named(rule_->id);
    if (rule_->within) p.within(duration_of("within", *rule_->within));
    if (rule_->skip) p.skip(taken(parse_skip(*rule_->skip), "skip"));
    return p;
  }

private:
  [[noreturn]] void fail(const std::string& what) const {
    throw exception({errc::invalid_argument, "rule '" + rule_->id + "': " + what});
  }
  template <class V>
  V taken(result<V> r, const std::string& where) const {
    if (!r) fail(where + ": " + r.error().message);
    return std::move(*r);
  }
  [[nodiscard]] duration duration_of(const std::string& where, const std::string& text) const {
    return taken(parse_duration(text), where);
  }

  void note_steps(const std::vector<rule_step>& steps) {
    for (const rule_step& s : steps)
      if (s.step && !is_not(link_of(s))) names_.push_back(*s.step);
  }

  [[nodiscard]] link link_of(const rule_step& s) const {
    const std::string how = s.how.value_or("followed_by");
    if (how == "next") return link::next;
    if (how == "followed_by") return link::followed_by;
    if (how == "followed_by_any") return link::followed_by_any;
    if (how == "not_next") return link::not_next;
    if (how == "not_followed_by") return link::not_followed_by;
    fail("how: '" + how +
         "' is none of next, followed_by, followed_by_any, not_next, "
         "not_followed_by");
  }

  pattern<T> read_list(const std::vector<rule_step>& steps) {
    if (++depth_ > 16) fail("groups hold each other, or are nested more than 16 deep");
    if (steps.empty()) fail("a group is empty");
    const rule_step& first = steps.front();
    if (is_not(link_of(first)))
      fail("step '" + name_of(first) + "': a pattern can't begin with a NOT step");
    pattern<T> p = first.group ? group(read_group(first)) : pattern<T>{name_of(first)};
    set(p, first);
    for (std::size_t i = 1; i < steps.size(); ++i) {
      add(p, steps[i]);
      set(p, steps[i]);
    }
    --depth_;
    return p;
  }
  pattern<T> read_group(const rule_step& s) {
    if (!rule_->groups || !rule_->groups->contains(*s.group))
      fail("there is no group '" + *s.group + "'");
    return read_list(rule_->groups->at(*s.group));
  }
  [[nodiscard]] std::string name_of(const rule_step& s) const {
    if (!s.step) fail("a step has neither a name nor a group");
    return *s.step;
  }

  void add(pattern<T>& p, const rule_step& s) {
    const link how = link_of(s);
    if (is_not(how)) {
      if (s.group) fail("a NOT can't hold a group");
      how == link::not_next ? p.not_next(name_of(s)) : p.not_followed_by(name_of(s));
    } else if (s.group) {
      add(p, read_group(s), how);
    } else {
      add(p, name_of(s), how);
    }
  }
  template <class Step>
  static void add(pattern<T>& p, Step step, link how) {
    if (how == link::next)
      p.next(std::move(step));
    else if (how == link::followed_by)
      p.followed_by(std::move(step));
    else
      p.followed_by_any(std::move(step));
  }

  void set(pattern<T>& p, const rule_step& s) {
    const std::string where = s.step ? "step '" + *s.step + "'" : "group '" + *s.group + "'";
    if (s.where) {
      if (s.group) fail(where + ": where is for steps, not for groups");
      p.where(condition_of(*s.where, where + ": where"));
    }
    set_times(p, s, where);
    if (s.until) p.until(condition_of(*s.until, where + ": until"));
    if (s.within) p.within(duration_of(where + ": within", *s.within), since::previous);
  }

  condition<T> condition_of(const std::string& text, const std::string& where) const {
    return taken(condition_maker<T>{names_, *pool_}.make(text), where);
  }

  void set_times(pattern<T>& p, const rule_step& s, const std::string& where) {
    const duration gap = s.gap ? duration_of(where + ": gap", *s.gap) : duration::max();
    if (s.times)
      p.times(*s.times, gap);
    else if (s.at_least && s.at_most)
      p.times(*s.at_least, *s.at_most, gap);
    else if (s.at_least)
      p.times_or_more(*s.at_least, gap);
    else if (s.at_most)
      p.times(1, *s.at_most, gap);
    else if (s.gap)
      fail(where + ": gap wants a number of times");
    if (s.between == "strict")
      p.consecutive();
    else if (s.between == "any")
      p.allow_combinations();
    else if (s.between && s.between != "relaxed")
      fail(where + ": between: '" + *s.between + "' is none of strict, relaxed, any");
    if (s.greedy.value_or(false)) p.greedy();
    if (s.optional.value_or(false)) p.optional();
  }

  const pattern_rule* rule_;
  predicate_pool<T>* pool_;
  std::vector<std::string> names_;
  int depth_ = 0;
};

}  // namespace patterns

/// Makes the pattern that a rule describes. An error names the rule, the step and what is wrong.
template <class T>
[[nodiscard]] result<pattern<T>> read_pattern(const pattern_rule& rule) {
  try {
    patterns::predicate_pool<T> pool;
    return patterns::rule_reader<T>{rule, pool}.read();
  } catch (const exception& e) {
    return e.why();
  }
}

}  // namespace weir

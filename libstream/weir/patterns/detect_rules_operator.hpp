// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"
#include "weir/patterns/detect_core.hpp"
#include "weir/patterns/pattern_rule.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::operators {

/// Matches patterns that come as rules on a second input, for each key. A rule is in force for the
/// events that the watermark comes to after it. A new version replaces the one before, whose
/// partial matches are dropped or, if the rule says so, may still be completed but begin no more. A
/// rule that can't be made into a pattern fails, and changes nothing.
template <class K, class T, class KeyOf>
class detect_rules {
  using core = patterns::detect_core<K, T, KeyOf>;
  using rule = typename patterns::rule_set<K, T, KeyOf>::rule;

public:
  using event = flow::either<T, pattern_rule>;
  static constexpr bool emits_many = true;
  static constexpr bool keeps_letters = true;

  detect_rules(KeyOf key_of, detect_options<T> options, std::vector<pattern_rule> initial)
      : key_of_(std::move(key_of)), options_(std::move(options)), initial_(std::move(initial)) {}
  detect_rules(detect_rules&&) noexcept = default;
  detect_rules& operator=(detect_rules&&) noexcept = default;
  ~detect_rules() = default;
  /// A copy is as the operator was written down: it remembers nothing.
  detect_rules(const detect_rules& other)
      : detect_rules(other.key_of_, other.options_, other.initial_) {}
  detect_rules& operator=(const detect_rules& other) { return *this = detect_rules{other}; }

  void open(const flow::operator_environment& e) {
    core_ = std::make_unique<core>(key_of_, options_, core::rule_kind::several);
    core_->open(e);
    if (e.metrics != nullptr) {
      rules_in_force_ = &e.metrics->add_gauge("rules");
      rules_taken_ = &e.metrics->add_counter("rules_taken");
      rules_ignored_ = &e.metrics->add_counter("rules_ignored");
    }
    for (const pattern_rule& r : initial_) take(r);
  }

  template <class E, class Next>
  void on_event(E&& in, timestamp at, Next& next, flow::step& s) {
    if (in.held.index() == 0)
      core_->on_event(std::get<0>(std::forward<E>(in).held), at, next, s);
    else
      take(std::get<1>(in.held));
  }
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    const auto v = core_->on_progress(p, next, s);
    if (v == flow::verdict::done) remove_finished();
    return v;
  }
  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    return core_->on_time(next, s);
  }
  [[nodiscard]] timestamp next_timer() { return core_->next_timer(); }

  flow::verdict snapshot(snapshot_writer& to) {
    core_->save(to);
    for (const auto& [id, r] : known_) {
      bytes part;
      encode(r, part);
      to.item("@rules", std::move(part), state_kind::union_list);
    }
    for (const auto& r : core_->rules().rules()) {
      if (const auto old = finishing_.find(r->id); old != finishing_.end()) {
        bytes part;
        encode(old->second, part);
        to.item("@finishing rules", std::move(part), state_kind::union_list);
      }
    }
    core_->rules().save(to, core_->environment().key_groups,
                        [](const rule& r) { return "@partial matches of " + r.id; });
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    core_->load(from);
    core_->rules().clear();
    known_.clear();
    each_rule(from, "@rules", [&](pattern_rule r) {
      const auto at = known_.find(r.id);
      if (at == known_.end() || at->second.version < r.version) known_[r.id] = std::move(r);
    });
    for (const auto& [id, r] : known_)
      if (!r.removed.value_or(false)) add(r);
    each_rule(from, "@finishing rules", [&](pattern_rule r) {
      if (!finishing_.try_emplace(name_of(r), r).second) return;
      add(r).machine.close();
    });
    for (auto& r : core_->rules().rules())
      core_->rules().load(*r, from, "@partial matches of " + r->id);
    for (const pattern_rule& r : initial_) take_if_newer(r);
    count();
  }

private:
  /// What a version's state is called.
  static std::string name_of(const pattern_rule& r) {
    return r.id + " version " + std::to_string(r.version);
  }

  template <class Take>
  static void each_rule(snapshot_reader& from, std::string_view state, Take take_one) {
    from.each(state, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      pattern_rule r;
      if (!decode(in, r)) throw exception({errc::incompatible, "a saved rule does not decode"});
      take_one(std::move(r));
    });
  }

  void take(const pattern_rule& r) {
    const auto before = known_.find(r.id);
    if (before != known_.end() && r.version <= before->second.version) {
      if (r.version == before->second.version && !alike(r, before->second))
        throw exception(
            {errc::invalid_argument, "rule '" + r.id + "': version " + std::to_string(r.version) +
                                         " has come before and was another; raise the version"});
      return ignore();
    }
    if (r.replaces && r.replaces != "drop" && r.replaces != "finish")
      throw exception({errc::invalid_argument, "rule '" + r.id + "': replaces: '" + *r.replaces +
                                                   "' is none of drop, finish"});
    auto made = r.removed.value_or(false) ? nullptr : make(r);
    if (before != known_.end()) end(before->second, r.replaces == "finish");
    known_[r.id] = r;
    if (made) core_->rules().add(std::move(made));
    if (rules_taken_ != nullptr) rules_taken_->add(1);
    count();
  }
  void take_if_newer(const pattern_rule& r) {
    const auto known = known_.find(r.id);
    if (known == known_.end() || known->second.version < r.version) take(r);
  }
  void ignore() {
    if (rules_ignored_ != nullptr) rules_ignored_->add(1);
  }
  static bool alike(const pattern_rule& a, const pattern_rule& b) {
    bytes x, y;
    encode(a, x);
    encode(b, y);
    return x == y;
  }

  std::unique_ptr<rule> make(const pattern_rule& r) {
    auto p = patterns::rule_reader<T>{r, conditions_}.read();
    auto compiled = p.compile();
    if (!compiled)
      throw exception({errc::invalid_argument, "rule '" + r.id + "': " + compiled.error().message});
    auto plan = std::make_shared<patterns::plan<T>>(**compiled);
    plan->version = r.version;
    return std::make_unique<rule>(
        rule{name_of(r), patterns::matcher<T>{std::move(plan), options_.limits, true}, {}});
  }
  rule& add(const pattern_rule& r) { return core_->rules().add(make(r)); }

  /// Ends a version that another takes the place of.
  void end(const pattern_rule& r, bool finish) {
    const auto& all = core_->rules().rules();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i]->id != name_of(r)) continue;
      if (!finish) {
        core_->remove_rule(i);
        return;
      }
      all[i]->machine.close();
      finishing_[all[i]->id] = r;
    }
  }
  void remove_finished() {
    if (finishing_.empty()) return;
    const auto& all = core_->rules().rules();
    for (std::size_t i = all.size(); i-- != 0;) {
      if (!finishing_.contains(all[i]->id) || !all[i]->machine.is_empty()) continue;
      finishing_.erase(all[i]->id);
      core_->remove_rule(i);
    }
    count();
  }
  void count() {
    if (rules_in_force_ == nullptr) return;
    rules_in_force_->set(
        static_cast<std::int64_t>(core_->rules().rules().size() - finishing_.size()));
  }

  [[no_unique_address]] KeyOf key_of_;
  detect_options<T> options_;
  std::vector<pattern_rule> initial_;  ///< In force from the beginning.
  std::unique_ptr<core> core_;
  patterns::predicate_pool<T> conditions_;         ///< Shared by all rules.
  std::map<std::string, pattern_rule> known_;      ///< Newest version by id, removed ones, too.
  std::map<std::string, pattern_rule> finishing_;  ///< Replaced ones that may still complete.
  gauge* rules_in_force_ = nullptr;
  counter* rules_taken_ = nullptr;
  counter* rules_ignored_ = nullptr;
};

}  // namespace weir::operators

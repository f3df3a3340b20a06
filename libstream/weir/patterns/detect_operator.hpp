// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/detect_core.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir::operators {

/// Matches one pattern for each key, and emits a `match` for each that is found.
template <class K, class T, class KeyOf>
class detect {
  using core = patterns::detect_core<K, T, KeyOf>;

public:
  static constexpr bool keeps_letters = true;
  static constexpr bool emits_many = true;

  detect(KeyOf key_of, std::shared_ptr<const patterns::plan<T>> plan, detect_options<T> options)
      : key_of_(std::move(key_of)), plan_(std::move(plan)), options_(std::move(options)) {}
  detect(detect&&) noexcept = default;
  detect& operator=(detect&&) noexcept = default;
  ~detect() = default;
  /// A copy is as the operator was written down: it remembers nothing.
  detect(const detect& other) : detect(other.key_of_, other.plan_, other.options_) {}
  detect& operator=(const detect& other) { return *this = detect{other}; }

  void open(const flow::operator_environment& e) {
    core_ = std::make_unique<core>(key_of_, options_, core::rule_kind::one);
    core_->open(e);
    core_->rules().add(
        std::make_unique<rule>(rule{{}, patterns::matcher<T>{plan_, options_.limits}, {}}));
    core_->rules().open(e.cold, e.id, e.key_groups, state);
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    core_->on_event(std::forward<E>(event), at, next, s);
  }
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    return core_->on_progress(p, next, s);
  }
  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    return core_->on_time(next, s);
  }
  [[nodiscard]] timestamp next_timer() { return core_->next_timer(); }

  flow::verdict snapshot(snapshot_writer& to) {
    core_->save(to);
    core_->rules().save(to, core_->environment().key_groups,
                        [](const rule&) { return std::string{state}; });
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) {
    core_->load(from);
    core_->rules().load(*core_->rules().rules().front(), from, state);
  }

private:
  using rule = typename patterns::rule_set<K, T, KeyOf>::rule;
  static constexpr const char* state = "@partial matches";

  [[no_unique_address]] KeyOf key_of_;
  std::shared_ptr<const patterns::plan<T>> plan_;
  detect_options<T> options_;
  std::unique_ptr<core> core_;
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/state/gradual_table.hpp"

#include <functional>
#include <string>
#include <utility>

namespace weir::operators {

/// Combines the events of a key, one after the other, and emits the value so far at each.
template <class K, class T, class KeyOf, class F>
class reduce {
public:
  reduce(KeyOf key_of, F f) : key_of_(std::move(key_of)), f_(std::move(f)) {}

  void open(const flow::operator_environment& e) { groups_ = e.key_groups; }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    const auto [entry, fresh] =
        table_.try_emplace(std::invoke(key_of_, std::as_const(event)), std::as_const(event));
    if (!fresh) *entry = std::invoke(f_, std::as_const(*entry), std::as_const(event));
    next(std::as_const(*entry), at);
  }

  flow::verdict snapshot(snapshot_writer& to) {
    table_.save(to, "value", groups_);
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) { table_.restore(from, "value"); }

private:
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] F f_;
  gradual_table<K, T> table_;
  std::uint32_t groups_ = default_key_groups;
};

}  // namespace weir::operators

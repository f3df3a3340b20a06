// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/state/cold_table.hpp"
#include "weir/state/gradual_table.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace weir::operators {

/// Combines the events of a key, one after the other, and emits the value so far at each.
template <class K, class T, class KeyOf, class F>
class reduce {
public:
  reduce(KeyOf key_of, F f) : key_of_(std::move(key_of)), f_(std::move(f)) {}

  void open(const flow::operator_environment& e) {
    groups_ = e.key_groups;
    if (e.cold != nullptr)
      cold_ = std::make_shared<cold_table<K, T>>(*e.cold, e.id, "value", groups_);
    store_ = e.cold;
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    const auto& key = std::invoke(key_of_, std::as_const(event));
    const auto [entry, fresh] = cold_ ? cold_->try_emplace(key, std::as_const(event))
                                      : table_.try_emplace(key, std::as_const(event));
    if (!fresh) *entry = std::invoke(f_, std::as_const(*entry), std::as_const(event));
    next(std::as_const(*entry), at);
  }

  flow::verdict snapshot(snapshot_writer& to) {
    if (!cold_)
      table_.save(to, "value", groups_);
    else if (store_->taking())
      cold_->save(to, "value");
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) {
    if (cold_)
      cold_->restore(from, "value");
    else
      table_.restore(from, "value");
  }

private:
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] F f_;
  gradual_table<K, T> table_;
  std::shared_ptr<cold_table<K, T>> cold_;  ///< In its place, if there is a cold store.
  cold_store* store_ = nullptr;
  std::uint32_t groups_ = default_key_groups;
};

}  // namespace weir::operators

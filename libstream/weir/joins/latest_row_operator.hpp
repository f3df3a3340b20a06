// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/joins/kept_rows.hpp"
#include "weir/joins/table_row.hpp"

#include <functional>
#include <optional>
#include <utility>

namespace weir::operators {

/// Keeps the latest row of each key, and emits what each event does to it as a change. An event
/// that is older than the key's row is left out and counted. Of a row that was removed nothing is
/// kept. An event costs a table operation.
template <class K, class T, class KeyOf>
class latest_row {
  using row = table_row<T>;

public:
  explicit latest_row(KeyOf key_of) : key_of_(std::move(key_of)) {}

  void open(const flow::operator_environment& e) {
    rows_.open(e);
    older_ = &e.metrics->add_counter(e.id + ": older rows");
    unknown_ = &e.metrics->add_counter(e.id + ": removals of no row");
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    const K key = std::invoke(key_of_, std::as_const(event));
    kept* before = rows_.change(key);
    if (before != nullptr && at < before->at) return older_->add(1);
    if (removes_row(event)) {
      if (before == nullptr) return unknown_->add(1);
      row gone = std::move(before->value);
      rows_.erase(key);
      return next(change<row>{change_kind::remove, std::move(gone), {}}, at);
    }
    row now = row_in(std::forward<E>(event));
    if (before == nullptr) {
      rows_.put(key, {at, now});
      return next(change<row>{change_kind::insert, std::move(now), {}}, at);
    }
    std::optional<row> replaced{std::exchange(before->value, now)};
    before->at = at;
    next(change<row>{change_kind::update, std::move(now), std::move(replaced)}, at);
  }

  flow::verdict snapshot(snapshot_writer& to) {
    rows_.save(to);
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) { rows_.restore(from); }

private:
  struct kept {
    timestamp at{};
    row value{};
    BOOST_DESCRIBE_CLASS(kept, (), (at, value), (), ())
  };

  [[no_unique_address]] KeyOf key_of_;
  counter* older_ = nullptr;
  counter* unknown_ = nullptr;
  kept_rows<K, kept> rows_;
};

}  // namespace weir::operators

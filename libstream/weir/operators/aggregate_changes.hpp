// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/event/change.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/state/keyed_table.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <functional>
#include <utility>

namespace weir {

/// What the rows of a key come to.
template <class K, class R>
struct keyed_value {
  K key{};
  R value{};

  friend bool operator==(const keyed_value&, const keyed_value&) = default;
  BOOST_DESCRIBE_CLASS(keyed_value, (), (key, value), (), ())
};

namespace operators {

template <class A, class C>
inline constexpr bool retracts_rows = false;
template <class A, change_event C>
inline constexpr bool retracts_rows<A, C> = retractable_aggregate_of<A, row_of<C>>;

/// Aggregates the rows that each key has, as changes to them come in; emits a change at each. A key
/// without rows costs nothing.
template <class K, class C, class KeyOf, class A>
class aggregate_changes {
  using row = row_of<C>;
  using value = aggregate_result<A, row>;
  using result = keyed_value<K, value>;

public:
  using output = change<result>;

  aggregate_changes(KeyOf key_of, A aggregate)
      : key_of_(std::move(key_of)), aggregate_(std::move(aggregate)) {}

  void open(const flow::operator_environment& e) {
    groups_ = e.key_groups;
    unmatched_ = &e.metrics->add_counter(e.id + ": removals without a row");
  }

  template <class E, class Next>
  void on_event(E&& c, timestamp at, Next& next, flow::step&) {
    const K key = std::invoke(key_of_, std::as_const(c));
    const auto [e, fresh] = table_.try_emplace(key);
    if (fresh) e->first = initial_accumulator<A, row>(aggregate_);
    if (e->second == 0 && c.kind != change_kind::insert) {
      unmatched_->add(1);
      if (c.kind == change_kind::remove) {
        table_.erase(key);
        return;
      }
    }
    const bool had_rows = e->second != 0;
    result before{key, aggregate_.result(e->first)};
    apply(*e, c, at);
    if (e->second == 0) {
      table_.erase(key);
      return next(output{change_kind::remove, std::move(before), {}}, at);
    }
    result after{key, aggregate_.result(e->first)};
    if (had_rows)
      next(output{change_kind::update, std::move(after), std::move(before)}, at);
    else
      next(output{change_kind::insert, std::move(after), {}}, at);
  }

  flow::verdict snapshot(snapshot_writer& to) {
    table_.snapshot(to, "@rows", groups_);
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) { table_.restore(from, "@rows"); }

private:
  using entry = std::pair<accumulator_of<A, row>, std::uint64_t>;  ///< With the number of rows.

  void apply(entry& e, const C& c, timestamp at) {
    switch (c.kind) {
      case change_kind::update:
        if (c.previous && e.second != 0)
          aggregate_.retract(e.first, *c.previous);
        else
          ++e.second;
        add_event(aggregate_, e.first, c.value, at);
        return;
      case change_kind::insert:
        ++e.second;
        add_event(aggregate_, e.first, c.value, at);
        return;
      case change_kind::remove:
        --e.second;
        aggregate_.retract(e.first, c.value);
    }
  }

  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] A aggregate_;
  keyed_table<K, entry> table_;
  std::uint32_t groups_ = default_key_groups;
  counter* unmatched_ = nullptr;
};

}  // namespace operators

}  // namespace weir

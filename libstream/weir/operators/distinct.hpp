// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/state/expiring_table.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/late_gate.hpp"

#include <boost/describe/class.hpp>

#include <functional>
#include <string>
#include <utility>

namespace weir::operators {

/// Until when events of a key are repeats.
struct repeats_until {
  timestamp until;
};
BOOST_DESCRIBE_STRUCT(repeats_until, (), (until))

/// Passes an event on if none of its key passed less than `ttl` of event time before it; others are
/// counted. A key is forgotten when the watermark says that no event can be its repeat. An event at
/// or behind the watermark whose key is not known may be a repeat of one that was forgotten: it is
/// late.
template <class K, class T, class KeyOf>
class distinct {
public:
  distinct(KeyOf key_of, duration ttl, std::string late_output)
      : key_of_(std::move(key_of)), ttl_(ttl), late_(std::move(late_output)), seen_(ttl) {}

  void open(const flow::operator_environment& e) {
    groups_ = e.key_groups;
    repeats_ = &e.metrics->add_counter(e.id + ": repeats");
    late_.open(e);
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    const K& key = std::invoke(key_of_, std::as_const(event));
    const repeats_until* seen = seen_.find(key);
    if (seen != nullptr && at < seen->until) return repeats_->add(1);
    if (seen == nullptr && at <= seen_.watermark())
      return late_.refuse(std::forward<E>(event), at, seen_.watermark(), s);
    seen_.put(key, {saturating_add(at, ttl_)});
    next(std::forward<E>(event), at);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next&, flow::step&) {
    seen_.advance(p.watermark);
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    seen_.snapshot(to, "@seen", groups_);
    save_watermark(to, seen_.watermark());
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) {
    seen_.restore(from, "@seen");
    seen_.advance(saved_watermark(from));
  }

private:
  [[no_unique_address]] KeyOf key_of_;
  duration ttl_;
  late_gate<T> late_;
  expiring_table<K, repeats_until> seen_;
  std::uint32_t groups_ = default_key_groups;
  counter* repeats_ = nullptr;
};

}  // namespace weir::operators

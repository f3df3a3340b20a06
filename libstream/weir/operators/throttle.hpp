// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/state/expiring_table.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/late_gate.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace weir::operators {

/// When a key's period ends, and how many events have passed in it.
struct throttle_period {
  timestamp until;
  std::uint64_t passed = 0;
};
BOOST_DESCRIBE_STRUCT(throttle_period, (), (until, passed))

/// Passes at most `most` events of a key on in each of its periods, which last `length` of event
/// time: the first begins with the key's first event, each further one with the first event at or
/// after the end of the one before. An event from before its key's period counts in that. Others go
/// to the side output, and are counted. A key is forgotten when the watermark has passed its
/// period; an event whose period would be over by then is late.
template <class K, class T, class KeyOf>
class throttle {
public:
  throttle(KeyOf key_of, std::uint64_t most, duration length, std::string rest_output)
      : key_of_(std::move(key_of)),
        most_(most),
        length_(length),
        rest_output_(rest_output),
        late_(std::move(rest_output)),
        periods_(length) {}

  void open(const flow::operator_environment& e) {
    groups_ = e.key_groups;
    throttled_ = &e.metrics->add_counter(e.id + ": throttled");
    rest_ = e.side<T>(rest_output_);
    late_.open(e);
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    const K& key = std::invoke(key_of_, std::as_const(event));
    throttle_period* p = periods_.find(key);
    if (p == nullptr || at >= p->until) {
      const timestamp until = saturating_add(at, length_);
      if (until <= periods_.watermark())
        return late_.refuse(std::forward<E>(event), at, periods_.watermark(), s);
      periods_.put(key, {until, 1});
    } else if (p->passed >= most_) {
      throttled_->add(1);
      if (rest_ != nullptr) rest_->emit(std::forward<E>(event), at);
      return;
    } else {
      ++p->passed;
    }
    next(std::forward<E>(event), at);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next&, flow::step&) {
    periods_.advance(p.watermark);
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    periods_.snapshot(to, "@periods", groups_);
    save_watermark(to, periods_.watermark());
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) {
    periods_.restore(from, "@periods");
    periods_.advance(saved_watermark(from));
  }

private:
  [[no_unique_address]] KeyOf key_of_;
  std::uint64_t most_;
  duration length_;
  std::string rest_output_;
  late_gate<T> late_;
  expiring_table<K, throttle_period> periods_;
  std::uint32_t groups_ = default_key_groups;
  counter* throttled_ = nullptr;
  flow::fan_out<T>* rest_ = nullptr;
};

}  // namespace weir::operators

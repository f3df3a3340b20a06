// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/describe_event.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/patterns/detect_options.hpp"
#include "weir/patterns/look.hpp"
#include "weir/patterns/order_buffer.hpp"
#include "weir/patterns/rule_set.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::patterns {

/// What the operators that match patterns share, for one stage instance: events wait until the
/// watermark has come to them (in event time), go to the patterns in the order of their time, and
/// what is found goes out, stopping wherever an output is full.
template <class K, class T, class KeyOf>
class detect_core {
public:
  using rule_kind = typename rule_set<K, T, KeyOf>::kind;

  detect_core(KeyOf key_of, detect_options<T> options, rule_kind rules)
      : rules_(std::move(key_of), rules), options_(std::move(options)) {}

  void open(const flow::operator_environment& e) {
    environment_ = e;
    late_ = e.side<T>(options_.late.name);
    timed_out_ = e.side<timed_out_match<T>>(options_.timed_out.name);
    found_.wants_timed_out = timed_out_ != nullptr;
    if (e.metrics == nullptr) return;
    partial_ = &e.metrics->add_gauge("partial_matches");
    waiting_matches_ = &e.metrics->add_gauge("matches_waiting");
    bytes_ = &e.metrics->add_gauge("partial_match_bytes");
    waiting_events_ = &e.metrics->add_gauge("events_waiting_for_watermark");
    dropped_ = &e.metrics->add_counter("partial_matches_dropped");
    timed_out_count_ = &e.metrics->add_counter("partial_matches_timed_out");
  }

  [[nodiscard]] rule_set<K, T, KeyOf>& rules() noexcept { return rules_; }
  /// Lets go of a rule; what it has found goes out all the same.
  void remove_rule(std::size_t number) {
    const auto& m = rules_.rules()[number]->machine;
    gone_.dropped += m.counts().dropped + m.size() + m.waiting().size();
    gone_.timed_out += m.counts().timed_out;
    rules_.remove(number);
  }
  [[nodiscard]] const detect_options<T>& options() const noexcept { return options_; }
  [[nodiscard]] const flow::operator_environment& environment() const noexcept {
    return environment_;
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    if (options_.time == match_time::event) {
      if (at <= watermark_) [[unlikely]]
        return refuse(std::forward<E>(event), at);
      buffer_.push(std::forward<E>(event), at);
    } else if (options_.order) {
      buffer_.push(std::forward<E>(event), s.wall);
    } else {
      match_now(std::forward<E>(event), next, s);
    }
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    if (options_.time == match_time::event) {
      if (const auto v = work(p.watermark, p.watermark, next, s); v != flow::verdict::done)
        return v;
      watermark_ = std::max(watermark_, p.watermark);
      hold_back(p);
    } else if (p.watermark == max_timestamp) {
      // What is held for its order has nothing to wait for any more.
      if (const auto v = work(max_timestamp, s.wall, next, s); v != flow::verdict::done) return v;
    }
    look(s.wall);
    return flow::verdict::done;
  }

  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    if (options_.time == match_time::event) return flow::verdict::done;
    const auto v = work(s.wall - duration{1}, s.wall, next, s);
    if (v == flow::verdict::done) look(s.wall);
    return v;
  }
  [[nodiscard]] timestamp next_timer() {
    if (options_.time == match_time::event) return max_timestamp;
    if (!found_.empty() || ready_at_ != ready_.size()) return min_timestamp;
    return std::min(rules_.next_deadline(), saturating_add(buffer_.earliest(), duration{1}));
  }

  void save(snapshot_writer& to) {
    save_form<saved_event>(to, "@waiting events");
    auto parts =
        std::make_shared<operators::key_parts<K>>(to, "@waiting events", environment_.key_groups);
    const auto add = [this, parts](const T& event, timestamp at) {
      bytes& part = parts->begin(std::invoke(rules_.key_of(), event));
      encode(at, part);
      encode(event, part);
    };
    for (std::size_t i = ready_at_; i < ready_.size(); ++i) add(ready_.values[i], ready_.times[i]);
    buffer_.save(to, add, [parts](snapshot_writer& w, bool all) { parts->hand_on(w, all); });
    bytes watermark;
    encode(watermark_, watermark);
    to.item("@watermark", std::move(watermark), state_kind::union_list);
  }

  void load(snapshot_reader& from) {
    const bool described = saved_schema(from, "@waiting events").has_value();
    const saved_form form = form_of_entry<saved_event>(from, "@waiting events");
    const auto read = [&](byte_reader& in) {
      K key{};
      timestamp at;
      T event{};
      // Up to 0.1 there was no form, and no key.
      if ((described && !decode(in, key)) || !decode(in, at) || !decode(in, event)) return false;
      buffer_.push(std::move(event), at);
      return true;
    };
    from.each("@waiting events", [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      std::uint64_t head = 0;
      if ((!described && !decode(in, head)) || !form.each_entry(in, read))
        throw exception(
            {errc::incompatible, "state '@waiting events': a saved event does not decode"});
    });
    std::optional<timestamp> lowest;
    from.each("@watermark", [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      timestamp w;
      if (decode(in, w)) lowest = std::min(lowest.value_or(w), w);
    });
    watermark_ = lowest.value_or(min_timestamp);
  }

private:
  static constexpr std::size_t at_once = 256;
  using saved_event = std::tuple<K, timestamp, T>;

  template <class E>
  void refuse(E&& event, timestamp at) {
    environment_.metrics->late_events.add(1);
    if (late_ == nullptr) return environment_.metrics->late_unclaimed.add(1);
    late_->emit(std::forward<E>(event), at);
  }

  /// In processing time an event is matched as it comes. An exception of a condition fails it.
  template <class E, class Next>
  void match_now(E&& event, Next& next, flow::step& s) {
    T own(std::forward<E>(event));
    rules_.classify_one(own, 0);
    rules_.on_event(own, 0, s.wall, s.wall, found_);
    count();
    while (!found_.matches.empty()) emit_match(next);
    while (!found_.timed_out.empty()) emit_timed_out();
  }

  /// Takes the events up to `until` in order, then tells the keys that it is `clock`.
  template <class Next>
  flow::verdict work(timestamp until, timestamp clock, Next& next, flow::step& s) {
    while (true) {
      if (!found_.empty()) {
        if (next.full()) return flow::verdict::blocked;
        if (s.budget == 0) return flow::verdict::more;
        --s.budget;
        found_.matches.empty() ? emit_timed_out() : emit_match(next);
        continue;
      }
      if (s.errors.waiting(s.wall, s.out)) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      if (ready_at_ != ready_.size()) {
        take_ready(s);
        if (s.errors.failed()) return flow::verdict::done;
      } else if (!fetch(until) && !advance_one(until, clock, s)) {
        count();
        return flow::verdict::done;
      }
    }
  }

  /// Takes events in hand for as long as they come to nothing.
  void take_ready(flow::step& s) {
    while (ready_at_ != ready_.size() && found_.empty() && s.budget != 0) {
      --s.budget;
      const std::size_t i = ready_at_++;
      rules_.look_ahead({ready_.values.data(), ready_.size()}, i);
      try {
        if (!classified_) rules_.classify_one(ready_.values[i], i);
        rules_.on_event(ready_.values[i], i, ready_.times[i], s.wall, found_);
      } catch (...) {
        s.errors.on_exception(environment_.id, 1, s.wall, s.out, false, [&](dead_letter& letter) {
          flow::describe_event(ready_.values[i], ready_.times[i], letter);
        });
        return;
      }
    }
  }

  bool fetch(timestamp until) {
    ready_.clear();
    ready_at_ = 0;
    if (buffer_.size() == 0) return false;
    buffer_.pop(until, at_once,
                [&](T&& event, timestamp at) { ready_.push(std::move(event), at); });
    if (ready_.empty()) return false;
    if (options_.order) sort_equal_times();
    try {
      rules_.classify(ready_.values);
      classified_ = true;
    } catch (...) {
      classified_ = false;  // looked at one by one, so that the one that fails is known
    }
    return true;
  }

  void sort_equal_times() {
    for (std::size_t i = 0; i < ready_.size();) {
      std::size_t j = i + 1;
      while (j < ready_.size() && ready_.times[j] == ready_.times[i]) ++j;
      if (j - i > 1) options_.order.sort(ready_.values.data() + i, ready_.values.data() + j);
      i = j;
    }
  }

  /// Lets one key know of the time; false when there is none left that wants to.
  bool advance_one(timestamp until, timestamp clock, flow::step& s) {
    --s.budget;
    try {
      if (rules_.advance_next(clock, found_)) return true;
      return until == max_timestamp && rules_.end_next(found_);
    } catch (...) {
      s.errors.on_exception(environment_.id, 1, s.wall, s.out, false, [](dead_letter&) {});
      return !s.errors.failed();
    }
  }

  template <class Next>
  void emit_match(Next& next) {
    auto [found, at] = std::move(found_.matches.front());
    found_.matches.pop();
    environment_.metrics->results.add(1);
    next(std::move(found), at);
  }
  void emit_timed_out() {
    auto found = std::move(found_.timed_out.front());
    found_.timed_out.pop();
    const timestamp at = found.at;
    timed_out_->emit(std::move(found), at);
  }

  /// A match that waits for its turn must not be late when its turn has come.
  void hold_back(flow::progress& p) const {
    const timestamp earliest = rules_.earliest_waiting();
    if (earliest != max_timestamp) p.watermark = std::min(p.watermark, earliest - duration{1});
  }

  void count() {
    if (partial_ == nullptr) return;
    partial_->set(static_cast<std::int64_t>(rules_.partial_matches()));
    waiting_matches_->set(static_cast<std::int64_t>(rules_.matches_waiting()));
    bytes_->set(static_cast<std::int64_t>(rules_.bytes_held()));
    waiting_events_->set(static_cast<std::int64_t>(buffer_.size() + ready_.size() - ready_at_));
    matcher_counts sum = gone_;
    for (const auto& r : rules_.rules()) {
      sum.dropped += r->machine.counts().dropped;
      sum.timed_out += r->machine.counts().timed_out;
    }
    dropped_->set(sum.dropped);
    timed_out_count_->set(sum.timed_out);
  }

  /// Answers those who want to see the partial matches.
  void look(timestamp wall) {
    if (!options_.watch || options_.watch->asked() == answered_) return;
    answered_ = options_.watch->asked();
    const timestamp clock = options_.time == match_time::event ? watermark_ : wall;
    options_.watch->answer(look_at(rules_, clock, options_.watch->at_most()));
  }

  rule_set<K, T, KeyOf> rules_;
  detect_options<T> options_;
  flow::operator_environment environment_;
  flow::fan_out<T>* late_ = nullptr;
  flow::fan_out<timed_out_match<T>>* timed_out_ = nullptr;
  gauge* partial_ = nullptr;
  gauge* waiting_matches_ = nullptr;
  gauge* bytes_ = nullptr;
  gauge* waiting_events_ = nullptr;
  counter* dropped_ = nullptr;
  counter* timed_out_count_ = nullptr;

  order_buffer<T> buffer_;
  batch<T> ready_;  ///< Events whose time has come.
  std::size_t ready_at_ = 0;
  bool classified_ = false;
  findings<T> found_;
  timestamp watermark_ = min_timestamp;
  matcher_counts gone_;  ///< Of rules that are no more.
  std::uint64_t answered_ = 0;
};

}  // namespace weir::patterns

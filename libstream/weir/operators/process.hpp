// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/planted_fault.hpp"
#include "weir/operators/process_context.hpp"
#include "weir/state/key_index.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/keyed_state.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::operators {

/// Runs a user's processor: finds the key's slot, selects its states, and hands on what was
/// emitted. A key whose states are all erased and which has no timer costs nothing.
template <class K, class T, class KeyOf, class P>
class process {
  using output = typename P::output;

public:
  static constexpr bool emits_many = true;
  static constexpr bool leaves_timers = true;
  static constexpr bool leaves_firings = true;

  process(KeyOf key_of, P processor)
      : key_of_(std::move(key_of)), processor_(std::move(processor)) {}

  void open(const flow::operator_environment& e) { environment_ = e; }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    const auto slot = keys_.enter(std::invoke(key_of_, std::as_const(event)));
    call(slot, at, watermark_, next, s,
         [&](auto& context) { processor_.on_event(std::as_const(event), context); });
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    watermark_ = std::max(watermark_, p.watermark);
    const flow::verdict v = fire(event_timers_, watermark_, next, s);
    return v == flow::verdict::done ? forget(s) : v;
  }
  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    return fire(processing_timers_, s.wall, next, s);
  }
  [[nodiscard]] timestamp next_timer() { return processing_timers_.earliest(); }

  flow::verdict snapshot(snapshot_writer& to) {
    save_slots(to);
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    each_state([&]<class State>(State& state) {
      load_entries<typename State::stored>(
          from, state.name(), [&](auto slot, byte_reader& in) { return state.load(slot, in); });
      if (!state.forgets()) return;
      load_entries<timestamp>(from, times_of(state.name()), [&](auto slot, byte_reader& in) {
        timestamp until;
        if (!decode(in, until)) return false;
        state.keep_until(slot, until);
        return true;
      });
    });
    load_timers(event_timers_, timer_names[0], from);
    load_timers(processing_timers_, timer_names[1], from);
    watermark_ = saved_watermark(from);
  }

  [[nodiscard]] P& processor() noexcept { return processor_; }

private:
  template <class F>
  void each_state(F f) {
    if constexpr (requires { processor_.states(); })
      std::apply([&](auto&... state) { (f(state), ...); }, processor_.states());
  }

  /// Lets a key go that holds nothing after a call, also after one that threw.
  struct leave_if_empty {
    process& of;
    std::uint32_t slot;

    ~leave_if_empty() {
      if (!of.event_timers_.has(slot) && !of.processing_timers_.has(slot) && !of.holds_state(slot))
        of.keys_.leave(slot);
    }
  };

  template <class Next, class Call>
  void call(std::uint32_t slot, timestamp at, timestamp judged, Next& next, flow::step& s,
            Call user) {
    context_.environment_ = &environment_;
    context_.event_timers_ = &event_timers_;
    context_.processing_timers_ = &processing_timers_;
    context_.key_ = &keys_.key(slot);
    context_.slot_ = slot;
    context_.at_ = at;
    context_.watermark_ = watermark_;
    context_.now_ = s.wall;
    context_.out_.clear();
    const call_times times{at, judged, s.wall};
    each_state([&](auto& state) { state.select(slot, times); });
    {
      const leave_if_empty after{*this, slot};
      user(context_);
    }
    for (auto& [value, when] : context_.out_) next(std::move(value), when);
  }

  template <class Next>
  flow::verdict fire(timer_queue& timers, timestamp now, Next& next, flow::step& s) {
    timer_queue::entry due;
    while (true) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      if (!timers.pop_due(now, due, [this](auto slot) { keys_.touch(slot); }))
        return flow::verdict::done;
      --s.budget;
      // What is remembered is as of the timer's time, however far the watermark has jumped.
      const bool by_event = &timers == &event_timers_;
      call(due.slot, due.at, by_event ? std::min(watermark_, due.at) : watermark_, next, s,
           [&](auto& context) {
             if constexpr (requires { processor_.on_timer(due.at, context); })
               processor_.on_timer(due.at, context);
           });
    }
  }

  /// Frees what states with a time to live have forgotten.
  flow::verdict forget(flow::step& s) {
    bool more = false;
    const call_times times{watermark_, watermark_, s.wall};
    each_state([&](auto& state) {
      while (s.budget != 0)
        if (const auto slot = state.forget_one(times, [&](auto at) { keys_.touch(at); })) {
          const leave_if_empty after{*this, *slot};
          --s.budget;
        } else {
          return;
        }
      more = more || state.forgets();
    });
    return more ? flow::verdict::more : flow::verdict::done;
  }

  bool holds_state(std::uint32_t slot) {
    bool holds = false;
    each_state([&](auto& state) { holds = holds || state.holds(slot); });
    return holds;
  }

  /// What is written of a state, by key group; of one without a key as operator state.
  class entries {
  public:
    explicit entries(std::string state, std::uint32_t groups)
        : state_(std::move(state)), parts_(std::is_same_v<K, no_key> ? 1 : groups) {}

    bytes& begin(const K& key) {
      const auto groups = static_cast<std::uint32_t>(parts_.size());
      bytes& part = parts_[groups == 1 ? 0 : group_of_hash(key_hash(key), groups)];
      encode(key, part);
      return part;
    }
    void write(snapshot_writer& to) {
      for (std::size_t g = 0; g < parts_.size(); ++g) {
        if (parts_[g].empty()) continue;
        if constexpr (std::is_same_v<K, no_key>)
          to.item(state_, std::move(parts_[g]));
        else
          to.keyed(state_, static_cast<key_group>(g), std::move(parts_[g]));
      }
    }

  private:
    std::string state_;
    std::vector<bytes> parts_;
  };

  void save_slots(snapshot_writer& to) {
    auto all = std::make_shared<std::vector<entries>>();
    for (const auto& name : timer_names) {
      if (!planted(fault::timers_not_saved)) save_form<std::pair<K, timestamp>>(to, name);
      all->emplace_back(name, environment_.key_groups);
    }
    each_state([&]<class State>(State& state) {
      save_form<std::pair<K, typename State::stored>>(to, state.name());
      all->emplace_back(state.name(), environment_.key_groups);
      if (state.forgets()) save_form<std::pair<K, timestamp>>(to, times_of(state.name()));
      all->emplace_back(times_of(state.name()), environment_.key_groups);
    });
    keys_.save_slots(
        to, [this, all](std::uint32_t slot) { save_slot(slot, *all); },
        [all](snapshot_writer& w) {
          for (entries& e : *all) e.write(w);
        });
  }
  void save_slot(std::uint32_t slot, std::vector<entries>& to) {
    auto at = to.begin();
    for (const timer_queue* timers : {&event_timers_, &processing_timers_}) {
      if (!planted(fault::timers_not_saved))
        timers->each(slot, [&](timestamp t) { encode(t, at->begin(keys_.key(slot))); });
      ++at;
    }
    each_state([&](auto& state) {
      if (state.holds(slot)) state.save(slot, at->begin(keys_.key(slot)));
      ++at;
      if (const timestamp* until = state.kept_until(slot))
        encode(*until, at->begin(keys_.key(slot)));
      ++at;
    });
  }
  static inline const std::string timer_names[] = {"@event timers", "@processing timers"};
  static std::string times_of(const std::string& state) { return "@kept until of " + state; }

  template <class V, class Load>
  void load_entries(snapshot_reader& from, std::string_view name, Load load) {
    const saved_form form = form_of_keyed<K, V>(from, name);
    const auto read = [&](byte_reader& entry) {
      K key{};
      return decode(entry, key) && load(keys_.enter(key), entry);
    };
    from.each(name, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      if (!form.each_entry(in, read))
        throw exception({errc::incompatible,
                         "state '" + std::string{name} + "': a saved entry does not decode"});
    });
  }

  void load_timers(timer_queue& timers, std::string_view name, snapshot_reader& from) {
    load_entries<timestamp>(from, name, [&](std::uint32_t slot, byte_reader& in) {
      timestamp at;
      if (!decode(in, at)) return false;
      timers.set({at, slot});
      return true;
    });
  }

  [[no_unique_address]] KeyOf key_of_;
  P processor_;
  flow::operator_environment environment_;
  key_index<K> keys_;
  timer_queue event_timers_;
  timer_queue processing_timers_;
  timestamp watermark_ = min_timestamp;
  process_context<K, output> context_;
};

}  // namespace weir::operators

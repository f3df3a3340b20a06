// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/operators/process_context.hpp"
#include "weir/state/key_index.hpp"
#include "weir/state/keyed_state.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace weir::operators {

/// Runs a user's processor: finds the key's slot, selects its states, and hands on what was
/// emitted. A key whose states are all erased and which has no timer costs nothing.
template <class K, class T, class KeyOf, class P>
class process {
  using output = typename P::output;

public:
  static constexpr bool emits_many = true;

  process(KeyOf key_of, P processor)
      : key_of_(std::move(key_of)), processor_(std::move(processor)) {}

  void open(const flow::operator_environment& e) { environment_ = e; }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    const auto slot = keys_.enter(std::invoke(key_of_, std::as_const(event)));
    call(slot, at, next, s,
         [&](auto& context) { processor_.on_event(std::as_const(event), context); });
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    watermark_ = std::max(watermark_, p.watermark);
    return fire(event_timers_, watermark_, next, s);
  }
  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    return fire(processing_timers_, s.wall, next, s);
  }
  [[nodiscard]] timestamp next_timer() { return processing_timers_.earliest(); }

  flow::verdict snapshot(snapshot_writer& to) {
    each_state([&](auto& state) { save_state(state, to); });
    save_timers(event_timers_, "@event timers", to);
    save_timers(processing_timers_, "@processing timers", to);
    bytes watermark;
    encode(watermark_, watermark);
    to.item("@watermark", std::move(watermark), state_kind::union_list);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    each_state([&](auto& state) {
      load_entries(from, state.name(),
                   [&](auto slot, byte_reader& in) { return state.load(slot, in); });
    });
    load_timers(event_timers_, "@event timers", from);
    load_timers(processing_timers_, "@processing timers", from);
    std::optional<timestamp> lowest;
    from.each("@watermark", [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      timestamp w;
      if (decode(in, w)) lowest = std::min(lowest.value_or(w), w);
    });
    watermark_ = lowest.value_or(min_timestamp);
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
  void call(std::uint32_t slot, timestamp at, Next& next, flow::step& s, Call user) {
    context_.environment_ = &environment_;
    context_.event_timers_ = &event_timers_;
    context_.processing_timers_ = &processing_timers_;
    context_.key_ = &keys_.key(slot);
    context_.slot_ = slot;
    context_.at_ = at;
    context_.watermark_ = watermark_;
    context_.now_ = s.wall;
    context_.out_.clear();
    each_state([&](auto& state) { state.select(slot); });
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
      if (!timers.pop_due(now, due)) return flow::verdict::done;
      --s.budget;
      call(due.slot, due.at, next, s, [&](auto& context) {
        if constexpr (requires { processor_.on_timer(due.at, context); })
          processor_.on_timer(due.at, context);
      });
    }
  }

  bool holds_state(std::uint32_t slot) {
    bool holds = false;
    each_state([&](auto& state) { holds = holds || state.holds(slot); });
    return holds;
  }

  template <class State>
  void save_state(State& state, snapshot_writer& to) {
    save_entries(to, state.name(), [&](auto add) {
      keys_.each([&](const K& key, std::uint32_t slot) {
        if (state.holds(slot)) state.save(slot, add(key));
      });
    });
  }

  void save_timers(const timer_queue& timers, std::string_view name, snapshot_writer& to) {
    save_entries(to, name, [&](auto add) {
      timers.each([&](const timer_queue::entry& e) { encode(e.at, add(keys_.key(e.slot))); });
    });
  }

  /// Calls `write(add)`, where `add(key)` begins an entry; writes what came together for each key
  /// group.
  template <class Write>
  void save_entries(snapshot_writer& to, std::string_view name, Write write) {
    std::vector<bytes> parts(std::is_same_v<K, no_key> ? 1 : environment_.key_groups);
    write([&](const K& key) -> bytes& {
      bytes& part =
          parts[std::is_same_v<K, no_key> ? 0
                                          : group_of_hash(key_hash(key), environment_.key_groups)];
      encode(key, part);
      return part;
    });
    for (std::size_t g = 0; g < parts.size(); ++g) {
      if constexpr (std::is_same_v<K, no_key>) {
        if (!parts[g].empty()) to.item(name, std::move(parts[g]));
      } else {
        if (!parts[g].empty()) to.keyed(name, static_cast<key_group>(g), std::move(parts[g]));
      }
    }
  }

  template <class Load>
  void load_entries(snapshot_reader& from, std::string_view name, Load load) {
    from.each(name, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      while (in.remaining() != 0) {
        K key{};
        if (!decode(in, key) || !load(keys_.enter(key), in))
          throw exception({errc::incompatible,
                           "state '" + std::string{name} + "': a saved entry does not decode"});
      }
    });
  }

  void load_timers(timer_queue& timers, std::string_view name, snapshot_reader& from) {
    load_entries(from, name, [&](std::uint32_t slot, byte_reader& in) {
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

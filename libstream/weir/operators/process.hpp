// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/planted_fault.hpp"
#include "weir/flow/either.hpp"
#include "weir/operators/key_parts.hpp"
#include "weir/operators/process_context.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/key_index.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/keyed_state.hpp"
#include "weir/state/slot_cache.hpp"

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
  static constexpr bool takes_inputs_apart = flow::is_one_of<T>;
  static constexpr bool emits_many = true;
  static constexpr bool leaves_timers = true;
  static constexpr bool leaves_firings = true;

  process(KeyOf key_of, P processor)
      : key_of_(std::move(key_of)), processor_(std::move(processor)) {}

  void open(const flow::operator_environment& e) {
    environment_ = e;
    if constexpr (!std::is_same_v<K, no_key> && requires { processor_.states(); })
      if (e.cold != nullptr) open_cold(*e.cold);
  }

  void look_ahead(const batch<T>& in, std::size_t i) const noexcept { fetch(in, i, key_of_); }
  template <std::size_t Input, class In>
  void look_ahead(std::in_place_index_t<Input>, const batch<In>& in, std::size_t i) const noexcept {
    fetch(in, i, key_of_.template of<Input>());
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    const auto slot = enter(std::invoke(key_of_, std::as_const(event)));
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
    if (cold_)
      save_cold(to);
    else
      save_slots(to);
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    std::size_t column = 0;
    each_state([&]<class State>(State& state) {
      if (cold_) convert_rows(from, state, columns_[column]);
      column += 2;
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
  template <class In, class Of>
  void fetch(const batch<In>& in, std::size_t i, const Of& key_of) const noexcept {
    fetch_ahead(keys_, in, i, key_of, [this](std::uint32_t slot) {
      event_timers_.fetch(slot);
      const_cast<process*>(this)->each_state([slot](const auto& state) { state.fetch(slot); });
    });
  }

  template <class F>
  void each_state(F f) {
    if constexpr (requires { processor_.states(); })
      std::apply([&](auto&... state) { (f(state), ...); }, processor_.states());
  }

  std::uint32_t enter(const K& key) { return cold_ ? cold_->enter(keys_, key) : keys_.enter(key); }

  /// Has states in a cold store: each is a column, and when it is forgotten another one.
  void open_cold(cold_store& store) {
    std::vector<std::string> names;
    bool expires = true;
    std::size_t slot_bytes = 0;
    bool has_heap = false;
    each_state([&]<class State>(State& state) {
      names.push_back(state.name());
      names.push_back(times_of(state.name()));
      expires = expires && state.forgets();
      slot_bytes +=
          sizeof(std::optional<typename State::stored>) + sizeof(std::optional<timestamp>);
      has_heap = has_heap || has_dynamic_size<typename State::stored>;
    });
    cold_store::opened_table table = store.open_table(environment_.id, names, expires);
    columns_ = std::move(table.columns);
    typename slot_cache<K>::calls c;
    c.write = [this](std::uint32_t slot, row_writer& row) { write_row(slot, row); };
    c.read = [this](std::uint32_t slot, std::uint8_t column, byte_reader& in) {
      return read_column(slot, column, in);
    };
    c.drop = [this](std::uint32_t slot) { each_state([&](auto& state) { state.release(slot); }); };
    c.stays = [this](std::uint32_t slot) {
      return event_timers_.has(slot) || processing_timers_.has(slot);
    };
    if (has_heap)
      c.heap_bytes = [this](std::uint32_t slot) {
        std::size_t sum = 0;
        each_state([&](auto& state) { sum += state.heap_bytes(slot); });
        return sum;
      };
    c.slot_bytes = slot_bytes;
    cold_ =
        std::make_shared<slot_cache<K>>(store, table.number, environment_.key_groups, std::move(c));
  }
  void write_row(std::uint32_t slot, row_writer& row) {
    std::size_t column = 0;
    bool forgotten = true;  // once all states are, by one clock
    std::optional<time_to_live::clock> by;
    timestamp latest = min_timestamp;
    each_state([&](auto& state) {
      if (state.holds(slot)) {
        state.save(slot, row.begin(columns_[column]));
        const timestamp* until = state.kept_until(slot);
        forgotten =
            forgotten && until != nullptr && by.value_or(state.life()->by) == state.life()->by;
        if (until != nullptr) {
          encode(*until, row.begin(columns_[column + 1]));
          latest = std::max(latest, *until);
          by = state.life()->by;
        }
      }
      column += 2;
    });
    if (forgotten && by)
      row.keep_until(*by == time_to_live::clock::event_time ? row_expiry::event_time
                                                            : row_expiry::processing_time,
                     latest);
  }
  bool read_column(std::uint32_t slot, std::uint8_t number, byte_reader& in) {
    bool read = true;
    std::size_t column = 0;
    each_state([&](auto& state) {
      timestamp until;
      if (columns_[column] == number) read = state.load(slot, in);
      if (columns_[column + 1] == number) {
        read = decode(in, until);
        if (read && state.forgets()) state.keep_until(slot, until);
      }
      column += 2;
    });
    return read;
  }
  /// After a call: notes what has changed.
  void settle_cold(std::uint32_t slot) {
    bool changed = false;
    each_state([&](auto& state) { changed = state.take_changed() || changed; });
    if (changed) cold_->changed(slot);
    if (!event_timers_.has(slot) && !processing_timers_.has(slot) && !holds_state(slot))
      cold_->emptied(keys_, slot);
  }

  /// Lets a key go that holds nothing after a call, also after one that threw.
  struct leave_if_empty {
    process& of;
    std::uint32_t slot;

    ~leave_if_empty() {
      if (of.cold_)
        of.settle_cold(slot);
      else if (!of.event_timers_.has(slot) && !of.processing_timers_.has(slot) &&
               !of.holds_state(slot))
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

  void before_firing(std::uint32_t slot) {
    if (cold_)
      cold_->wake(keys_, slot);
    else
      keys_.touch(slot);
  }

  template <class Next>
  flow::verdict fire(timer_queue& timers, timestamp now, Next& next, flow::step& s) {
    timer_queue::entry due;
    while (true) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      if (cold_) cold_->settle(keys_);
      if (!timers.pop_due(now, due, [this](auto slot) { before_firing(slot); }))
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
    if (cold_) environment_.cold->tell_time(watermark_, s.wall);
    return more ? flow::verdict::more : flow::verdict::done;
  }

  bool holds_state(std::uint32_t slot) {
    bool holds = false;
    each_state([&](auto& state) { holds = holds || state.holds(slot); });
    return holds;
  }

  void save_cold(snapshot_writer& to) {
    save_timers(event_timers_, timer_names[0], to);
    save_timers(processing_timers_, timer_names[1], to);
    each_state([&]<class State>(State& state) {
      save_form<std::pair<K, typename State::stored>>(to, state.name());
      if (state.forgets()) save_form<std::pair<K, timestamp>>(to, times_of(state.name()));
    });
    if (environment_.cold->taking()) cold_->save(keys_, to);
  }
  void save_slots(snapshot_writer& to) {
    auto all = std::make_shared<std::vector<key_parts<K>>>();
    for (const auto& name : timer_names) {
      if (!planted(fault::timers_not_saved)) save_form<std::pair<K, timestamp>>(to, name);
      all->emplace_back(to, name, environment_.key_groups);
    }
    each_state([&]<class State>(State& state) {
      save_form<std::pair<K, typename State::stored>>(to, state.name());
      all->emplace_back(to, state.name(), environment_.key_groups);
      if (state.forgets()) save_form<std::pair<K, timestamp>>(to, times_of(state.name()));
      all->emplace_back(to, times_of(state.name()), environment_.key_groups);
    });
    keys_.save_slots(
        to, [this, all](std::uint32_t slot) { save_slot(slot, *all); },
        [all](snapshot_writer& w, bool complete) {
          for (auto& parts : *all) parts.hand_on(w, complete);
        });
  }
  void save_slot(std::uint32_t slot, std::vector<key_parts<K>>& to) {
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

  void save_timers(const timer_queue& timers, std::string_view name, snapshot_writer& to) {
    if (planted(fault::timers_not_saved)) return;
    save_form<std::pair<K, timestamp>>(to, name);
    key_parts<K> all{to, std::string{name}, environment_.key_groups};
    timers.each([&](std::uint32_t slot, timestamp at) { encode(at, all.begin(keys_.key(slot))); });
    all.hand_on(to, true);
  }

  /// Rows of the cold store may have been written by a program whose types were others.
  template <class State>
  void convert_rows(snapshot_reader& from, const State& state, std::uint8_t of) {
    const saved_form form = form_of_keyed<K, typename State::stored>(from, state.name());
    if (!form.changes()) return;
    cold_->convert_rows(
        [&](std::span<const std::byte> key, std::uint8_t column, std::span<const std::byte> data) {
          return column != of ? std::optional<bytes>{}
                              : convert_column<K>(form, state.name(), key, data);
        });
  }

  template <class V, class Load>
  void load_entries(snapshot_reader& from, std::string_view name, Load load, bool timers = false) {
    const saved_form form = form_of_keyed<K, V>(from, name);
    const auto read = [&](byte_reader& entry) {
      K key{};
      if (!decode(entry, key)) return false;
      if (!cold_) return load(keys_.enter(key), entry);
      const auto slot = timers ? cold_->enter_hollow(keys_, key) : cold_->enter(keys_, key);
      const bool loaded = load(slot, entry);
      if (!timers) cold_->changed(slot);
      return loaded;
    };
    from.each(name, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      if (!form.each_entry(in, read))
        throw exception({errc::incompatible,
                         "state '" + std::string{name} + "': a saved entry does not decode"});
    });
  }

  void load_timers(timer_queue& timers, std::string_view name, snapshot_reader& from) {
    load_entries<timestamp>(
        from, name,
        [&](std::uint32_t slot, byte_reader& in) {
          timestamp at;
          if (!decode(in, at)) return false;
          timers.set({at, slot});
          return true;
        },
        true);
  }

  [[no_unique_address]] KeyOf key_of_;
  P processor_;
  flow::operator_environment environment_;
  key_index<K> keys_;
  std::shared_ptr<slot_cache<K>> cold_;  ///< What makes `keys_` a cache over a cold store.
  std::vector<std::uint8_t> columns_;    ///< Two for each state in the cold store.
  timer_queue event_timers_;
  timer_queue processing_timers_;
  timestamp watermark_ = min_timestamp;
  process_context<K, output> context_;
};

}  // namespace weir::operators

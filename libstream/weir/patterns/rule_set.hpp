// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/operators/key_parts.hpp"
#include "weir/operators/process_context.hpp"
#include "weir/patterns/cold_matches.hpp"
#include "weir/patterns/matcher_snapshot.hpp"
#include "weir/patterns/rule_index.hpp"
#include "weir/patterns/slot_bits.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/key_groups.hpp"
#include "weir/state/saved_form.hpp"
#include "weir/state/snapshot.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::patterns {

/// One pattern, or several at once, matched for all keys of a stage instance. A key has a slot only
/// while some pattern remembers something of it. What one pattern remembers may lie in a cold
/// store; rules that come and go keep all in memory.
///
/// Of several patterns an event goes only to those that it may mean something to: the ones it may
/// begin, and of those that have partial matches of its key the ones that heed it.
template <class K, class T, class KeyOf>
class rule_set {
public:
  struct rule {
    std::string id;  ///< Names its state; empty for the one pattern of a `detect()`.
    matcher<T> machine;
    std::vector<condition_bits> bits;  ///< Of the events in hand.
  };

  /// For one pattern, or for rules that come and go.
  enum class kind : std::uint8_t { one, several };

  rule_set(KeyOf key_of, kind k) : key_of_(std::move(key_of)), finds_(k == kind::several) {}

  rule& add(std::unique_ptr<rule> r) {
    r->machine.tell_before_giving_up([this](std::uint32_t slot) {
      keys_.touch(slot);
      keys_.changed(slot);
    });
    rules_.push_back(std::move(r));
    active_.widen(rules_.size());
    waiting_.widen(rules_.size());
    return *rules_.back();
  }
  /// Forgets all rules. @pre They remember nothing.
  void clear() {
    rules_.clear();
    active_.clear();
    waiting_.clear();
    index_ = {};
  }
  [[nodiscard]] const std::vector<std::unique_ptr<rule>>& rules() const noexcept { return rules_; }

  /// Lets what is remembered of keys, in the state of that name of an operator, leave memory for a
  /// cold store, unless that is null or there is one key only. @pre There is one rule, and it has
  /// seen nothing.
  void open(cold_store* store, std::string_view operator_id, std::uint32_t groups,
            std::string state) {
    if constexpr (!std::is_same_v<K, no_key>) {
      if (store != nullptr)
        cold_ = std::make_unique<cold_matches<K, T>>(keys_, rules_.front()->machine, *store,
                                                     operator_id, groups, std::move(state));
    }
  }

  /// Looks at events by themselves. Throws what a condition throws.
  void classify(std::span<const T> events) {
    if (finds_) return;
    if (scratch_size_ < events.size()) {
      scratch_ = std::make_unique<bool[]>(events.size());
      scratch_size_ = events.size();
    }
    for (auto& r : rules_) {
      r->bits.resize(events.size());
      r->machine.pattern().classify(events.data(), events.size(), r->bits.data(), scratch_.get());
    }
  }
  /// ... at one of them, number `i`.
  void classify_one(const T& event, std::size_t i) {
    if (finds_) return;
    bool fits = false;
    for (auto& r : rules_) {
      if (r->bits.size() <= i) r->bits.resize(i + 1);
      r->machine.pattern().classify(&event, 1, &r->bits[i], &fits);
    }
  }

  /// Calls for what the events behind number `i` will need, so that it is on its way from memory
  /// while those before them are matched. Where few rules are asked, and keys cost next to nothing
  /// to make: an event's key is asked for once more for it.
  void look_ahead(std::span<const T> events, std::size_t i) noexcept {
    if constexpr (std::is_trivially_copyable_v<K> && !std::is_empty_v<K>) {
      constexpr std::size_t few = 4;
      if (finds_ || rules_.size() > few) return;
      constexpr std::size_t apart = 4;  // events between two steps
      constexpr std::size_t steps = 5;
      static_assert(steps * apart < coming_hashes::most_ahead);
      const auto coming = [&](std::size_t step) { return i + (steps - step) * apart; };
      const key_index<K>& keys = keys_.index();
      try {
        if (const std::size_t n = coming(0); n < events.size())
          coming_[n] = keys.fetch_cell(std::invoke(key_of_, events[n]));
      } catch (...) {
        return;  // once more when it is the event's turn
      }
      // From then on its slot stands in the place of its hash.
      if (const std::size_t n = coming(1); n < events.size())
        coming_[n] = keys.fetch_slot(coming_[n]);
      for (std::size_t step = 1; step < steps; ++step) {
        const std::size_t n = coming(step);
        if (n >= events.size() || coming_[n] == key_index<K>::none) continue;
        for (const auto& r : rules_)
          r->machine.store().fetch(coming_[n], static_cast<int>(step) - 1);
      }
    }
  }

  /// Takes event `i` of those that were looked at. An event of a key that nothing is remembered of,
  /// and that begins no match, costs one look-up.
  void on_event(T& event, std::size_t i, timestamp at, timestamp now, findings<T>& out) {
    if (finds_) return find_and_match(event, at, now, out);
    bool begins = false;
    for (auto& r : rules_) begins = begins || r->machine.begins(r->bits[i]);
    if (!begins && knows_none()) return;
    const K& key = std::invoke(key_of_, std::as_const(event));
    // Over a cold store each event asks for its key: that makes room, too.
    const auto known = begins || cold_ ? key_index<K>::none : keys_.index().slot_of(key);
    if (known == key_index<K>::none && !begins && cold_ == nullptr) return;
    const leave_if_idle after{*this, slot_for(key, known)};
    for (auto& r : rules_) {
      matcher<T>& m = r->machine;
      if (m.heeds_time() && !m.idle(after.slot)) m.advance(after.slot, at, out);
      if (m.begins(r->bits[i]) || !m.idle(after.slot))
        m.on_event(after.slot, event, at, now, r->bits[i], out);
    }
  }

  /// Tells one key whose time has come what time it is; false if there is nowhere.
  bool advance_next(timestamp t, findings<T>& out) {
    if (cold_) {
      std::uint32_t slot = 0;
      if (!cold_->bring_due(t, slot)) return false;
      const leave_if_idle after{*this, slot};
      rules_.front()->machine.advance(slot, t, out);
      return true;
    }
    for (; advances_ < rules_.size(); ++advances_) {
      std::uint32_t slot = 0;
      if (!rules_[advances_]->machine.next_due(t, slot)) continue;
      keys_.touch(slot);
      const leave_if_idle after{*this, slot};
      const note_active note{*this, slot, advances_};
      rules_[advances_]->machine.advance(slot, t, out);
      return true;
    }
    advances_ = 0;
    return false;
  }
  [[nodiscard]] timestamp next_deadline() {
    if (cold_) return cold_->next_deadline();
    timestamp earliest = max_timestamp;
    for (auto& r : rules_) earliest = std::min(earliest, r->machine.next_deadline());
    return earliest;
  }

  /// Emits the matches of one key that wait, because the stream has ended; false if there are
  /// nowhere.
  bool end_next(findings<T>& out) {
    if (cold_) cold_->bring_waiting();
    for (std::size_t n = 0; n < rules_.size(); ++n) {
      const std::uint32_t slot = rules_[n]->machine.waiting().some_slot();
      if (slot == nowhere) continue;
      keys_.touch(slot);
      const leave_if_idle after{*this, slot};
      const note_active note{*this, slot, n};
      rules_[n]->machine.end(slot, out);
      return true;
    }
    return false;
  }

  /// Time of the earliest match that is complete and waits for its turn.
  [[nodiscard]] timestamp earliest_waiting() const {
    timestamp earliest = cold_ ? cold_->earliest_waiting() : max_timestamp;
    for (const auto& r : rules_) earliest = std::min(earliest, r->machine.waiting().earliest());
    return earliest;
  }

  /// Lets go of a rule and of what it remembers.
  void remove(std::size_t number) {
    keys_.write_all();  // of the rule, too, if it is being saved
    std::vector<std::uint32_t> slots;
    keys_.index().each([&](const K&, std::uint32_t slot) { slots.push_back(slot); });
    rules_.erase(rules_.begin() + static_cast<std::ptrdiff_t>(number));
    active_.erase(number);
    waiting_.erase(number);
    index_ = {};
    advances_ = 0;
    for (const std::uint32_t slot : slots)
      if (idle(slot)) keys_.leave(slot);
  }

  // What is counted and shown is what is in memory.

  [[nodiscard]] std::size_t partial_matches() const {
    std::size_t n = 0;
    for (const auto& r : rules_) n += r->machine.size();
    return n;
  }
  /// Matches that are complete and wait for an earlier partial match of their key.
  [[nodiscard]] std::size_t matches_waiting() const {
    std::size_t n = 0;
    for (const auto& r : rules_) n += r->machine.waiting().size();
    return n;
  }
  [[nodiscard]] std::uint64_t bytes_held() const {
    std::uint64_t n = 0;
    for (const auto& r : rules_) n += r->machine.bytes();
    return n;
  }
  [[nodiscard]] std::size_t keys() const noexcept { return keys_.index().size(); }
  template <class F>
  void each_key(F f) {
    keys_.index().each(f);
  }
  [[nodiscard]] const KeyOf& key_of() const noexcept { return key_of_; }

  /// Saves what each rule remembers, as the state `name_of(rule)`, while it goes on changing.
  template <class NameOf>
  void save(snapshot_writer& to, std::uint32_t groups, NameOf name_of) {
    auto all = std::make_shared<std::vector<saving>>();
    for (const auto& r : rules_) {
      const std::string state = name_of(*r);
      bytes made_for;
      encode(fingerprint(r->machine.machine()), made_for);
      to.item(automaton_of(state), std::move(made_for), state_kind::union_list);
      if (cold_) return cold_->save(to);
      save_form<saved_entry>(to, state);
      all->push_back({&r->machine, {to, state, groups}, matcher_snapshot<T>{r->machine}});
    }
    keys_.save_slots(
        to,
        [this, all](std::uint32_t slot) {
          for (saving& s : *all)
            if (!s.of->idle(slot)) s.writer.save(slot, s.parts.begin(keys_.key(slot)));
        },
        [all](snapshot_writer& w, bool complete) {
          for (saving& s : *all) s.parts.hand_on(w, complete);
        });
  }

  void load(rule& r, snapshot_reader& from, const std::string& state) {
    matcher_snapshot<T> loading{r.machine};
    const std::size_t number = number_of(r);
    const bool described = saved_schema(from, state).has_value();
    const saved_form form = form_of_entry<saved_entry>(from, state);
    if (cold_) {
      if (!is_saved_for(r, from, state) && cold_->has_rows()) refuse(r);
      cold_->load(from);
    }
    const auto read = [&](byte_reader& in) {
      K key{};
      if (!decode(in, key)) return false;
      const std::uint32_t slot = keys_.enter(key);
      if (!loading.load(slot, in)) return false;
      if (cold_) {
        loading.finish(slot);
        cold_->used(slot, true);
      }
      const note_active note{*this, slot, number};
      return true;
    };
    from.each(state, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      // Up to 0.1 what the matches are of stood in front of each part, and no form was saved.
      if (described ? !is_saved_for(r, from, state) : !reads_as_made_for(r, in)) refuse(r);
      if (!form.each_entry(in, read))
        throw exception(
            {errc::incompatible, "state '" + state + "': a saved partial match does not decode"});
    });
    if (!cold_) loading.finish();
  }

private:
  using saved_entry = typename matcher_snapshot<T>::template saved<K>;
  /// What is being saved of a rule.
  struct saving {
    const matcher<T>* of;
    operators::key_parts<K> parts;
    matcher_snapshot<T> writer;
  };
  static std::string automaton_of(const std::string& state) { return "@automaton of " + state; }
  [[noreturn]] static void refuse(const rule& r) {
    throw exception({errc::incompatible,
                     "pattern '" + r.machine.machine().name +
                         "': its steps, repetitions or times are not those that the partial "
                         "matches were saved with; name the operator anew to begin without them"});
  }
  static bool reads_as_made_for(const rule& r, byte_reader& in) {
    std::uint64_t made_for = 0;
    return decode(in, made_for) && made_for == fingerprint(r.machine.machine());
  }
  static bool is_saved_for(const rule& r, const snapshot_reader& from, const std::string& state) {
    bool all = true;
    from.each(automaton_of(state), [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      all = all && reads_as_made_for(r, in);
    });
    return all;
  }

  [[nodiscard]] bool knows_none() const { return keys_.index().size() == 0 && cold_ == nullptr; }

  /// The slot of a key that is about to change, known or not.
  std::uint32_t slot_for(const K& key, std::uint32_t known) {
    if (known == key_index<K>::none) return keys_.enter(key);
    keys_.touch(known);
    return known;
  }

  void find_and_match(T& event, timestamp at, timestamp now, findings<T>& out) {
    for (std::size_t n = index_.rules(); n < rules_.size(); ++n)
      index_.add(rules_[n]->machine.pattern());
    index_.look_at(event);
    concerned_.clear();
    for (const std::uint32_t n : index_.beginning())
      if (const auto bits = index_.classify(n, event); rules_[n]->machine.begins(bits))
        concerned_.emplace_back(n, bits);
    if (concerned_.empty() && knows_none()) return;
    const K& key = std::invoke(key_of_, std::as_const(event));
    const auto known = keys_.index().slot_of(key);
    if (known != key_index<K>::none) find_active(known);
    if (concerned_.empty()) return;
    const leave_if_idle after{*this, slot_for(key, known)};
    for (const auto& [n, bits] : concerned_) {
      matcher<T>& m = rules_[n]->machine;
      const note_active note{*this, after.slot, n};
      if (m.heeds_time() && !m.idle(after.slot)) m.advance(after.slot, at, out);
      const condition_bits all = bits != 0 ? bits : index_.classify(n, event);
      if (m.begins(all) || !m.idle(after.slot)) m.on_event(after.slot, event, at, now, all, out);
    }
  }
  /// Adds the rules whose partial matches of a key heed the event that was looked at; all in order.
  void find_active(std::uint32_t slot) {
    const std::size_t beginning = concerned_.size();
    for (const std::uint32_t n : index_.going_on())
      if (active_.test(slot, n)) concerned_.emplace_back(n, 0);
    const auto add = [&](std::size_t n) {
      concerned_.emplace_back(static_cast<std::uint32_t>(n), 0);
    };
    active_.each_common(slot, index_.watchful(), add);
    waiting_.each(slot, add);
    if (concerned_.size() == beginning || concerned_.size() < 2) return;
    const auto number = [](const auto& c) { return c.first; };
    std::ranges::stable_sort(concerned_, {}, number);
    const auto repeats = std::ranges::unique(concerned_, {}, number);
    concerned_.erase(repeats.begin(), repeats.end());
  }

  [[nodiscard]] std::size_t number_of(const rule& r) const {
    std::size_t n = 0;
    while (rules_[n].get() != &r) ++n;
    return n;
  }
  [[nodiscard]] bool idle(std::uint32_t slot) const {
    if (finds_) return !active_.any(slot);
    for (const auto& r : rules_)
      if (!r->machine.idle(slot)) return false;
    return true;
  }

  /// Notes after a call whether a rule remembers something of a key.
  struct note_active {
    rule_set& of;
    std::uint32_t slot;
    std::size_t rule;
    ~note_active() {
      if (!of.finds_) return;
      const matcher<T>& m = of.rules_[rule]->machine;
      of.active_.set(slot, rule, !m.idle(slot));
      of.waiting_.set(slot, rule, m.waiting().has(slot));
    }
  };
  /// Lets a key go that nothing is remembered of after a call, also after one that threw.
  struct leave_if_idle {
    rule_set& of;
    std::uint32_t slot;
    std::uint64_t before = of.changes();
    ~leave_if_idle() {
      if (of.cold_) [[unlikely]]
        of.cold_->used(slot, of.changes() != before);
      else if (of.idle(slot))
        of.keys_.leave(slot);
    }
  };
  /// Of what is remembered in a cold store.
  [[nodiscard]] std::uint64_t changes() const {
    return cold_ ? rules_.front()->machine.changes() : 0;
  }

  [[no_unique_address]] KeyOf key_of_;
  entry_index<K> keys_;
  std::vector<std::unique_ptr<rule>> rules_;
  std::unique_ptr<cold_matches<K, T>> cold_;  ///< What makes `keys_` a cache; null in memory.
  std::size_t advances_ = 0;                  ///< The rule whose keys are being told of the time.

  bool finds_;           ///< Rules are found by what they heed; else each is asked.
  rule_index<T> index_;  ///< Of the first of the rules; the others are added before use.
  slot_bits active_;     ///< The rules that remember something of a key.
  slot_bits waiting_;    ///< Those with a match that waits: time may let it out before an event.
  std::vector<std::pair<std::uint32_t, condition_bits>> concerned_;  ///< By an event; 0: not asked.

  coming_hashes coming_;
  std::unique_ptr<bool[]> scratch_;
  std::size_t scratch_size_ = 0;
};

}  // namespace weir::patterns

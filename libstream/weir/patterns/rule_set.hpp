// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/operators/process_context.hpp"
#include "weir/patterns/matcher_snapshot.hpp"
#include "weir/state/key_groups.hpp"
#include "weir/state/key_index.hpp"
#include "weir/state/snapshot.hpp"

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir::patterns {

/// One pattern, or several at once, matched for all keys of a stage instance. A key has a slot only
/// while some pattern remembers something of it.
template <class K, class T, class KeyOf>
class rule_set {
public:
  struct rule {
    std::string id;  ///< Names its state; empty for the one pattern of a `detect()`.
    matcher<T> machine;
    std::vector<condition_bits> bits;  ///< Of the events in hand.
  };

  explicit rule_set(KeyOf key_of) : key_of_(std::move(key_of)) {}

  std::vector<std::unique_ptr<rule>>& rules() noexcept { return rules_; }
  [[nodiscard]] const std::vector<std::unique_ptr<rule>>& rules() const noexcept { return rules_; }

  /// Looks at events by themselves. Throws what a condition throws.
  void classify(std::span<const T> events) {
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
    bool fits = false;
    for (auto& r : rules_) {
      if (r->bits.size() <= i) r->bits.resize(i + 1);
      r->machine.pattern().classify(&event, 1, &r->bits[i], &fits);
    }
  }

  /// Takes event `i` of those that were looked at. An event of a key that nothing is remembered of,
  /// and that begins no match, costs one look-up.
  void on_event(T& event, std::size_t i, timestamp at, timestamp now, findings<T>& out) {
    bool begins = false;
    for (auto& r : rules_) begins = begins || r->machine.begins(r->bits[i]);
    if (!begins && keys_.size() == 0) return;
    const K& key = std::invoke(key_of_, std::as_const(event));
    const auto* known = keys_.find(key);
    if (known == nullptr && !begins) return;
    const leave_if_idle after{*this, known != nullptr ? *known : keys_.enter(key)};
    for (auto& r : rules_) {
      matcher<T>& m = r->machine;
      if (!m.idle(after.slot)) m.advance(after.slot, at, out);
      if (m.begins(r->bits[i]) || !m.idle(after.slot))
        m.on_event(after.slot, event, at, now, r->bits[i], out);
    }
  }

  /// Tells one key whose time has come what time it is; false if there is nowhere.
  bool advance_next(timestamp t, findings<T>& out) {
    for (auto& r : rules_) {
      std::uint32_t slot = 0;
      if (!r->machine.next_due(t, slot)) continue;
      const leave_if_idle after{*this, slot};
      r->machine.advance(slot, t, out);
      return true;
    }
    return false;
  }
  [[nodiscard]] timestamp next_deadline() {
    timestamp earliest = max_timestamp;
    for (auto& r : rules_) earliest = std::min(earliest, r->machine.next_deadline());
    return earliest;
  }

  /// Emits the matches of one key that wait, because the stream has ended; false if there are
  /// nowhere.
  bool end_next(findings<T>& out) {
    for (auto& r : rules_) {
      const std::uint32_t slot = r->machine.waiting().some_slot();
      if (slot == nowhere) continue;
      const leave_if_idle after{*this, slot};
      r->machine.end(slot, out);
      return true;
    }
    return false;
  }

  /// Time of the earliest match that is complete and waits for its turn.
  [[nodiscard]] timestamp earliest_waiting() const {
    timestamp earliest = max_timestamp;
    for (const auto& r : rules_) earliest = std::min(earliest, r->machine.waiting().earliest());
    return earliest;
  }

  /// Lets go of a rule and of what it remembers.
  void remove(std::size_t number) {
    std::vector<std::uint32_t> slots;
    keys_.each([&](const K&, std::uint32_t slot) { slots.push_back(slot); });
    rules_.erase(rules_.begin() + static_cast<std::ptrdiff_t>(number));
    for (const std::uint32_t slot : slots)
      if (idle(slot)) keys_.leave(slot);
  }

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
  [[nodiscard]] std::size_t keys() const noexcept { return keys_.size(); }
  template <class F>
  void each_key(F f) {
    keys_.each(f);
  }
  [[nodiscard]] const KeyOf& key_of() const noexcept { return key_of_; }

  void save(rule& r, snapshot_writer& to, std::string_view state, std::uint32_t groups) {
    matcher_snapshot<T> saving{r.machine};
    key_parts parts{groups, fingerprint(r.machine.machine())};
    keys_.each([&](const K& key, std::uint32_t slot) {
      if (r.machine.idle(slot)) return;
      bytes& part = parts.of(key);
      encode(key, part);
      saving.save(slot, part);
    });
    parts.write(to, state);
  }

  void load(rule& r, snapshot_reader& from, std::string_view state) {
    matcher_snapshot<T> loading{r.machine};
    from.each(state, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      std::uint64_t made_for = 0;
      if (!decode(in, made_for) || made_for != fingerprint(r.machine.machine()))
        throw exception({errc::incompatible,
                         "pattern '" + r.machine.machine().name +
                             "': its steps, repetitions or times are not those that the partial "
                             "matches were saved with; name the operator anew to begin without "
                             "them"});
      while (in.remaining() != 0) {
        K key{};
        if (!decode(in, key) || !loading.load(keys_.enter(key), in))
          throw exception({errc::incompatible, "state '" + std::string{state} +
                                                   "': a saved partial match does not decode"});
      }
    });
    loading.finish();
  }

  /// State by key group, or as one item where there is no key.
  class key_parts {
  public:
    key_parts(std::uint32_t groups, std::uint64_t head)
        : parts_(std::is_same_v<K, no_key> ? 1 : groups), head_(head) {}
    bytes& of(const K& key) {
      std::size_t group = 0;
      if constexpr (!std::is_same_v<K, no_key>)
        group = group_of_hash(key_hash(key), static_cast<std::uint32_t>(parts_.size()));
      bytes& part = parts_[group];
      if (part.empty()) encode(head_, part);
      return part;
    }
    void write(snapshot_writer& to, std::string_view state) {
      for (std::size_t g = 0; g < parts_.size(); ++g) {
        if (parts_[g].empty()) continue;
        if constexpr (std::is_same_v<K, no_key>)
          to.item(state, std::move(parts_[g]));
        else
          to.keyed(state, static_cast<key_group>(g), std::move(parts_[g]));
      }
    }

  private:
    std::vector<bytes> parts_;
    std::uint64_t head_;
  };

private:
  [[nodiscard]] bool idle(std::uint32_t slot) const {
    for (const auto& r : rules_)
      if (!r->machine.idle(slot)) return false;
    return true;
  }

  /// Lets a key go that nothing is remembered of after a call, also after one that threw.
  struct leave_if_idle {
    rule_set& of;
    std::uint32_t slot;
    ~leave_if_idle() {
      if (of.idle(slot)) of.keys_.leave(slot);
    }
  };

  [[no_unique_address]] KeyOf key_of_;
  key_index<K> keys_;
  std::vector<std::unique_ptr<rule>> rules_;
  std::unique_ptr<bool[]> scratch_;
  std::size_t scratch_size_ = 0;
};

}  // namespace weir::patterns

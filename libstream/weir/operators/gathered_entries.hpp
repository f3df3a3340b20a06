// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/flow/verdict.hpp"
#include "weir/operators/hot_key_watch.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/partial.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// How much an instance gathers before it sends partials on.
struct pre_aggregation {
  /// Keys and panes, or keys and sessions, held at a time; rounded up to a power of two.
  std::uint32_t entries = 4096;
};

namespace operators {

template <class K, class T, class Acc>
struct event_weight<partial<K, T, Acc>> {
  static std::uint64_t of(const partial<K, T, Acc>& p) noexcept { return p.events; }
};

/// What an instance has gathered and not sent yet: a table of fixed size in which a hash has two
/// places. An `Entry` has
/// - `empty()`, true of `Entry{}`, and `events`, those that it holds;
/// - `last()`, the watermark that may not pass before they are sent, and `leaves_with(watermark)`,
///   true from then on at the latest;
/// - `yields_before(other)`, which of two is sent for want of room;
/// - `take()`, which gives what is to be sent, and leaves what goes on without it;
/// - `save`, `load` and the type `saved` of what these write.
/// All entries are sent before an idle mark, since nobody waits for an idle input.
template <class Entry>
class gathered_entries {
public:
  explicit gathered_entries(pre_aggregation options)
      : mask_(std::bit_ceil(std::max(2U, options.entries)) - 1) {}

  void open(std::uint32_t parallelism) {
    entries_.resize(mask_ + std::size_t{1});
    is_one_of_several_ = parallelism > 1;
  }

  /// The entry of a hash for which `is(entry)` holds; null if there is none.
  template <class Is>
  [[nodiscard]] Entry* find(std::uint64_t hash, Is is) {
    const std::size_t place = place_of(hash);
    for (Entry* e : {&entries_[place], &entries_[place ^ 1U]})
      if (!e->empty() && is(std::as_const(*e))) return e;
    return nullptr;
  }
  /// Gives a fresh entry the place of one of two; `send` gets that if it holds any events.
  template <class Send>
  Entry& put(std::uint64_t hash, Entry fresh, Send send) {
    const std::size_t place = place_of(hash);
    Entry& a = entries_[place];
    Entry& b = entries_[place ^ 1U];
    Entry& taking = a.empty() || (!b.empty() && a.yields_before(b)) ? a : b;
    earliest_ = std::min(earliest_, fresh.last());
    Entry taken = std::exchange(taking, std::move(fresh));
    if (taken.events != 0) send(std::move(taken));
    return taking;
  }

  /// Sends what has to leave before `p` is passed on. Linear in the table if something has.
  template <class Next, class Send>
  flow::verdict on_progress(const flow::progress& p, Next& next, flow::step& s, Send send) {
    const timestamp up_to = p.idle ? max_timestamp : p.watermark;
    while (!restored_.empty() || (earliest_ <= up_to && earliest_ != max_timestamp)) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      if (!restored_.empty()) {
        --s.budget;
        Entry e = std::move(restored_.back());
        restored_.pop_back();
        send(std::move(e));
      } else if (at_ == entries_.size()) {
        earliest_ = std::exchange(left_, max_timestamp);
        at_ = 0;
      } else {
        work_off(entries_[at_++], up_to, s, send);
      }
    }
    was_idle_ = was_idle_ || (p.idle && is_one_of_several_);
    watermark_ = std::max(watermark_, p.watermark);
    return flow::verdict::done;
  }

  [[nodiscard]] timestamp watermark() const noexcept { return watermark_; }
  /// Whether, while this instance was idle, the receiver's watermark may have gone past ours.
  [[nodiscard]] bool was_idle() const noexcept { return was_idle_; }

  void snapshot(snapshot_writer& to, const char* name) const {
    bytes held;
    for (const auto* list : {&entries_, &restored_})
      for (const Entry& e : *list)
        if (e.events != 0) e.save(held);
    if (!held.empty()) {
      save_form<typename Entry::saved>(to, name);
      to.item(name, std::move(held));
    }
    if (was_idle_) to.item("@was idle", {}, state_kind::union_list);
    save_watermark(to, watermark_);
  }
  /// What was saved is sent with the next progress: its key may belong elsewhere now.
  void restore(snapshot_reader& from, const char* name) {
    const saved_form form = form_of<typename Entry::saved>(from, name);
    const auto read = [this](byte_reader& in) {
      Entry e;
      if (!e.load(in)) return false;
      restored_.push_back(std::move(e));
      return true;
    };
    from.each(name, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      if (!form.each_entry(in, read))
        throw exception({errc::incompatible, std::string{"state '"} + name +
                                                 "': a saved partial aggregate does not decode"});
    });
    from.each("@was idle", [&](key_group, auto) { was_idle_ = true; });
    watermark_ = saved_watermark(from);
  }

private:
  [[nodiscard]] std::size_t place_of(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>(hash >> 7U) & mask_;
  }
  template <class Send>
  void work_off(Entry& e, timestamp up_to, flow::step& s, Send& send) {
    if (e.empty()) return;
    if (e.leaves_with(up_to)) {
      if (e.events != 0) {
        --s.budget;
        send(e.take());
      }
      if (e.empty()) return;
      if (e.leaves_with(up_to)) return static_cast<void>(e = Entry{});
    }
    left_ = std::min(left_, e.last());
  }

  std::uint32_t mask_;
  std::vector<Entry> entries_;
  std::vector<Entry> restored_;         ///< To be sent with the next progress.
  timestamp earliest_ = max_timestamp;  ///< No entry's `last()` is before.
  std::size_t at_ = 0;                  ///< While entries are sent: the next, and
  timestamp left_ = max_timestamp;      ///< the earliest of those that stay.
  bool is_one_of_several_ = false;
  bool was_idle_ = false;
  timestamp watermark_ = min_timestamp;
};

}  // namespace operators
}  // namespace weir

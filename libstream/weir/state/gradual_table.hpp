// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/error.hpp"
#include "weir/state/growing_map.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/keyed_table.hpp"
#include "weir/state/save_marks.hpp"
#include "weir/state/saved_entries.hpp"
#include "weir/state/saved_form.hpp"
#include "weir/state/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// One value a key, in memory, in a table that grows by and by and can be saved while it goes on
/// changing. An entry that is about to change before the save has come to it is written first, by
/// itself. Constant time, and nothing is held twice.
///
/// Movable while it is saved; copies begin without a save.
template <class K, class V, std::size_t AtOnce = moved_at_once>
class gradual_table {
  using table = growing_map<K, V, key_hasher<K>, AtOnce>;
  using entry = typename table::entry;
  using place = typename table::place;

public:
  gradual_table() = default;
  gradual_table(const gradual_table& other) : table_(other.table_) {}
  gradual_table(gradual_table&& other) noexcept { *this = std::move(other); }
  gradual_table& operator=(const gradual_table& other) { return *this = gradual_table{other}; }
  gradual_table& operator=(gradual_table&& other) noexcept {
    lose_save();
    table_ = std::move(other.table_);
    marks_ = std::move(other.marks_);
    marks_before_ = std::move(other.marks_before_);
    save_ = other.save_;
    at_ = other.at_;
    in_before_ = other.in_before_;
    job_ = std::move(other.job_);
    if (job_) job_->of = this;
    return *this;
  }
  ~gradual_table() { lose_save(); }

  /// Returns the key's value, made from `args` if there was none, and whether it was made. The
  /// pointer holds until the next call.
  template <class... Args>
  std::pair<V*, bool> try_emplace(const K& key, Args&&... args) {
    if (!job_ && !table_.grows()) [[likely]]
      if (const place found = table_.now().find(key); found != table_.now().end()) [[likely]]
        return {&found->second, false};
    return find_or_add(key, std::forward<Args>(args)...);
  }
  void put(const K& key, V&& value) {
    const auto [at, fresh] = try_emplace(key, std::move(value));
    if (!fresh) *at = std::move(value);
  }
  /// A hint that the key's entry will be used soon.
  void fetch(const K& key) { table_.fetch(key); }

  [[nodiscard]] bool empty() const noexcept { return table_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
  /// Removes all entries and keeps the memory.
  void clear() {
    if (job_) write_some(SIZE_MAX);
    table_.clear();
  }
  /// Makes room for as many entries in all.
  void reserve(std::size_t entries) {
    if (!job_) table_.reserve(entries);
  }

  /// A walk over all entries, each once. Meanwhile the table may be saved, but not change: what has
  /// been taken is no part of a save that begins later. Ends with the table's next change.
  class walk {
    friend gradual_table;
    place at_{};
    bool in_before_ = false;
  };
  [[nodiscard]] walk begin_walk() {
    walk w;
    w.in_before_ = table_.grows();
    w.at_ = w.in_before_ ? table_.moves_next() : table_.now().begin();
    return w;
  }
  [[nodiscard]] bool ended(walk& w) {
    if (w.in_before_ && w.at_ == table_.before().end()) {
      w.in_before_ = false;
      w.at_ = table_.now().begin();
    }
    return !w.in_before_ && w.at_ == table_.now().end();
  }
  /// @pre not ended(w), and `ended` was asked
  std::pair<const K&, V&> take(walk& w) {
    if (job_) touch(*w.at_, w.in_before_);
    auto& [key, value] = *w.at_++;
    return {key, value};
  }

  /// Begins to save the entries there are, or those that a walk has not taken, by key group.
  /// `prefix` goes before each piece. What another save has left to write is written now.
  void save(snapshot_writer& to, std::string_view name, std::uint32_t groups,
            std::span<const std::byte> prefix = {}, walk* left = nullptr) {
    save_form<std::pair<K, V>>(to, name);
    if (job_) write_some(SIZE_MAX);
    if (left != nullptr ? ended(*left) : empty()) return;
    job_ = std::make_shared<job>(to, name, groups, prefix);
    job_->of = this;
    to.later(job_);
    ++save_;
    const walk from = left != nullptr ? *left : begin_walk();
    at_ = from.at_;
    in_before_ = from.in_before_;
    if (left == nullptr) return;
    (in_before_ ? marks_before_ : marks_).begin_at(save_, &*at_);
    if (!in_before_) marks_before_.set_all(save_);
  }

  void restore(const snapshot_reader& from, std::string_view name) {
    const saved_form saved = form(from, name);
    saved_entries<K, V> pieces{name, saved};
    from.each(name, [&](key_group group, std::span<const std::byte> piece) {
      pieces.add(group, byte_reader{piece});
    });
    pieces.read_into(*this);
  }
  [[nodiscard]] static saved_form form(const snapshot_reader& from, std::string_view name) {
    return form_of_keyed<K, V>(from, name);
  }

private:
  /// Outlives the table, which is gone when it has written all that it had to.
  struct job final : gradual_save {
    gradual_table* of = nullptr;  ///< Null once all is in `parts`.
    std::string name;
    keyed_parts<K> parts;
    std::exception_ptr failure;  ///< What a codec threw.

    job(const snapshot_writer& to, std::string_view state, std::uint32_t groups,
        std::span<const std::byte> prefix)
        : name(state), parts(to, groups, prefix) {}

    bool write_some(std::size_t entries, snapshot_writer& to) override {
      if (of != nullptr) of->write_some(entries);
      if (failure) std::rethrow_exception(failure);
      const bool all = of == nullptr;
      parts.hand_on(to, name, all);
      return all;
    }
    void cancel() noexcept override {
      if (of != nullptr) of->give_up();
    }
  };

  void give_up() noexcept {
    job_->of = nullptr;
    job_.reset();
    marks_ = {};
    marks_before_ = {};
  }
  void fail_save(std::exception_ptr why) noexcept {
    job_->failure = std::move(why);
    give_up();
  }
  /// The table goes, and what of it is not written yet.
  void lose_save() noexcept {
    if (job_)
      fail_save(std::make_exception_ptr(exception(
          {errc::stage_failed, "state '" + job_->name + "' was gone before it was saved"})));
  }

  /// Kept out of the loops that look keys up, so that these stay in registers.
  template <class... Args>
  [[gnu::noinline]] std::pair<V*, bool> find_or_add(const K& key, Args&&... args) {
    if (table_.grows()) move_some(table::with_each);
    if (const place found = table_.now().find(key); found != table_.now().end()) {
      touch(*found, false);
      return {&found->second, false};
    }
    if (table_.grows())
      if (const place found = table_.before().find(key); found != table_.before().end()) {
        touch(*found, true);
        return {&found->second, false};
      }
    if (table_.is_full()) make_room();
    entry& made = *table_.now().try_emplace(key, std::forward<Args>(args)...).first;
    leave_out(made);  // it came later
    return {&made.second, true};
  }
  void make_room() {
    if (table_.grows()) move_some(SIZE_MAX);
    if (!table_.is_full()) return;
    if (!table_.grows_by_and_by()) {
      if (job_) write_some(SIZE_MAX);  // they are about to move in their array
      return;
    }
    if (std::exchange(in_before_, false)) at_ = table_.now().begin();
    table_.begin_to_grow();
    marks_before_ = std::exchange(marks_, {});
    in_before_ = true;
  }
  /// Lets entries move over; those that are not written yet are before.
  void move_some(std::size_t n) {
    table_.move_some(
        n,
        [this](entry& e) {
          touch(e, true);
          if (job_ && in_before_ && at_ == table_.moves_next()) ++at_;
        },
        [this](entry& e) { leave_out(e); });
  }
  bool mark(const entry& e, bool in_before) {
    return in_before ? marks_before_.set(save_, e, table_.before().bucket_count())
                     : marks_.set(save_, e, table_.now().bucket_count());
  }
  /// Notes that an entry in `now` needs not to be written.
  void leave_out(const entry& e) noexcept try {
    if (job_) mark(e, false);
  } catch (...) {
    fail_save(std::current_exception());
  }
  /// Writes an entry that is about to change, unless it has been; answers whether it did. A failure
  /// is the save's, and not that of the event or firing that led to it.
  bool touch(const entry& e, bool in_before) noexcept try {
    if (!job_ || mark(e, in_before)) return false;
    job_->parts.add(e.first, e.second);
    return true;
  } catch (...) {
    fail_save(std::current_exception());
    return false;
  }

  /// Writes so many more entries.
  void write_some(std::size_t n) noexcept {
    for (;; ++at_) {
      if (in_before_ && at_ == table_.before().end()) {
        in_before_ = false;
        at_ = table_.now().begin();
      }
      if (!in_before_ && at_ == table_.now().end()) return give_up();
      if (n == 0) return;
      if (touch(*at_, in_before_)) --n;
      if (!job_) return;
    }
  }

  table table_;
  save_marks marks_;         ///< Of the entries in `now`, and
  save_marks marks_before_;  ///< of those in `before`.
  std::uint64_t save_ = 0;   ///< The newest one's number.
  place at_{};               ///< Where that one has come to,
  bool in_before_ = false;   ///< in `before`.
  std::shared_ptr<job> job_;
};

}  // namespace weir

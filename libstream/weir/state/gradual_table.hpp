// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/keyed_table.hpp"
#include "weir/state/parted_map.hpp"
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

/// One value a key, in memory, in a table that grows by parts and can be saved while it goes on
/// changing. An entry that changes before the save has come to it is written first, by itself; of
/// a part that is about to move its entries, all are. Constant time, and nothing is held twice.
///
/// Movable while it is saved; copies begin without a save.
template <class K, class V>
class gradual_table {
  using table = parted_map<K, V, key_hasher<K>, save_marks>;
  using part = typename table::part;
  using entry = typename table::entry;

public:
  gradual_table() = default;
  gradual_table(const gradual_table& other) : table_(other.table_), save_(other.save_) {}
  gradual_table(gradual_table&& other) noexcept { *this = std::move(other); }
  gradual_table& operator=(const gradual_table& other) { return *this = gradual_table{other}; }
  gradual_table& operator=(gradual_table&& other) noexcept {
    give_up();
    table_ = std::move(other.table_);
    save_ = other.save_;
    part_ = other.part_;
    in_part_ = other.in_part_;
    at_ = other.at_;
    job_ = std::move(other.job_);
    if (job_) job_->of = this;
    return *this;
  }
  ~gradual_table() { give_up(); }

  /// Returns the key's value, made from `args` if there was none, and whether it was made. The
  /// pointer holds until the next call.
  template <class... Args>
  std::pair<V*, bool> try_emplace(const K& key, Args&&... args) {
    entry* const found = table_.find(key);
    if (found == nullptr) return {add(key, std::forward<Args>(args)...), true};
    if (job_) [[unlikely]]
      touch(*table_.part_with(key), *found);
    return {&found->second, false};
  }
  void put(const K& key, V&& value) {
    const auto [at, fresh] = try_emplace(key, std::move(value));
    if (!fresh) *at = std::move(value);
  }

  /// A hint that the key's entry will be used soon.
  void fetch(const K& key) const { table_.fetch(key); }

  [[nodiscard]] bool empty() const noexcept { return table_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
  /// Removes all entries and keeps the memory.
  void clear() {
    if (job_) write_some(SIZE_MAX);
    table_.clear();
  }
  /// Makes room for as many entries in all, of which it has none or few.
  void reserve(std::size_t entries) {
    if (!job_) table_.reserve(entries);
  }

  /// A walk over all entries, each once. Meanwhile the table may be saved, but not change: what has
  /// been taken is no part of a save that begins later. Ends with the table's next change.
  class walk {
    friend gradual_table;
    typename table::iterator at_{};
  };
  [[nodiscard]] walk begin_walk() {
    walk w;
    w.at_ = table_.begin();
    return w;
  }
  [[nodiscard]] bool ended(const walk& w) const { return w.at_ == table_.end(); }
  /// @pre not ended(w)
  std::pair<const K&, V&> take(walk& w) {
    if (job_) touch(table_.part_at(w.at_.part()), *w.at_);
    auto& [key, value] = *w.at_++;
    return {key, value};
  }

  /// Begins to save the entries there are, or those that a walk has not taken, by key group.
  /// `prefix` goes before each piece.
  void save(snapshot_writer& to, std::string_view name, std::uint32_t groups,
            std::span<const std::byte> prefix = {}, const walk* left = nullptr) {
    save_form<std::pair<K, V>>(to, name);
    give_up();
    if (left != nullptr ? ended(*left) : empty()) return;
    job_ = std::make_shared<job>(name, groups, prefix);
    job_->of = this;
    to.later(job_);
    ++save_;
    part_ = 0;
    in_part_ = false;
    if (left != nullptr) leave_out_taken(*left);
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

    job(std::string_view state, std::uint32_t groups, std::span<const std::byte> prefix)
        : name(state), parts(groups, prefix) {}

    bool write_some(std::size_t entries, snapshot_writer& to) override {
      if (of != nullptr) of->write_some(entries);
      if (failure) std::rethrow_exception(failure);
      if (of != nullptr) return false;
      parts.write_entries(to, name);
      return true;
    }
    void cancel() noexcept override {
      if (of != nullptr) of->give_up();
    }
  };

  void give_up() noexcept {
    if (!job_) return;
    job_->of = nullptr;
    job_.reset();
  }

  /// Kept out of the loops that look keys up, so that these stay in registers.
  template <class... Args>
  [[gnu::noinline]] V* add(const K& key, Args&&... args) {
    if (!job_) return &table_.add(key, std::forward<Args>(args)...)->second;
    entry* const made = table_.add_after([this](part& p) { write_part(p); }, key,
                                         std::forward<Args>(args)...);
    part& in = *table_.part_with(key);
    in.note.set(save_, made, in.entries.bucket_count());  // it came later
    return &made->second;
  }

  /// Writes an entry, unless it has been; answers whether it did. A failure is the save's, and not
  /// that of the event or firing that led to it.
  bool touch(part& in, const entry& e) noexcept try {
    if (is_marked(in, e)) return false;
    encode(e.second, job_->parts.begin(e.first));
    return true;
  } catch (...) {
    job_->failure = std::current_exception();
    give_up();
    return false;
  }
  bool is_marked(part& in, const entry& e) {
    return in.note.set(save_, &e, in.entries.bucket_count());
  }
  void write_part(part& p) noexcept {
    if (!job_ || p.note.has_all(save_)) return;
    for (const entry& e : p.entries) {
      touch(p, e);
      if (!job_) return;
    }
    p.note.set_all(save_);
  }

  /// Writes so many more entries.
  void write_some(std::size_t n) noexcept {
    for (; part_ < table_.parts(); ++part_, in_part_ = false) {
      part& p = table_.part_at(part_);
      if (p.note.has_all(save_)) continue;
      if (!std::exchange(in_part_, true)) at_ = p.entries.begin();
      for (; at_ != p.entries.end(); ++at_) {
        if (n == 0) return;
        if (touch(p, *at_)) --n;
        if (!job_) return;
      }
      p.note.set_all(save_);
    }
    give_up();
  }

  void leave_out_taken(const walk& w) {
    for (std::size_t i = 0; i < w.at_.part(); ++i) table_.part_at(i).note.set_all(save_);
    part& in = table_.part_at(w.at_.part());
    for (const entry& e : in.entries) {
      if (&e == &*w.at_) break;
      is_marked(in, e);
    }
  }

  table table_;
  std::uint64_t save_ = 0;  ///< The newest one's number.
  // Where that one has come to.
  std::size_t part_ = 0;
  bool in_part_ = false;
  typename table::map::iterator at_{};
  std::shared_ptr<job> job_;
};

}  // namespace weir

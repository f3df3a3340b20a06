// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir {

/// Entries up to which a table that grows moves all at once.
inline constexpr std::size_t moved_at_once = std::size_t{1} << 14U;

/// An open-addressing table that grows by and by: one that is full and has more than `AtOnce`
/// entries gets a larger one beside it, and some entries move over with each that is added. So no
/// insertion takes long, and a table that does not grow is as fast as one array. Constant time, but
/// for the pages of the larger array; while it grows, a key that has not moved yet is looked up
/// twice.
///
/// Finding and fetching invalidate no iterator or pointer; all else may.
template <class K, class V, class Hash, std::size_t AtOnce = moved_at_once>
class growing_map {
public:
  using entry = std::pair<const K, V>;
  using map = boost::unordered_flat_map<K, V, Hash>;
  using place = typename map::iterator;

  /// So many entries move with each that is added: all, before there is no room again.
  static constexpr std::size_t with_each = 4;

  growing_map() = default;
  /// Copies don't grow.
  growing_map(const growing_map& other) : now_(other.now_) {
    if (!other.grows()) return;
    now_.reserve(other.size());
    for (const entry& e : other.before_) now_.insert(e);
  }
  growing_map(growing_map&& other) noexcept { swap(other); }
  growing_map& operator=(growing_map other) noexcept {
    swap(other);
    return *this;
  }
  ~growing_map() = default;

  [[nodiscard]] entry* find(const K& key) {
    if (const place at = now_.find(key); at != now_.end()) [[likely]]
      return &*at;
    if (before_.empty()) [[likely]]
      return nullptr;
    const place at = before_.find(key);
    return at == before_.end() ? nullptr : &*at;
  }
  /// A hint that the key's entry will be used soon.
  void fetch(const K& key) {
    const place at = now_.find(key);
    asm volatile("" : : "r"(at == now_.end()));
  }

  /// Adds an entry for a key that has none, with a value made from `args`.
  template <class... Args>
  entry* add(const K& key, Args&&... args) {
    move_some(
        with_each, [](entry&) {}, [](entry&) {});
    if (grows_by_and_by()) begin_to_grow();
    return &*now_.try_emplace(key, std::forward<Args>(args)...).first;
  }
  bool erase(const K& key) {
    if (now_.erase(key) != 0) return true;
    const place at = before_.find(key);
    if (at == before_.end()) return false;
    if (at == moves_) ++moves_;
    before_.erase(at);
    return true;
  }
  template <class F>
  void erase_if(F f) {
    boost::unordered::erase_if(now_, f);
    boost::unordered::erase_if(before_, f);
    moves_ = before_.begin();
  }
  /// Removes all entries and keeps the memory.
  void clear() noexcept {
    now_.clear();
    forget_before();
  }
  /// Makes room for as many entries in all.
  void reserve(std::size_t entries) {
    if (before_.empty()) now_.reserve(entries);
  }

  [[nodiscard]] std::size_t size() const noexcept { return now_.size() + before_.size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// Calls `f` with each entry.
  template <class F>
  void each(F f) const {
    for (const entry& e : before_) f(e);
    for (const entry& e : now_) f(e);
  }

  // For those who keep something of their own for each entry.

  /// Where new entries go, and, while it grows, where the others come from: from `moves_next` on.
  [[nodiscard]] map& now() noexcept { return now_; }
  [[nodiscard]] map& before() noexcept { return before_; }
  [[nodiscard]] place moves_next() const noexcept { return moves_; }
  [[nodiscard]] bool grows() const noexcept { return !before_.empty(); }

  /// Whether `now` has no room for one more.
  [[nodiscard]] bool is_full() const noexcept { return now_.size() >= now_.max_load(); }
  /// Whether it has to `begin_to_grow`, since to move all entries would take long.
  [[nodiscard]] bool grows_by_and_by() const noexcept {
    return is_full() && now_.size() > AtOnce && !grows();
  }
  /// @pre not grows()
  void begin_to_grow() {
    map larger;
    larger.reserve(now_.size() + now_.size() / 2);  // the next size of an array there is
    before_ = std::exchange(now_, std::move(larger));
    moves_ = before_.begin();
  }
  /// Moves so many entries over; calls `leaves(entry)` before each of it, and `has_come(entry)`
  /// behind.
  template <class Leaves, class HasCome>
  void move_some(std::size_t entries, Leaves leaves, HasCome has_come) {
    for (; entries != 0 && moves_ != before_.end(); --entries) {
      leaves(*moves_);
      has_come(*now_.try_emplace(moves_->first, std::move(moves_->second)).first);
      before_.erase(moves_++);
    }
    if (moves_ == before_.end() && before_.bucket_count() != 0) forget_before();
  }

private:
  void swap(growing_map& other) noexcept {
    now_.swap(other.now_);
    before_.swap(other.before_);
    std::swap(moves_, other.moves_);
  }
  void forget_before() noexcept {
    map{}.swap(before_);
    moves_ = before_.end();
  }

  map now_;
  map before_;  ///< What has not moved yet.
  place moves_ = before_.end();
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

/// An open-addressing table that grows by parts: no insertion moves more than `most_of_a_part`
/// entries, however many there are. A table of one part doubles as others do; one that is full is
/// dealt out to sixteen, by bits of the hash that the parts themselves don't use (extendible
/// hashing: Fagin, Nievergelt, Pippenger, Strong 1979). Constant time. Insertions invalidate
/// iterators and pointers. `Hash` must spread keys over all of its 64 bits. Each part has a `Note`,
/// which new parts take over from the one that is dealt out.
template <class K, class V, class Hash, class Note = std::monostate>
class parted_map {
  struct hashed {
    const K& key;
    std::size_t hash;
  };
  struct hasher : Hash {
    using is_transparent = void;
    using is_avalanching = void;
    using Hash::operator();
    std::size_t operator()(const hashed& k) const noexcept { return k.hash; }
  };
  struct equal {
    using is_transparent = void;
    bool operator()(const K& a, const K& b) const { return a == b; }
    bool operator()(const hashed& a, const K& b) const { return a.key == b; }
    bool operator()(const K& a, const hashed& b) const { return a == b.key; }
  };

public:
  using entry = std::pair<const K, V>;
  using map = boost::unordered_flat_map<K, V, hasher, equal>;

  /// The entries whose hashes have the same `bits` bits behind the first ones. They lie in one
  /// array, and stay where they are until the part grows or is dealt out.
  struct part {
    map entries{};
    unsigned bits = 0;
    std::size_t number = 0;  ///< Its place among all.
    std::size_t first = 0;   ///< Its first place in the directory.
    Note note{};
  };

  static constexpr std::size_t most_of_a_part = std::size_t{1} << 15U;

  parted_map() { begin_anew(); }
  parted_map(const parted_map& other) : directory_(other.directory_.size()), mask_(other.mask_) {
    parts_.resize(other.parts_.size());
    for (std::size_t i = 0; i < directory_.size(); ++i) {
      const part& from = *other.directory_[i];
      std::unique_ptr<part>& to = parts_[from.number];
      if (!to) to = std::make_unique<part>(from);
      directory_[i] = to.get();
    }
  }
  parted_map(parted_map&& other) : parted_map() { swap(other); }
  parted_map& operator=(parted_map other) noexcept {
    swap(other);
    return *this;
  }
  ~parted_map() = default;

  /// Goes through all parts, one after the other.
  class iterator {
  public:
    using value_type = entry;

    iterator() = default;
    value_type& operator*() const { return *at_; }
    value_type* operator->() const { return &*at_; }
    iterator& operator++() {
      ++at_;
      find_next();
      return *this;
    }
    iterator operator++(int) {
      const iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) {
      return a.part_ == b.part_ && a.at_ == b.at_;
    }
    /// The number of the part it is in.
    [[nodiscard]] std::size_t part() const noexcept { return part_; }

  private:
    friend parted_map;
    iterator(const parted_map& of, std::size_t part) : of_(&of), part_(part) {
      if (part_ == of_->parts_.size()) return;
      at_ = of_->parts_[part_]->entries.begin();
      find_next();
    }
    void find_next() {
      while (at_ == of_->parts_[part_]->entries.end()) {
        if (++part_ == of_->parts_.size()) {
          at_ = {};
          return;
        }
        at_ = of_->parts_[part_]->entries.begin();
      }
    }

    const parted_map* of_ = nullptr;
    std::size_t part_ = 0;
    typename map::iterator at_{};
  };

  [[nodiscard]] iterator begin() const { return {*this, 0}; }
  [[nodiscard]] iterator end() const { return {*this, parts_.size()}; }

  [[nodiscard]] entry* find(const K& key) const {
    const hashed k{key, hasher{}(key)};
    map& in = part_of(k.hash)->entries;
    const auto at = in.find(k);
    return at == in.end() ? nullptr : &*at;
  }
  /// A hint that the key's entry will be used soon.
  void fetch(const K& key) const {
    const entry* const found = find(key);
    asm volatile("" : : "r"(found));
  }
  /// Adds an entry for a key that has none, with a value made from `args`.
  template <class... Args>
  entry* add(const K& key, Args&&... args) {
    return add_after([](part&) {}, key, std::forward<Args>(args)...);
  }
  /// As above; calls `before` with a part whose entries are about to be moved.
  template <class Before, class... Args>
  entry* add_after(Before before, const K& key, Args&&... args) {
    part* to = part_with(key);
    if (to->entries.size() >= to->entries.max_load()) [[unlikely]] {
      before(*to);
      // Not much fuller than this is a part that has grown to its last size.
      if (to->entries.size() >= most_of_a_part / 2 && to->bits < most_bits) {
        deal_out(*to);
        to = part_with(key);
      }
    }
    return &*to->entries.try_emplace(key, std::forward<Args>(args)...).first;
  }
  bool erase(const K& key) { return part_with(key)->entries.erase(key) != 0; }
  template <class F>
  void erase_if(F f) {
    for (const auto& p : parts_) boost::unordered::erase_if(p->entries, f);
  }
  /// Removes all entries and keeps the memory.
  void clear() noexcept {
    for (const auto& p : parts_) p->entries.clear();
  }
  /// Makes room for as many entries in all, of which it must have none yet.
  void reserve(std::size_t entries) {
    while (entries / parts_.size() > most_of_a_part / 2 && parts_.front()->bits < most_bits)
      for (std::size_t i = parts_.size(); i-- > 0;) deal_out(*parts_[i]);
    const std::size_t each = entries / parts_.size();
    // Hashes spread entries unevenly; nearly all parts have less than this.
    const auto room = each + 3 * static_cast<std::size_t>(std::sqrt(static_cast<double>(each)));
    for (const auto& p : parts_) p->entries.reserve(room);
  }

  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t n = 0;
    for (const auto& p : parts_) n += p->entries.size();
    return n;
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  [[nodiscard]] std::size_t parts() const noexcept { return parts_.size(); }
  [[nodiscard]] part& part_at(std::size_t number) const noexcept { return *parts_[number]; }
  /// The part that has the key, if there is an entry for it.
  [[nodiscard]] part* part_with(const K& key) const { return part_of(hasher{}(key)); }

private:
  /// The table of a part finds keys by the first bits of the hash, and tells them apart by its last
  /// eight.
  static constexpr unsigned first_bit = 8;
  static constexpr unsigned bits_at_once = 4;
  static constexpr unsigned most_bits = 20;

  void begin_anew() {
    parts_.push_back(std::make_unique<part>());
    directory_.push_back(parts_.back().get());
  }

  void swap(parted_map& other) noexcept {
    directory_.swap(other.directory_);
    parts_.swap(other.parts_);
    std::swap(mask_, other.mask_);
  }

  [[nodiscard]] part* part_of(std::size_t hash) const noexcept {
    return directory_[hash >> first_bit & mask_];
  }

  /// Puts sixteen parts in the place of one.
  void deal_out(part& full) {
    const unsigned bits = full.bits + bits_at_once;
    std::array<std::unique_ptr<part>, std::size_t{1} << bits_at_once> made;
    for (auto& p : made) {
      p = std::make_unique<part>();
      p->bits = bits;
      p->note = full.note;
      p->entries.reserve(full.entries.size() / made.size() * 5 / 4);
    }
    for (auto& [key, value] : full.entries) {
      const std::size_t bits_of = hasher{}(key) >> (first_bit + full.bits);
      made[bits_of & (made.size() - 1)]->entries.try_emplace(key, std::move(value));
    }
    widen(bits);
    parts_.reserve(parts_.size() + made.size());
    // From here on nothing throws.
    const std::size_t each = std::size_t{1} << full.bits;
    for (std::size_t i = full.first; i < directory_.size(); i += each)
      directory_[i] = made[i / each & (made.size() - 1)].get();
    for (std::size_t i = 0; i < made.size(); ++i) made[i]->first = full.first + i * each;
    made[0]->number = full.number;
    for (std::size_t i = 1; i < made.size(); ++i) {
      made[i]->number = parts_.size();
      parts_.push_back(std::move(made[i]));
    }
    parts_[full.number].swap(made[0]);
  }
  /// Gives the directory places for so many bits.
  void widen(unsigned bits) {
    const std::size_t places = std::size_t{1} << bits;
    const std::size_t before = directory_.size();
    if (before >= places) return;
    directory_.resize(places);
    for (std::size_t i = before; i < places; ++i) directory_[i] = directory_[i & mask_];
    mask_ = places - 1;
  }

  std::vector<part*> directory_;  ///< By the bits of the hash.
  std::vector<std::unique_ptr<part>> parts_;
  std::size_t mask_ = 0;
};

}  // namespace weir

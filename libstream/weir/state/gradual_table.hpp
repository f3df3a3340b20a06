// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/state/keyed_table.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// A `keyed_table` that can be saved while it goes on changing. During a save the table stands
/// still, and what would change in it is copied to a second one beside it; afterwards that is moved
/// back, some entries with each that is looked up. Constant time; during a save up to three
/// operations on tables in place of one.
///
/// Movable while it is saved; copies are settled ones and begin without a save.
template <class K, class V>
class gradual_table {
  using table = keyed_table<K, V>;

  using iterator = typename table::iterator;

public:
  gradual_table() = default;
  gradual_table(const gradual_table& other) : base_(other.base_) {}
  gradual_table(gradual_table&& other) noexcept { *this = std::move(other); }
  gradual_table& operator=(const gradual_table& other) { return *this = gradual_table{other}; }
  gradual_table& operator=(gradual_table&& other) noexcept {
    if (job_) job_->of = nullptr;
    base_ = std::move(other.base_);
    aside_ = std::move(other.aside_);
    phase_ = std::exchange(other.phase_, phase::settled);
    at_ = other.at_;
    job_ = std::move(other.job_);
    if (job_) job_->of = this;
    return *this;
  }
  ~gradual_table() {
    if (job_) job_->of = nullptr;
  }

  /// Returns the key's value, made from `args` if there was none, and whether it was made. The
  /// pointer holds until the next call.
  template <class... Args>
  std::pair<V*, bool> try_emplace(const K& key, Args&&... args) {
    if (phase_ == phase::settled) [[likely]]
      return base_.try_emplace(key, std::forward<Args>(args)...);
    return emplace_aside(key, std::forward<Args>(args)...);
  }

  [[nodiscard]] bool empty() const noexcept { return base_.empty() && aside_.empty(); }
  /// Removes all entries and keeps the memory.
  void clear() {
    if (job_) encode_some(SIZE_MAX);
    base_.clear();
    aside_.clear();
    phase_ = phase::settled;
  }

  /// A walk over all entries, each once. Meanwhile the table may be saved, but not change: what has
  /// been taken is no part of a save that begins later. Ends with the table's next change.
  class walk {
    friend gradual_table;
    iterator at_{};
    bool aside_ = false;  ///< `at_` is in the second table, whose other keys have been met.
  };
  [[nodiscard]] walk begin_walk() {
    walk w;
    w.at_ = base_.begin();
    return w;
  }
  [[nodiscard]] bool ended(walk& w) {
    if (!w.aside_) {
      if (w.at_ != base_.end()) return false;
      w.aside_ = true;
      w.at_ = aside_.begin();
    }
    while (w.at_ != aside_.end() && base_.find(w.at_->first) != nullptr) ++w.at_;
    return w.at_ == aside_.end();
  }
  /// @pre not ended(w), and `ended` was asked
  std::pair<const K&, V&> take(walk& w) {
    if (!w.aside_ && phase_ == phase::saving && at_ == w.at_) encode_some(1);
    auto& [key, value] = *w.at_++;
    if (w.aside_ || aside_.empty()) return {key, value};
    V* newer = aside_.find(key);
    return {key, newer != nullptr ? *newer : value};
  }

  /// Begins to save the entries there are, or those that a walk has not taken: one part a key group
  /// that has some. `prefix` goes before each part.
  void save(snapshot_writer& to, std::string_view name, std::uint32_t groups,
            std::span<const std::byte> prefix = {}, walk* left = nullptr) {
    save_form<std::pair<K, V>>(to, name);
    if (!left) merge_all();
    if (left ? ended(*left) : base_.empty()) return;
    auto made = std::make_shared<job>(name, groups, prefix);
    to.later(made);
    if (phase_ != phase::settled || (left && left->aside_)) {
      // A walk since the save before this one: too rare to be done by and by.
      for (walk rest = *left; !ended(rest);) {
        const auto [key, value] = take(rest);
        made->add(key, value);
      }
      return;
    }
    made->of = this;
    job_ = std::move(made);
    at_ = left ? left->at_ : base_.begin();
    phase_ = phase::saving;
  }

  void restore(const snapshot_reader& from, std::string_view name) { base_.restore(from, name); }
  [[nodiscard]] static saved_form form(const snapshot_reader& from, std::string_view name) {
    return table::form(from, name);
  }
  void read_entries(byte_reader& in, std::string_view name, const saved_form& form) {
    base_.read_entries(in, name, form);
  }

private:
  enum class phase : std::uint8_t { settled, saving, merging };

  /// Outlives the table, which is gone when it has written all that it had to.
  struct job final : gradual_save {
    gradual_table* of = nullptr;  ///< Null once all is in `parts`.
    std::string name;
    std::vector<std::byte> prefix;
    std::vector<bytes> parts;    ///< Of each key group.
    std::exception_ptr failure;  ///< What a codec threw.

    job(std::string_view state, std::uint32_t groups, std::span<const std::byte> before)
        : name(state), prefix(before.begin(), before.end()), parts(groups) {}

    void add(const K& key, const V& value) {
      bytes& part = parts[group_of_hash(key_hash(key), static_cast<std::uint32_t>(parts.size()))];
      if (part.empty()) part.assign(prefix.begin(), prefix.end());
      encode(key, part);
      encode(value, part);
    }
    bool write_some(std::size_t entries, snapshot_writer& to) override {
      if (of != nullptr) of->encode_some(entries);
      if (failure) std::rethrow_exception(failure);
      if (of != nullptr) return false;
      for (std::size_t g = 0; g < parts.size(); ++g)
        if (!parts[g].empty()) to.keyed(name, static_cast<key_group>(g), std::move(parts[g]));
      return true;
    }
    void cancel() noexcept override {
      if (of != nullptr) of->end_save();
    }
  };

  /// A failure is the save's, and not that of the event or firing that led to it.
  void encode_some(std::size_t entries) noexcept {
    try {
      for (; entries != 0 && at_ != base_.end(); --entries, ++at_)
        job_->add(at_->first, at_->second);
    } catch (...) {
      job_->failure = std::current_exception();
      return end_save();
    }
    if (at_ == base_.end()) end_save();
  }
  void end_save() noexcept {
    job_->of = nullptr;
    job_.reset();
    phase_ = aside_.empty() ? phase::settled : phase::merging;
    at_ = aside_.begin();
  }

  void merge_some(std::size_t entries) {
    for (; entries != 0 && at_ != aside_.end(); --entries) {
      auto& [key, value] = *at_;
      base_.put(key, std::move(value));
      at_ = aside_.erase(at_);
    }
    if (at_ == aside_.end()) phase_ = phase::settled;
  }
  void merge_all() {
    if (phase_ == phase::saving) end_save();  // given up
    while (phase_ == phase::merging) merge_some(SIZE_MAX);
  }

  template <class... Args>
  std::pair<V*, bool> emplace_aside(const K& key, Args&&... args) {
    constexpr std::size_t with_each = 4;  // so that moving back ends before the next save
    if (phase_ == phase::merging) merge_some(with_each);
    if (V* changed = aside_.find(key)) return {changed, false};
    if (phase_ != phase::saving) return base_.try_emplace(key, std::forward<Args>(args)...);
    if (const V* saved = base_.find(key)) return {aside_.try_emplace(key, *saved).first, false};
    return aside_.try_emplace(key, std::forward<Args>(args)...);
  }

  table base_;
  table aside_;  ///< What is newer than in `base_`.
  phase phase_ = phase::settled;
  iterator at_{};  ///< The next entry to encode, or to move back.
  std::shared_ptr<job> job_;
};

}  // namespace weir

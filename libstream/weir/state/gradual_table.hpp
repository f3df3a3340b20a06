// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/state/keyed_table.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
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

public:
  using iterator = typename table::iterator;

  gradual_table() = default;
  gradual_table(const gradual_table& other) : base_(other.base_) {}
  gradual_table(gradual_table&& other) noexcept { *this = std::move(other); }
  gradual_table& operator=(const gradual_table& other) { return *this = gradual_table{other}; }
  gradual_table& operator=(gradual_table&& other) noexcept {
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

  /// Whether nothing is beside the table; what follows wants that.
  [[nodiscard]] bool settled() const noexcept { return phase_ == phase::settled; }
  /// Works on that for about `entries` entries, and answers whether it is so.
  bool settle_some(std::size_t entries) {
    if (phase_ == phase::saving) encode_some(entries);
    if (phase_ == phase::merging) merge_some(entries);
    return settled();
  }

  iterator begin() { return base_.begin(); }
  iterator end() { return base_.end(); }
  [[nodiscard]] bool empty() const noexcept { return base_.empty() && aside_.empty(); }
  void clear() { base_.clear(); }

  /// Begins to save the entries there are, one part a key group that has some. `prefix` goes before
  /// each part. A save that is under way is given up.
  void save(snapshot_writer& to, std::string_view name, std::uint32_t groups,
            std::span<const std::byte> prefix = {}) {
    while (!settle_some(SIZE_MAX)) {
    }
    save_form<std::pair<K, V>>(to, name);
    if (base_.empty()) return;
    job_ = std::make_shared<job>(*this, name, groups, prefix);
    at_ = base_.begin();
    phase_ = phase::saving;
    to.later(job_);
  }
  /// Saves those from `at` on, at once.
  void save_from(iterator at, snapshot_writer& to, std::string_view name, std::uint32_t groups,
                 std::span<const std::byte> prefix = {}) {
    base_.snapshot_from(at, to, name, groups, prefix);
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
    gradual_table* of;  ///< Null once all is in `parts`.
    std::string name;
    std::vector<std::byte> prefix;
    std::vector<bytes> parts;  ///< Of each key group.

    job(gradual_table& table, std::string_view state, std::uint32_t groups,
        std::span<const std::byte> before)
        : of(&table), name(state), prefix(before.begin(), before.end()), parts(groups) {}

    bool write_some(std::size_t entries, snapshot_writer& to) override {
      if (of != nullptr) of->encode_some(entries);
      if (of != nullptr) return false;
      for (std::size_t g = 0; g < parts.size(); ++g)
        if (!parts[g].empty()) to.keyed(name, static_cast<key_group>(g), std::move(parts[g]));
      return true;
    }
    void cancel() noexcept override {
      if (of != nullptr) of->end_save();
    }
  };

  void encode_some(std::size_t entries) {
    const auto groups = static_cast<std::uint32_t>(job_->parts.size());
    for (; entries != 0 && at_ != base_.end(); --entries, ++at_) {
      const auto& [key, value] = *at_;
      bytes& part = job_->parts[group_of_hash(key_hash(key), groups)];
      if (part.empty()) part.assign(job_->prefix.begin(), job_->prefix.end());
      encode(key, part);
      encode(value, part);
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

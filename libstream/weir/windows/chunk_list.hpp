// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::operators {

/// A list that grows at its back and shrinks at both ends, in chunks: a long one is never copied,
/// and gives its memory back; a short one is one small array. Long lists of many keys, which grow
/// in step, then lie side by side; as whole arrays they would begin at the same places of their
/// memory pages, and evict each other from the caches. Both ends are reached by one pointer each.
/// At most 2^32 - 1 elements.
template <class T>
class chunk_list {
public:
  chunk_list() = default;
  chunk_list(const chunk_list& other) {
    for (std::size_t i = 0; i < other.size(); ++i) push_back(other[i]);
  }
  chunk_list(chunk_list&&) noexcept = default;
  chunk_list& operator=(const chunk_list& other) { return *this = chunk_list{other}; }
  chunk_list& operator=(chunk_list&&) noexcept = default;
  ~chunk_list() = default;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  [[nodiscard]] T& operator[](std::size_t i) { return *at(i); }
  [[nodiscard]] const T& operator[](std::size_t i) const { return *at(i); }
  [[nodiscard]] T& front() { return *first_; }
  [[nodiscard]] const T& front() const { return *first_; }
  [[nodiscard]] T& back() { return *last_; }
  [[nodiscard]] const T& back() const { return *last_; }

  void push_back(T value) {
    const std::uint32_t end = head_ + size_;
    if (end % length != 0 && end != capacity_)
      ++last_;
    else
      make_room();
    *last_ = std::move(value);
    if (size_++ == 0) first_ = last_;
  }
  /// Takes time for each element behind it.
  void insert(std::size_t i, T value) {
    push_back(std::move(value));
    for (std::size_t j = size_ - 1; j != i; --j) std::swap(*at(j), *at(j - 1));
  }
  void pop_back() {
    let_go(*last_);
    if (--size_ == 0) return clear();
    const std::uint32_t end = head_ + size_;
    if (end % length != 0) {
      --last_;
    } else {  // the last chunk is empty
      chunks_.pop_back();
      last_ = at(size_ - 1);
    }
  }
  void pop_front() {
    let_go(*first_);
    if (--size_ == 0) return clear();
    ++first_;
    if (++head_ != length) return;
    head_ = 0;
    chunks_[gone_++].reset();
    if (gone_ * 2 >= chunks_.size()) {
      chunks_.erase(chunks_.begin(), chunks_.begin() + gone_);
      gone_ = 0;
    }
    first_ = at(0);
    capacity_ = length;
  }
  /// Keeps the memory of one chunk.
  void clear() {
    if (chunks_.empty()) return;
    for (; size_ != 0; --size_) let_go(*at(size_ - 1));
    if (gone_ != 0) std::swap(chunks_[gone_], chunks_.front());
    chunks_.resize(1);
    gone_ = head_ = 0;
  }

private:
  using chunk = std::unique_ptr<T[]>;
  static constexpr std::uint32_t length = 64;

  static void let_go(T& gone) {
    if constexpr (!std::is_trivially_destructible_v<T>) gone = T{};
  }
  [[nodiscard]] T* at(std::size_t i) const {
    const std::size_t from_head = head_ + i;
    return chunks_[gone_ + from_head / length].get() + from_head % length;
  }

  /// Lets `last_` be the place behind the last element, where there is none so far.
  void make_room() {
    if (size_ == 0 && !chunks_.empty()) {  // cleared
      last_ = chunks_.front().get();
    } else if (head_ + size_ == capacity_ && head_ * 2 > capacity_) {
      std::move(first_, last_ + 1, chunks_[gone_].get());
      head_ = 0;
      first_ = chunks_[gone_].get();
      last_ = at(size_);
    } else if (head_ + size_ == capacity_ && capacity_ < length) {
      move_to(std::max(2U, capacity_ * 2));
    } else {
      chunks_.push_back(std::make_unique_for_overwrite<T[]>(length));
      last_ = chunks_.back().get();
    }
  }
  /// Puts the one chunk into a larger one.
  void move_to(std::uint32_t capacity) {
    auto larger = std::make_unique_for_overwrite<T[]>(capacity);
    if (size_ != 0) std::move(first_, last_ + 1, larger.get());
    if (chunks_.empty()) chunks_.emplace_back();
    chunks_.front() = std::move(larger);
    head_ = 0;
    capacity_ = capacity;
    first_ = chunks_.front().get();
    last_ = first_ + size_;
  }

  std::vector<chunk> chunks_;  ///< All but the last are full; those before `gone_` are null.
  T* first_ = nullptr;
  T* last_ = nullptr;
  std::uint32_t gone_ = 0;
  std::uint32_t head_ = 0;  ///< Where the first chunk begins.
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;  ///< Of the first chunk; all others hold `length`.
};

}  // namespace weir::operators

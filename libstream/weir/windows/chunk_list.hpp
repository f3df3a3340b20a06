// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace weir::operators {

/// A list that grows at its back and shrinks at both ends, in chunks: a long one is never copied,
/// and gives its memory back; a short one is one small vector. Long lists of many keys, which grow
/// in step, then lie side by side; as whole vectors they would begin at the same places of their
/// memory pages, and evict each other from the caches.
template <class T>
class chunk_list {
public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  [[nodiscard]] T& operator[](std::size_t i) {
    return chunks_[(head_ + i) / length][(head_ + i) % length];
  }
  [[nodiscard]] const T& operator[](std::size_t i) const {
    return chunks_[(head_ + i) / length][(head_ + i) % length];
  }
  [[nodiscard]] T& back() { return chunks_.back().back(); }
  [[nodiscard]] const T& back() const { return chunks_.back().back(); }

  void push_back(T value) {
    if (chunks_.empty() || chunks_.back().size() == length) {
      chunks_.emplace_back();
      if (chunks_.size() > 1) chunks_.back().reserve(length);
    }
    chunks_.back().push_back(std::move(value));
    ++size_;
  }
  /// Takes time for each element behind it.
  void insert(std::size_t at, T value) {
    push_back(std::move(value));
    for (std::size_t i = size_ - 1; i != at; --i) std::swap((*this)[i], (*this)[i - 1]);
  }
  void pop_back() {
    chunks_.back().pop_back();
    if (chunks_.back().empty() && chunks_.size() > 1) chunks_.pop_back();
    if (--size_ == 0) clear();
  }
  void pop_front() {
    ++head_;
    if (--size_ == 0) return clear();
    auto& first = chunks_.front();
    if (head_ == length) {
      chunks_.erase(chunks_.begin());
      head_ = 0;
    } else if (chunks_.size() == 1 && head_ >= 8 && head_ * 2 >= first.size()) {
      first.erase(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }
  /// Keeps the memory of one chunk.
  void clear() {
    if (chunks_.size() > 1) chunks_.resize(1);
    if (!chunks_.empty()) chunks_.front().clear();
    head_ = size_ = 0;
  }

private:
  static constexpr std::size_t length = 64;

  std::vector<std::vector<T>> chunks_;  ///< All but the last are full.
  std::size_t head_ = 0;                ///< Where the first chunk begins.
  std::size_t size_ = 0;
};

}  // namespace weir::operators

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace weir::patterns {

/// A queue in one vector that keeps its memory. Constant time, amortised.
template <class V>
class fifo {
public:
  [[nodiscard]] bool empty() const noexcept { return head_ == values_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size() - head_; }
  [[nodiscard]] V& front() { return values_[head_]; }
  [[nodiscard]] const V& front() const { return values_[head_]; }
  [[nodiscard]] const V& back() const { return values_.back(); }

  template <class W>
  void push(W&& v) {
    if (values_.size() == values_.capacity() && head_ > values_.size() / 2) {
      values_.erase(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    values_.push_back(std::forward<W>(v));
  }
  void pop() {
    if (++head_ != values_.size()) return;
    values_.clear();
    head_ = 0;
  }

  /// Drops the values that `f(value)` holds for. Linear.
  template <class F>
  void erase_if(F f) {
    values_.erase(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
    std::erase_if(values_, f);
  }

  [[nodiscard]] auto begin() { return values_.begin() + static_cast<std::ptrdiff_t>(head_); }
  [[nodiscard]] auto end() { return values_.end(); }
  [[nodiscard]] auto begin() const { return values_.begin() + static_cast<std::ptrdiff_t>(head_); }
  [[nodiscard]] auto end() const { return values_.end(); }

private:
  std::vector<V> values_;
  std::size_t head_ = 0;
};

}  // namespace weir::patterns

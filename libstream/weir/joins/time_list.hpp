// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace weir::operators {

/// Elements in the order of their time, those of one time in that of their arrival: `T` has
/// `timestamp at`. Sorted chunks: an element in order is appended; one out of order costs a search
/// and a move within its chunk. Elements leave at the front and give their memory back; a short
/// list is one small vector, and an empty one allocates nothing.
template <class T>
class time_list {
  using chunk = std::vector<T>;
  static constexpr std::size_t length = 128;

public:
  [[nodiscard]] bool empty() const noexcept { return head_ == first_.size(); }
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t n = first_.size() - head_;
    for (std::size_t i = gone_; i < later_.size(); ++i) n += later_[i].all.size();
    return n;
  }
  // @pre !empty()
  [[nodiscard]] T& front() { return first_[head_]; }
  [[nodiscard]] const T& front() const { return first_[head_]; }
  /// The element `n` behind the first, or null: only those that lie together are told.
  [[nodiscard]] const T* ahead(std::size_t n) const {
    return head_ + n < first_.size() ? &first_[head_ + n] : nullptr;
  }
  [[nodiscard]] const T& back() const {
    return later_.empty() ? first_.back() : later_.back().all.back();
  }

  void insert(T value) {
    if (empty() || !(value.at < back().at)) return append(std::move(value));
    std::size_t n = chunk_of(value.at);
    if (n == 0 && head_ != 0) {
      drop_head();
    } else if (at(n).size() >= length) {
      split(n);
      n = chunk_of(value.at);
    }
    chunk& in = at(n);
    in.insert(std::upper_bound(in.begin(), in.end(), value.at, before), std::move(value));
  }

  /// Removes the first element and returns it. @pre !empty()
  T take_front() {
    T value = std::move(first_[head_++]);
    if (head_ == first_.size())
      next_chunk();
    else if (later_.empty() && head_ >= 8 && head_ * 2 >= first_.size())
      drop_head();
    return value;
  }

  /// Calls `f(element)` for those in `[from, to]`, in order.
  template <class F>
  void each_in(timestamp from, timestamp to, F f) {
    if (empty() || !walk(first_, head_, from, to, f)) return;
    // Elements of one time may lie in several chunks: the first that can have some is before those
    // that begin at it.
    auto c = std::partition_point(begin_later(), later_.end(),
                                  [&](const later& x) { return x.from < from; });
    if (c != begin_later()) --c;
    while (c != later_.end() && walk(c->all, 0, from, to, f)) ++c;
  }
  template <class F>
  void each(F f) {
    each_in(min_timestamp, max_timestamp, f);
  }

  /// Returns the last element that isn't after `t`, or null if there is none.
  [[nodiscard]] const T* last_until(timestamp t) const {
    if (empty() || t < front().at) return nullptr;
    const chunk& in = at(chunk_of(t));
    return &*std::prev(std::upper_bound(
        in.begin() + static_cast<std::ptrdiff_t>(&in == &first_ ? head_ : 0), in.end(), t, before));
  }

  /// Puts elements that were appended in any order into their order, in one go.
  void append_unsorted(T value) { append(std::move(value)); }
  void sort() {
    chunk all(std::make_move_iterator(first_.begin() + static_cast<std::ptrdiff_t>(head_)),
              std::make_move_iterator(first_.end()));
    for (auto c = begin_later(); c != later_.end(); ++c)
      std::move(c->all.begin(), c->all.end(), std::back_inserter(all));
    std::stable_sort(all.begin(), all.end(), [](const T& a, const T& b) { return a.at < b.at; });
    *this = {};
    for (T& x : all) append(std::move(x));
  }

  /// The memory of the elements and of room for more.
  [[nodiscard]] std::size_t bytes_allocated() const noexcept {
    std::size_t n = first_.capacity() * sizeof(T) + later_.capacity() * sizeof(later);
    for (const later& c : later_) n += c.all.capacity() * sizeof(T);
    return n;
  }

private:
  /// A chunk behind the first. When it begins is told here, so that a search reads one array.
  struct later {
    timestamp from;
    chunk all;
  };

  static bool before(timestamp t, const T& x) { return t < x.at; }

  [[nodiscard]] auto begin_later() { return later_.begin() + static_cast<std::ptrdiff_t>(gone_); }

  // Chunks are numbered from the front; `first_` is number 0.

  [[nodiscard]] const chunk& at(std::size_t n) const {
    return n == 0 ? first_ : later_[gone_ + n - 1].all;
  }
  [[nodiscard]] chunk& at(std::size_t n) { return n == 0 ? first_ : later_[gone_ + n - 1].all; }

  /// The last chunk that begins at or before `t`; the first if none does.
  [[nodiscard]] std::size_t chunk_of(timestamp t) const {
    const auto from = later_.begin() + static_cast<std::ptrdiff_t>(gone_);
    return static_cast<std::size_t>(
        std::partition_point(from, later_.end(), [&](const later& x) { return x.from <= t; }) -
        from);
  }

  void append(T value) {
    if (later_.empty() && first_.size() < length) return first_.push_back(std::move(value));
    if (later_.empty() && head_ >= length / 2) {
      drop_head();
      return first_.push_back(std::move(value));
    }
    if (later_.empty() || later_.back().all.size() >= length) {
      later_.push_back({value.at, {}});
      later_.back().all.reserve(length);
    }
    later_.back().all.push_back(std::move(value));
  }

  void split(std::size_t n) {
    chunk& in = at(n);
    const auto half = in.begin() + static_cast<std::ptrdiff_t>(in.size() / 2);
    chunk behind;
    behind.reserve(length);
    std::move(half, in.end(), std::back_inserter(behind));
    in.erase(half, in.end());
    const timestamp from = behind.front().at;
    later_.insert(begin_later() + static_cast<std::ptrdiff_t>(n), later{from, std::move(behind)});
  }

  void drop_head() {
    first_.erase(first_.begin(), first_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }

  /// Goes on to the next chunk, the first being empty.
  void next_chunk() {
    head_ = 0;
    if (later_.empty()) {
      if (first_.capacity() > 8)
        chunk{}.swap(first_);
      else
        first_.clear();
      return;
    }
    first_ = std::move(later_[gone_++].all);
    if (gone_ != later_.size() && (gone_ < 64 || gone_ * 2 < later_.size())) return;
    if (gone_ == later_.size())
      std::vector<later>{}.swap(later_);
    else
      later_.erase(later_.begin(), begin_later());
    gone_ = 0;
  }

  /// False if what is behind need not be looked at.
  template <class F>
  static bool walk(chunk& in, std::size_t head, timestamp from, timestamp to, F& f) {
    if (in.back().at < from) return true;
    auto x = std::partition_point(in.begin() + static_cast<std::ptrdiff_t>(head), in.end(),
                                  [&](const T& e) { return e.at < from; });
    for (; x != in.end(); ++x) {
      if (to < x->at) return false;
      f(*x);
    }
    return true;
  }

  chunk first_;
  std::vector<later> later_;  ///< Those before `gone_` have been used up; empty if all have.
  std::uint32_t head_ = 0;    ///< Where the first chunk begins.
  std::uint32_t gone_ = 0;
};

}  // namespace weir::operators

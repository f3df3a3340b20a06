// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/block.hpp"

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace weir {

/// Whether values of a type can be kept in a `plain_array`.
template <class T>
inline constexpr bool is_plain_value =
    std::is_trivially_copyable_v<T>&& std::is_trivially_destructible_v<T> &&
    alignof(T) <= alignof(std::max_align_t);

/// A growing array of plain values, of which there may be millions: where a `std::vector` would
/// copy them to fresh memory, its block is enlarged (see `enlarge_block`). Addresses hold until it
/// grows.
template <class T>
class plain_array {
  static_assert(is_plain_value<T>);

public:
  plain_array() = default;
  plain_array(const plain_array& other) {
    reserve(other.size_);
    if (other.size_ != 0) std::memcpy(at_, other.at_, other.size_ * sizeof(T));
    size_ = other.size_;
  }
  plain_array(plain_array&& other) noexcept { swap(other); }
  plain_array& operator=(plain_array other) noexcept {
    swap(other);
    return *this;
  }
  ~plain_array() { free_block(at_, room_ * sizeof(T)); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return at_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return at_[i]; }
  [[nodiscard]] T& back() noexcept { return at_[size_ - 1]; }
  [[nodiscard]] const T* begin() const noexcept { return at_; }
  [[nodiscard]] const T* end() const noexcept { return at_ + size_; }

  void push_back(const T& value) {
    if (size_ == room_) [[unlikely]]
      return push_back_grown(value);
    ::new (static_cast<void*>(at_ + size_++)) T(value);
  }
  void pop_back() noexcept { --size_; }
  /// New values are copies of `fill`.
  void resize(std::size_t size, const T& fill = T{}) {
    const T copy = fill;
    if (size > room_) grow(size);
    for (; size_ < size; ++size_) ::new (static_cast<void*>(at_ + size_)) T(copy);
    size_ = size;
  }
  /// New values are whatever lies there: they cost nothing until they are written.
  void resize_unset(std::size_t size) {
    static_assert(std::is_trivially_default_constructible_v<T>);
    if (size > room_) grow(size);
    size_ = size;
  }
  void reserve(std::size_t size) {
    if (size > room_) enlarge(size);
  }
  void clear() noexcept { size_ = 0; }

private:
  [[gnu::noinline]] void push_back_grown(T value) {  // a copy: it may be one of these
    grow(size_ + 1);
    ::new (static_cast<void*>(at_ + size_++)) T(value);
  }
  void swap(plain_array& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
  }
  void grow(std::size_t size) { enlarge(size < 2 * room_ ? 2 * room_ : size < 8 ? 8 : size); }
  void enlarge(std::size_t room) {
    if (room > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_alloc{};
    at_ = static_cast<T*>(enlarge_block(at_, room_ * sizeof(T), room * sizeof(T)));
    room_ = room;
  }

  T* at_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

}  // namespace weir

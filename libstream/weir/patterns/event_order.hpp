// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace weir {

/// An order of events, made of a comparison: `before(a, b)`. What is type-erased is the sorting as
/// a whole, so the comparison costs no call through a pointer.
template <class T>
class event_order {
public:
  event_order() = default;
  template <class F>
  requires(!std::same_as<F, event_order> && std::predicate<const F&, const T&, const T&>)
      event_order(
          F before)  // NOLINT(google-explicit-constructor): a comparison is meant to be given
      : sort_([before = std::move(before)](T* first, T* last) {
          last - first <= few ? insertion_sort(first, last, before)
                              : std::stable_sort(first, last, before);
        }) {}

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(sort_); }
  /// Sorts events; those of which neither is before the other stay as they are.
  void sort(T* first, T* last) const { sort_(first, last); }

private:
  /// Few at a time are the rule, and `std::stable_sort` takes memory for each time.
  static constexpr std::ptrdiff_t few = 16;
  template <class F>
  static void insertion_sort(T* first, T* last, const F& before) {
    for (T* next = first; next != last; ++next) {
      if (next == first || !before(*next, next[-1])) continue;
      T moved = std::move(*next);
      T* to = next;
      do {
        *to = std::move(to[-1]);
        --to;
      } while (to != first && before(moved, to[-1]));
      *to = std::move(moved);
    }
  }

  std::function<void(T*, T*)> sort_;
};

}  // namespace weir

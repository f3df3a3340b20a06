// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
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
          std::stable_sort(first, last, before);
        }) {}

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(sort_); }
  /// Sorts events; those of which neither is before the other stay as they are.
  void sort(T* first, T* last) const { sort_(first, last); }

private:
  std::function<void(T*, T*)> sort_;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/aggregates/values.hpp"
#include "weir/core/error.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <concepts>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace weir {

/// What is kept of an event, and what it is ranked by.
template <class V, class Kept>
struct ranked {
  V value{};
  timestamp at;
  Kept kept{};

  BOOST_DESCRIBE_CLASS(ranked, (), (value, at, kept), (), ())
};

namespace detail {

/// Whether `a` goes before `b`: by `Better`, then the earlier event, then the lesser of what is
/// kept where that can be told; so a ranking does not depend on the order of arrival.
template <class Better, class V, class Kept>
[[nodiscard]] bool outranks(const ranked<V, Kept>& a, const ranked<V, Kept>& b) {
  if (Better{}(a.value, b.value)) return true;
  if (Better{}(b.value, a.value)) return false;
  if (a.at != b.at) return a.at < b.at;
  if constexpr (std::totally_ordered<Kept>)
    return a.kept < b.kept;
  else
    return false;
}

template <class F, class Keep, class T>
using ranked_of = ranked<taken<F, T>, std::decay_t<std::invoke_result_t<const Keep&, const T&>>>;

/// Keeps what `Keep` takes from the event whose value beats all others.
template <class F, class Keep, class Better>
class best_by {
public:
  template <class T>
  using accumulator_for = std::optional<ranked_of<F, Keep, T>>;

  best_by(F f, Keep keep) : f_(std::move(f)), keep_(std::move(keep)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event, timestamp at) const {
    with_ordered_value(f_, event, [&](const auto& v) {
      if (acc && Better{}(acc->value, v)) return;
      typename Acc::value_type candidate{v, at, std::invoke(keep_, event)};
      if (!acc || outranks<Better>(candidate, *acc)) acc = std::move(candidate);
    });
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const {
    if (other && (!acc || outranks<Better>(*other, *acc))) acc = other;
  }
  template <class V, class Kept>
  [[nodiscard]] std::optional<Kept> result(const std::optional<ranked<V, Kept>>& acc) const {
    if (!acc) return std::nullopt;
    return acc->kept;
  }

private:
  F f_;
  Keep keep_;
};

}  // namespace detail

/// The event for which `f` gives the least, or what `keep` takes from it; absent over none. Of
/// equals the earliest. NaN is left out.
template <class F, class Keep = std::identity>
class min_by : public detail::best_by<F, Keep, std::less<>> {
public:
  explicit min_by(F f, Keep keep = {})
      : detail::best_by<F, Keep, std::less<>>(std::move(f), std::move(keep)) {}
};

/// The event for which `f` gives the most, or what `keep` takes from it; absent over none. Of
/// equals the earliest. NaN is left out.
template <class F, class Keep = std::identity>
class max_by : public detail::best_by<F, Keep, std::greater<>> {
public:
  explicit max_by(F f, Keep keep = {})
      : detail::best_by<F, Keep, std::greater<>>(std::move(f), std::move(keep)) {}
};

/// The `k` events for which `f` gives the most, or what `keep` takes from them, the highest first:
/// a vector. Of equals the earliest goes first. NaN is left out. Remembers k events; an event that
/// is not among them costs one comparison.
template <class F, class Keep = std::identity>
class top_k {
public:
  template <class T>
  using accumulator_for = std::vector<detail::ranked_of<F, Keep, T>>;

  /// Throws `weir::exception` if `k` is 0.
  explicit top_k(std::size_t k, F f, Keep keep = {})
      : k_(k), f_(std::move(f)), keep_(std::move(keep)) {
    if (k == 0)
      throw exception({errc::invalid_argument, "top_k(): k is 0; ask for at least one event"});
  }

  template <class V, class Kept, class T>
  void add(std::vector<ranked<V, Kept>>& acc, const T& event, timestamp at) const {
    detail::with_ordered_value(f_, event, [&](const auto& v) {
      if (acc.size() == k_ && acc.back().value > v) return;
      enter(acc, ranked<V, Kept>{v, at, std::invoke(keep_, event)});
    });
  }
  template <class Entry>
  void merge(std::vector<Entry>& acc, const std::vector<Entry>& other) const {
    for (const Entry& e : other) enter(acc, e);
  }
  template <class V, class Kept>
  [[nodiscard]] std::vector<Kept> result(const std::vector<ranked<V, Kept>>& acc) const {
    std::vector<Kept> all;
    all.reserve(acc.size());
    for (const auto& e : acc) all.push_back(e.kept);
    return all;
  }

private:
  template <class Entry>
  void enter(std::vector<Entry>& acc, Entry e) const {
    const auto before = [](const Entry& a, const Entry& b) {
      return detail::outranks<std::greater<>>(a, b);
    };
    if (acc.size() == k_) {
      if (!before(e, acc.back())) return;
      acc.pop_back();
    }
    acc.insert(std::upper_bound(acc.begin(), acc.end(), e, before), std::move(e));
  }

  std::size_t k_;
  F f_;
  Keep keep_;
};

}  // namespace weir

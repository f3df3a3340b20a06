// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/aggregates/values.hpp"
#include "weir/codec/binary.hpp"
#include "weir/codec/schema.hpp"
#include "weir/codec/table_hash.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <bit>
#include <cstdint>
#include <utility>

namespace weir {

namespace detail {

template <class V>
struct value_hash {
  using is_avalanching = void;
  /// Other bits of it lead the way than in tables: values may come in the order of those.
  std::size_t operator()(const V& v) const { return std::rotl(table_hash(v), 32); }
};

}  // namespace detail

/// Values, each once.
template <key_type V>
class value_set {
  using set = boost::unordered_flat_set<V, detail::value_hash<V>>;

public:
  void insert(const V& v) { values_.insert(v); }
  void reserve(std::size_t n) { values_.reserve(n); }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  [[nodiscard]] auto begin() const { return values_.begin(); }
  [[nodiscard]] auto end() const { return values_.end(); }

  friend bool operator==(const value_set&, const value_set&) = default;

private:
  set values_;
};

/// The form of a `value_set` is that of a vector of its values, in no particular order.
template <key_type V>
struct codec<value_set<V>> {
  static void encode(const value_set<V>& x, bytes& out) {
    weir::encode(static_cast<std::uint32_t>(x.size()), out);
    for (const V& v : x) weir::encode(v, out);
  }
  static bool decode(byte_reader& in, value_set<V>& x) {
    std::uint32_t n = 0;
    x = {};
    if (!weir::decode(in, n) || n > in.remaining() + 1) return false;
    // They come in the order of their hashes: in a set that is too small for all of them the first
    // ones would want one and the same place.
    x.reserve(n);
    for (std::uint32_t i = 0; i < n; ++i) {
      V v{};
      if (!weir::decode(in, v) || detail::is_nan(v)) return false;
      x.insert(v);
    }
    return x.size() == n;
  }
  static std::size_t dynamic_size(const value_set<V>& x) {
    std::size_t size = x.size() * sizeof(V) * 8 / 7;
    for (const V& v : x) size += weir::dynamic_size(v);
    return size;
  }
  static schema describe() {
    schema made = schema_of<std::vector<V>>();
    return {type_kind::custom, "weir value_set", 1, {{"values", std::move(made)}}};
  }
};

/// How many different values `f` takes from the events, exactly. Remembers each value once, so
/// memory grows with their number; see `approximate_count_distinct`. NaN is left out.
template <class F>
class count_distinct {
public:
  template <class T>
  using accumulator_for = value_set<detail::taken<F, T>>;

  explicit count_distinct(F f) : f_(std::move(f)) {}

  template <class Acc, class T>
  void add(Acc& acc, const T& event) const {
    detail::with_ordered_value(f_, event, [&](const auto& v) { acc.insert(v); });
  }
  template <class Acc>
  void merge(Acc& acc, const Acc& other) const {
    if (other.size() > acc.size() / 8) acc.reserve(acc.size() + other.size());  // as in `decode`
    for (const auto& v : other) acc.insert(v);
  }
  template <class Acc>
  [[nodiscard]] std::uint64_t result(const Acc& acc) const noexcept {
    return acc.size();
  }

private:
  F f_;
};

}  // namespace weir

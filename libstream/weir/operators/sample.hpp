// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/flow/operator_concepts.hpp"

#include <cstdint>
#include <limits>
#include <utility>

namespace weir::operators {

namespace detail {

/// Saves how many events an instance has seen. After a change of parallelism an instance may have
/// the counts of several; their sum is as good as any.
inline void save_count(snapshot_writer& to, std::uint64_t count) {
  bytes data;
  encode(count, data);
  to.item("@count", std::move(data));
}
inline std::uint64_t saved_count(const snapshot_reader& from) {
  std::uint64_t sum = 0;
  from.each("@count", [&](key_group, std::span<const std::byte> data) {
    byte_reader in{data};
    std::uint64_t count = 0;
    if (decode(in, count)) sum += count;
  });
  return sum;
}

}  // namespace detail

/// Passes the first of every `n` events of an instance on.
class sample_every {
public:
  explicit sample_every(std::uint64_t n) : n_(n) {}

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    if (count_++ % n_ == 0) next(std::forward<E>(event), at);
  }

  flow::verdict snapshot(snapshot_writer& to) {
    detail::save_count(to, count_);
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) { count_ = detail::saved_count(from); }

private:
  std::uint64_t n_;
  std::uint64_t count_ = 0;
};

/// Passes each event on with the same chance, drawn from the seed, the instance and the event's
/// number: the same events in the same order give the same sample. The draw is SplitMix64's
/// (Steele, Lea and Flood: fast splittable pseudorandom number generators, 2014).
class sample_share {
public:
  sample_share(double share, std::uint64_t seed) : share_(share), seed_(seed) {}

  void open(const flow::operator_environment& e) { seed_ = mixed(seed_ + e.instance); }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    constexpr double unit = 1.0 / (std::uint64_t{1} << 53U);
    const std::uint64_t drawn = mixed(seed_ + ++count_ * 0x9E3779B97F4A7C15ULL);
    if (static_cast<double>(drawn >> 11U) * unit < share_) next(std::forward<E>(event), at);
  }

  flow::verdict snapshot(snapshot_writer& to) {
    detail::save_count(to, count_);
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) { count_ = detail::saved_count(from); }

private:
  static constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31U);
  }

  double share_;
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

}  // namespace weir::operators

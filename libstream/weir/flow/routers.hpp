// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/key_hash.hpp"
#include "weir/flow/typed_output_port.hpp"
#include "weir/state/key_groups.hpp"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace weir::flow {

/// Sends every event of a key to the instance that owns the key's group.
template <class KeyOf>
class hash_router {
public:
  hash_router(KeyOf key_of, std::uint32_t groups, std::size_t lanes)
      : key_of_(std::move(key_of)), group_of_(groups) {
    for (std::uint32_t g = 0; g < groups; ++g)
      lane_of_.push_back(instance_of_group(g, static_cast<std::uint32_t>(lanes), groups));
  }

  template <class T>
  std::size_t operator()(const T& event, const typed_output_port<T>&) const {
    if (lane_of_.back() == 0) return 0;
    return lane_of_[group_of_(key_hash(std::invoke(key_of_, event)))];
  }

private:
  KeyOf key_of_;
  key_grouper group_of_;
  std::vector<std::uint32_t> lane_of_;
};

/// Deals batches to the lanes in turn, and leaves out those that have no credit while another has
/// some.
class round_robin_router {
public:
  template <class T>
  std::size_t operator()(const T&, const typed_output_port<T>& port) {
    if (port.batches_closed() == closed_) return lane_;
    closed_ = port.batches_closed();
    const std::size_t lanes = port.lanes();
    for (std::size_t i = 1; i <= lanes; ++i) {
      const std::size_t candidate = (lane_ + i) % lanes;
      if (!port.has_credit(candidate)) continue;
      lane_ = candidate;
      return lane_;
    }
    lane_ = (lane_ + 1) % lanes;
    return lane_;
  }

private:
  std::size_t lane_ = 0;
  std::uint64_t closed_ = 0;
};

/// Sends everything to the one lane there is: the same instance downstream, or all at once for a
/// broadcast.
class single_router {
public:
  template <class T>
  std::size_t operator()(const T&, const typed_output_port<T>&) const noexcept {
    return 0;
  }
};

}  // namespace weir::flow

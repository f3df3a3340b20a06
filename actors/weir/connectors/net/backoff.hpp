// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <random>

namespace weir::net {

/// How long to wait before a connection is tried again.
struct reconnect_options {
  duration backoff = std::chrono::milliseconds{50};  ///< After the first failure; doubles.
  duration most = std::chrono::seconds{2};
};

/// The waits of one connection: they double, and chance takes up to half of each off, so that
/// clients who lost a server together don't come back together.
class backoff {
public:
  explicit backoff(reconnect_options options)
      : options_(options), random_(std::random_device{}()) {}

  [[nodiscard]] duration next() {
    const duration doubled{options_.backoff.count() * (1LL << std::min(failures_++, 20U))};
    const duration whole = std::min(options_.most, doubled);
    const auto half = static_cast<std::uint64_t>(std::max<duration::rep>(1, whole.count() / 2));
    return whole - duration{static_cast<duration::rep>(random_() % half)};
  }
  void reset() noexcept { failures_ = 0; }
  [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }

private:
  reconnect_options options_;
  std::uint32_t failures_ = 0;
  std::mt19937_64 random_;
};

}  // namespace weir::net

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/sample.hpp"
#include "redis/redis_server.hpp"
#include "weir/connectors/redis/redis.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace weir::test {

struct click {
  std::string campaign;
  std::int64_t number = 0;

  friend bool operator==(const click&, const click&) = default;
};
BOOST_DESCRIBE_STRUCT(click, (), (campaign, number))

struct campaign {
  std::string name;
  double price = 0;
  std::optional<std::int64_t> budget{};

  friend bool operator==(const campaign&, const campaign&) = default;
};
BOOST_DESCRIBE_STRUCT(campaign, (), (name, price, budget))

inline campaign campaign_of(std::int64_t i) {
  return {"name " + std::to_string(i), static_cast<double>(i) / 4,
          i % 2 == 0 ? std::optional<std::int64_t>{i} : std::nullopt};
}

/// Clicks on `campaigns` campaigns in turn.
inline auto clicks(std::uint64_t n, std::uint64_t campaigns = 100, double rate = 0) {
  return generator{
      [campaigns](std::uint64_t i) {
        return click{"c" + std::to_string(i % campaigns), static_cast<std::int64_t>(i)};
      },
      {.events = n, .rate = rate}};
}

template <class T, class By>
std::vector<T> sorted_by(std::vector<T> all, By by) {
  std::sort(all.begin(), all.end(), [&](const T& a, const T& b) { return by(a) < by(b); });
  return all;
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <weir/weir.hpp>

#include <cstdint>
#include <string>

namespace orders {

struct order {
  std::uint64_t number = 0;
  std::string customer;
  std::string shop;
  std::int64_t cents = 0;
  weir::timestamp at;
};
BOOST_DESCRIBE_STRUCT(order, (), (number, customer, shop, cents, at))

struct revenue_numbers {
  std::uint64_t orders = 0;
  std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(revenue_numbers, (), (orders, cents))

/// What a shop took in a minute.
struct revenue {
  std::string shop;
  weir::timestamp minute;
  std::uint64_t orders = 0;
  std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(revenue, (), (shop, minute, orders, cents))

/// Three orders of less than a dollar, and one of more than 400 within a minute.
struct alert {
  std::string customer;
  std::uint64_t first = 0;  ///< The number of the first small order.
  std::uint64_t last = 0;   ///< Of the large one.
  std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(alert, (), (customer, first, last, cents))

/// Makes order number `i`: 200 a second of event time, of 500 customers in 40 shops; every 5,000th
/// begins what an alert is about.
inline order make_order(std::uint64_t i) {
  const auto mix = [](std::uint64_t x) {  // the finaliser of splitmix64 (Steele, Lea and Flood)
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  };
  const std::uint64_t x = mix(i);
  order o{i, "customer-" + std::to_string(x % 500), "shop-" + std::to_string((x >> 10) % 40),
          static_cast<std::int64_t>(100 + (x >> 20) % 20'000),
          weir::timestamp{std::chrono::seconds{1'700'000'000} +
                          std::chrono::milliseconds{5 * static_cast<std::int64_t>(i)}}};
  const std::uint64_t planted = i % 5'000;
  if (planted % 300 != 0 || planted > 900) return o;
  o.customer = "customer-" + std::to_string(mix(i - planted) % 500);
  o.cents = planted < 900 ? static_cast<std::int64_t>(1 + (x >> 20) % 99) : 45'000;
  return o;
}

}  // namespace orders

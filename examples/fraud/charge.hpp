// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <weir/weir.hpp>

#include <cstdint>
#include <string>

namespace fraud {

/// A charge to a card.
struct charge {
  std::uint64_t number = 0;
  std::string card;
  double amount = 0;
  weir::timestamp at;
};
BOOST_DESCRIBE_STRUCT(charge, (), (number, card, amount, at))

/// What is reported of a card: the charges that fit a rule.
struct alert {
  std::string rule;
  std::uint64_t version = 0;
  std::string card;
  weir::timestamp at;                  ///< Of the last charge.
  double amount = 0;                   ///< Of the last charge.
  std::vector<std::uint64_t> charges;  ///< Their numbers.
};
BOOST_DESCRIBE_STRUCT(alert, (), (rule, version, card, at, amount, charges))

/// Makes charge number `i` of the stream that `seed` names: 50 a second of event time, on 400
/// cards; every 2,000th begins a test of a stolen card, three small charges and a large one.
inline charge make_charge(std::uint64_t seed, std::uint64_t i) {
  const auto mix = [](std::uint64_t x) {  // the finaliser of splitmix64 (Steele, Lea and Flood)
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  };
  const std::uint64_t x = mix(seed + i);
  charge c{i, "card-" + std::to_string(x % 400), static_cast<double>((x >> 20) % 30'000) / 100,
           weir::timestamp{std::chrono::seconds{1'700'000'000} +
                           std::chrono::milliseconds{20 * static_cast<std::int64_t>(i)}}};
  if ((x >> 40) % 50 == 0) c.amount = static_cast<double>(1 + (x >> 48) % 99) / 100;
  if ((x >> 40) % 50 == 1) c.amount = 500 + static_cast<double>((x >> 48) % 1'000);
  const std::uint64_t test = i % 2'000;
  if (test % 200 != 0 || test > 600) return c;
  c.card = "card-" + std::to_string(mix(seed + i - test) % 400);
  c.amount = test < 600 ? static_cast<double>(1 + (x >> 48) % 99) / 100 : 900;
  return c;
}

}  // namespace fraud

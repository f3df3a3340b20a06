// SPDX-License-Identifier: BSD-3-Clause
#include "weir/core/plain_array.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <new>
#include <random>
#include <vector>

using namespace weir;

TEST_CASE("a plain array holds what a vector holds, whatever is done to it") {
  std::minstd_rand random{7};
  plain_array<std::uint64_t> array;
  std::vector<std::uint64_t> model;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    switch (random() % 16) {
      case 0:
        array.resize(array.size() + random() % 50, i);
        model.resize(array.size(), i);
        break;
      case 1:
        array.resize(model.size() / 2);
        model.resize(model.size() / 2);
        break;
      case 2:
        if (model.empty()) break;
        array.pop_back();
        model.pop_back();
        break;
      case 3: {
        plain_array<std::uint64_t> copy{array};
        array.push_back(1);
        model.push_back(1);
        array = std::move(copy);
        model.pop_back();
        break;
      }
      default:
        array.push_back(random());
        model.push_back(array.back());
    }
    REQUIRE(array.size() == model.size());
    REQUIRE(array.empty() == model.empty());
  }
  CHECK(std::vector<std::uint64_t>(array.begin(), array.end()) == model);
  array.clear();
  CHECK(array.empty());
}

TEST_CASE("a plain array may be given one of its own values") {
  plain_array<int> array;
  array.push_back(42);
  for (int i = 0; i < 1000; ++i) array.push_back(array[0]);
  array.resize(5000, array[0]);
  for (const int x : array) REQUIRE(x == 42);
}

TEST_CASE("a plain array that can't grow says so and keeps what it has") {
  plain_array<std::uint64_t> array;
  array.push_back(7);
  CHECK_THROWS_AS(array.reserve(static_cast<std::size_t>(-1) / 4), std::bad_alloc);
  CHECK(array.size() == 1);
  CHECK(array[0] == 7);
}

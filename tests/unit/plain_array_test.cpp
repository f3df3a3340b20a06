// SPDX-License-Identifier: BSD-3-Clause
#include "weir/core/plain_array.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdint>
#include <new>
#include <random>
#include <vector>

using namespace weir;

TEST_CASE("a plain array holds what a vector holds, whatever is done to it") {
  // Up to some MiB, so that blocks are mappings, and become and grow as such.
  std::minstd_rand random{7};
  plain_array<std::uint64_t> array;
  std::vector<std::uint64_t> model;
  std::size_t largest = 0;
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    const std::uint64_t value = random();
    switch (value % 8) {
      case 0: {
        const std::size_t size = random() % 400'000;
        array.resize(size, i);
        model.resize(size, i);
        break;
      }
      case 1:
        if (model.empty()) break;
        array.pop_back();
        model.pop_back();
        break;
      case 2: {
        plain_array<std::uint64_t> copy{array};
        array.push_back(1);
        array = std::move(copy);
        break;
      }
      case 3:
        if (i % 64 != 0) break;
        array = {};
        model.clear();
        break;
      default:
        for (int n = 0; n < 500; ++n) {
          array.push_back(value + static_cast<std::uint64_t>(n));
          model.push_back(value + static_cast<std::uint64_t>(n));
        }
    }
    REQUIRE(array.size() == model.size());
    REQUIRE(array.empty() == model.empty());
    if (i % 50 == 0) REQUIRE(std::equal(array.begin(), array.end(), model.begin(), model.end()));
    largest = std::max(largest, array.size());
  }
  CHECK(std::equal(array.begin(), array.end(), model.begin(), model.end()));
  CHECK(largest > 300'000);
  array.clear();
  CHECK(array.empty());
}

TEST_CASE("a plain array may be given one of its own values") {
  plain_array<int> array;
  array.push_back(42);
  for (int i = 0; i < 300'000; ++i) array.push_back(array[0]);
  array.resize(700'000, array[0]);
  for (const int x : array) REQUIRE(x == 42);
}

TEST_CASE("a plain array that grows by unset values keeps those that were set") {
  plain_array<std::uint64_t> array;
  for (std::size_t size = 1; size < 3'000'000; size += size / 3 + 1) {
    array.resize_unset(size);
    REQUIRE(array.size() == size);
    array[size - 1] = size;
  }
  for (std::size_t size = 1; size < 3'000'000; size += size / 3 + 1)
    REQUIRE(array[size - 1] == size);
}

TEST_CASE("a plain array that can't grow says so and keeps what it has") {
  plain_array<std::uint64_t> array;
  array.push_back(7);
  CHECK_THROWS_AS(array.reserve(static_cast<std::size_t>(-1) / 4), std::bad_alloc);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK_THROWS_AS(array.reserve(std::size_t{1} << 57U), std::bad_alloc);  // no such addresses
#endif
  CHECK(array.size() == 1);
  CHECK(array[0] == 7);
}

TEST_CASE("large plain arrays that grow beside each other keep what they hold") {
  constexpr std::uint64_t values = 3'000'000;  // 24 MB each
  plain_array<std::uint64_t> arrays[3];
  for (std::uint64_t i = 0; i < values; ++i)
    for (std::uint64_t a = 0; a < 3; ++a) arrays[a].push_back(3 * i + a);
  plain_array<std::uint64_t> copy{arrays[1]};
  arrays[0] = {};
  arrays[1].resize(2 * values, 7);
  for (std::uint64_t a = 1; a < 3; ++a) {
    bool same = true;
    for (std::uint64_t i = 0; i < values; ++i)
      same = same && arrays[a][i] == 3 * i + a && copy[i] == 3 * i + 1;
    CHECK(same);
  }
  CHECK(std::all_of(arrays[1].begin() + values, arrays[1].end(),
                    [](std::uint64_t x) { return x == 7; }));
  CHECK(arrays[1].size() == 2 * values);
}

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/metrics/histogram.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>
#include <vector>

using weir::histogram;

TEST_CASE("an empty histogram answers 0") {
  const histogram h;
  CHECK(h.count() == 0);
  CHECK(h.quantile(0.5) == 0);
}

TEST_CASE("small values are exact") {
  histogram h;
  for (std::uint64_t v = 0; v < 32; ++v) h.record(v);
  CHECK(h.count() == 32);
  CHECK(h.quantile(0) == 0);
  CHECK(h.quantile(0.5) == 15);
  CHECK(h.quantile(1) == 31);
}

TEST_CASE("a value recorded many times counts as often") {
  histogram h;
  h.record(5, 99);
  h.record(7);
  CHECK(h.count() == 100);
  CHECK(h.quantile(0.5) == 5);
  CHECK(h.quantile(1) == 7);
}

TEST_CASE("the largest value that there is has a bucket") {
  histogram h;
  h.record(~std::uint64_t{0});
  CHECK(h.quantile(0.5) == ~std::uint64_t{0});
}

TEST_CASE("quantiles are at most 1/32 above the exact ones, and never below") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    histogram h;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 1000; ++i) {
      values.push_back(random() >> (random() % 60));
      h.record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const std::uint64_t exact = values[static_cast<std::size_t>(q * 999)];
      REQUIRE(h.quantile(q) >= exact);
      REQUIRE(h.quantile(q) - exact <= exact / 32);
    }
  }
}

TEST_CASE("histograms of several writers add up") {
  histogram a;
  histogram b;
  a.record(1, 10);
  b.record(1000, 10);
  a.add(b);
  CHECK(a.count() == 20);
  CHECK(a.quantile(0.25) == 1);
  CHECK(a.quantile(0.75) >= 1000);
}

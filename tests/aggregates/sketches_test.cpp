// SPDX-License-Identifier: BSD-3-Clause
#include "aggregates/reading.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <functional>

using namespace weir;
using namespace weir::test;

TEST_CASE("few distinct values are counted exactly, or nearly") {
  for (std::uint64_t n = 0; n <= 40; ++n) {
    hyperloglog h{14};
    for (std::uint64_t i = 0; i < 3 * n; ++i) h.add(key_hash(i % std::max<std::uint64_t>(n, 1)));
    INFO(n);
    CHECK(std::abs(h.estimate() - static_cast<double>(n)) < 1);
    CHECK(h.is_short());
  }
}

TEST_CASE("the standard error of a distinct count is 1.04 / sqrt(2^precision)") {
  for (const unsigned precision : {8U, 12U})
    for (const std::size_t n : {300U, 3'000U, 30'000U}) {
      INFO("precision " << precision << ", " << n << " values");
      const double allowed = 1.04 / std::sqrt(std::pow(2.0, precision));
      double squares = 0;
      constexpr int tries = 60;
      for (std::uint64_t seed = 1; seed <= tries; ++seed) {
        hyperloglog h{precision};
        for (std::size_t i = 0; i < n; ++i) h.add(key_hash(seed * 1'000'000'007 + i));
        const double error = h.estimate() / static_cast<double>(n) - 1;
        squares += error * error;
        CHECK(std::abs(error) < 5 * allowed);
      }
      CHECK(std::sqrt(squares / tries) < 1.3 * allowed);
    }
}

TEST_CASE("a distinct count becomes long before its list is larger than the registers") {
  hyperloglog h{10};
  std::size_t longest = 0;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    h.add(key_hash(i));
    longest = std::max(longest, dynamic_size(h));
    if (h.is_short()) CHECK(dynamic_size(h) <= 512);
  }
  CHECK(!h.is_short());
  CHECK(longest == 1024);
}

TEST_CASE("a short and a long distinct count of the same values estimate alike") {
  hyperloglog all{10};
  hyperloglog a{10};
  hyperloglog b{10};
  for (std::uint64_t i = 0; i < 100; ++i) {
    all.add(key_hash(i));
    a.add(key_hash(i));
  }
  for (std::uint64_t i = 50; i < 1'000; ++i) {
    all.add(key_hash(i));
    b.add(key_hash(i));
  }
  REQUIRE(a.is_short());
  REQUIRE(!b.is_short());
  hyperloglog short_first = a;
  short_first.merge(b);
  b.merge(a);
  CHECK(short_first.estimate() == all.estimate());
  CHECK(b.estimate() == all.estimate());
}

TEST_CASE("sketches of another precision are refused, and so is a precision out of range") {
  hyperloglog a{10};
  const hyperloglog b{11};
  CHECK_THROWS_AS(a.merge(b), exception);
  CHECK_THROWS_AS(hyperloglog{3}, exception);
  CHECK_THROWS_AS(hyperloglog{19}, exception);
  quantile_sketch c{{.accuracy = 0.01}};
  quantile_sketch d{{.accuracy = 0.02}};
  d.add(1);
  CHECK_THROWS_AS(c.merge(d), exception);
  CHECK_THROWS_AS(quantile_sketch{{.accuracy = 0}}, exception);
  CHECK_THROWS_AS(quantile_sketch{{.buckets = 1}}, exception);
}

namespace {

double exact_quantile(std::vector<double> all, double q) {
  std::sort(all.begin(), all.end());
  return all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1))];
}

using distribution = std::function<double(std::mt19937_64&)>;
const std::vector<std::pair<const char*, distribution>> distributions{
    {"uniform",
     [](auto& r) {
       return std::uniform_real_distribution<>{0, 1000}(r);
     }},
    {"exponential", [](auto& r) { return std::exponential_distribution<>{0.01}(r); }},
    {"long tail",
     [](auto& r) {
       return std::exp(std::normal_distribution<>{0, 3}(r));
     }},
    {"both signs",
     [](auto& r) {
       return std::normal_distribution<>{0, 100}(r);
     }},
    {"whole numbers, many zeros",
     [](auto& r) {
       return std::floor(std::normal_distribution<>{0, 3}(r));
     }},
    {"one value", [](auto&) { return 42.0; }},
};

}  // namespace

TEST_CASE("a quantile is within its accuracy of the value of that rank") {
  for (const double accuracy : {0.001, 0.01, 0.1})
    for (const auto& [name, draw] : distributions)
      for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO(name << ", accuracy " << accuracy << ", seed " << seed);
        std::mt19937_64 random{seed};
        std::vector<double> all(1 + random() % 2'000);
        quantile_sketch s{{.accuracy = accuracy, .buckets = 1 << 16}};
        for (double& v : all) s.add(v = draw(random));
        for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
          const double exact = exact_quantile(all, q);
          REQUIRE(std::abs(s.quantile(q) - exact) <= accuracy * std::abs(exact) * (1 + 1e-9));
        }
      }
}

TEST_CASE("a sketch that collapses keeps its bound, and the accuracy of what is far from zero") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    std::vector<double> all(500);
    quantile_sketch s{{.accuracy = 0.02, .buckets = 64}};
    for (double& v : all) {
      v = std::exp(std::normal_distribution<>{0, 4}(random));
      s.add(v);
      REQUIRE(s.buckets() <= 64);
    }
    const double greatest = *std::max_element(all.begin(), all.end());
    for (const double q : {0.1, 0.5, 0.9, 0.99, 0.999}) {
      const double exact = exact_quantile(all, q);
      if (exact > greatest / std::pow(1.02 / 0.98, 62)) {
        REQUIRE(std::abs(s.quantile(q) - exact) <= 0.02 * exact * (1 + 1e-9));
      } else {
        REQUIRE(s.quantile(q) >= exact * 0.98);
      }
    }
  }
}

TEST_CASE("infinities and the smallest numbers are counted") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  quantile_sketch s{{}};
  for (const double v : {-infinity, -1.0, -0.0, 0.0, 5e-324, 1.0, infinity}) s.add(v);
  CHECK(s.count() == 7);
  CHECK(s.quantile(0) == -infinity);
  CHECK(s.quantile(0.5) == 0);
  CHECK(std::abs(s.quantile(5.0 / 6) - 1) <= 0.01 * (1 + 1e-9));
  CHECK(s.quantile(1) == infinity);
}

TEST_CASE("a damaged sketch does not decode") {
  hyperloglog h{4};
  for (std::uint64_t i = 0; i < 100; ++i) h.add(key_hash(i));
  hyperloglog few{12};
  for (std::uint64_t i = 0; i < 100; ++i) few.add(key_hash(i));
  quantile_sketch s{{}};
  for (int i = -50; i < 50; ++i) s.add(i);
  std::mt19937_64 random{5};
  const auto damage = [&](const auto& sketch) {
    bytes data;
    encode(sketch, data);
    int refused = 0;
    for (int i = 0; i < 2'000; ++i) {
      bytes broken = data;
      for (int n = 0; n < 2; ++n)
        broken[random() % broken.size()] ^= static_cast<std::byte>(1 + random() % 255);
      if (random() % 4 == 0) broken.resize(random() % broken.size());
      byte_reader in{broken};
      std::decay_t<decltype(sketch)> back;
      if (!decode(in, back)) {
        ++refused;
        continue;
      }
      auto other = back;  // what decodes can be used
      other.merge(back);
      if constexpr (requires { back.estimate(); }) {
        static_cast<void>(back.estimate());
        if (back.precision() != 0) back.add(7);
      } else if (back.count() != 0) {
        static_cast<void>(back.quantile(0.5));
      }
    }
    CHECK(refused > 0);
  };
  damage(h);
  damage(few);
  damage(s);
}

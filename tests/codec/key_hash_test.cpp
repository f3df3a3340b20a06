// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/key_hash.hpp"

#include "random_value.hpp"
#include "sample.hpp"
#include "weir/codec/binary.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

namespace {

using weir::key_hash;

std::uint64_t hash_of_bytes(const weir::bytes& data) { return key_hash(weir::as_text(data)); }

TEST_CASE("hashes are those of XXH3-64, so that saved state keeps its owner") {
  CHECK(key_hash(std::string{"abc"}) == 0x78af5f94892f3950u);
  CHECK(key_hash(std::string{}) == 0x2d06800538d394c2u);
}

TEST_CASE("a string view hashes as a string with the same characters") {
  CHECK(key_hash(std::string_view{"card-1"}) == key_hash(std::string{"card-1"}));
}

TEST_CASE("a number's hash is that of its encoding") {
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40}) {
    weir::bytes data;
    weir::encode(n, data);
    CHECK(key_hash(n) == hash_of_bytes(data));
  }
}

TEST_CASE("a composite key's hash is that of its encoding, short or long") {
  for (const std::size_t length : {0u, 10u, 251u, 252u, 5000u}) {
    const std::pair<std::string, std::uint8_t> key{std::string(length, 'x'), std::uint8_t{1}};
    weir::bytes data;
    weir::encode(key, data);
    CHECK(key_hash(key) == hash_of_bytes(data));
  }
}

TEST_CASE("parts of a composite key don't run together") {
  using key = std::pair<std::string, std::string>;
  CHECK(key_hash(key{"ab", "c"}) != key_hash(key{"a", "bc"}));
}

TEST_CASE("negative zero hashes as zero, also inside a key") {
  using key = std::tuple<std::vector<double>, std::optional<float>>;
  CHECK(key_hash(-0.0) == key_hash(0.0));
  CHECK(key_hash(key{{-0.0}, -0.0f}) == key_hash(key{{0.0}, 0.0f}));
}

TEST_CASE("NaN is refused as a key, also inside one") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(key_hash(nan), weir::exception);
  CHECK_THROWS_AS(key_hash(std::vector<double>{1, nan}), weir::exception);
  try {
    (void)key_hash(nan);
  } catch (const weir::exception& e) {
    CHECK(e.why().code == weir::errc::invalid_argument);
  }
}

TEST_CASE("equal random keys have equal hashes and others differ") {
  for (std::uint64_t seed = 0; seed < sample::seeds; ++seed) {
    INFO("seed " << seed);
    sample::random_values random{seed};
    const auto a = random.make<sample::address>(), b = random.make<sample::address>();
    CHECK(key_hash(a) == key_hash(sample::address{a}));
    CHECK((a == b) == (key_hash(a) == key_hash(b)));
  }
}

}  // namespace

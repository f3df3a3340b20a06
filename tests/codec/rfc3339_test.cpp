// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/rfc3339.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstdint>
#include <random>
#include <string>

namespace {

using namespace std::chrono;
using weir::format_rfc3339;
using weir::parse_rfc3339;
using weir::timestamp;

timestamp at(std::int64_t micros) { return timestamp{microseconds{micros}}; }

TEST_CASE("the epoch is written and read") {
  CHECK(format_rfc3339(at(0)) == "1970-01-01T00:00:00Z");
  CHECK(*parse_rfc3339("1970-01-01T00:00:00Z") == at(0));
}

TEST_CASE("a time is written with no, three or six digits of fraction") {
  CHECK(format_rfc3339(at(1'000'000)) == "1970-01-01T00:00:01Z");
  CHECK(format_rfc3339(at(1'250'000)) == "1970-01-01T00:00:01.250Z");
  CHECK(format_rfc3339(at(1'000'001)) == "1970-01-01T00:00:01.000001Z");
  CHECK(format_rfc3339(at(-1)) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("offsets are taken off") {
  CHECK(*parse_rfc3339("1970-01-01T02:30:00+02:30") == at(0));
  CHECK(*parse_rfc3339("1969-12-31T19:00:00-05:00") == at(0));
  CHECK(*parse_rfc3339("1970-01-01T00:00:00-00:00") == at(0));
}

TEST_CASE("digits of the fraction beyond microseconds are cut off") {
  CHECK(*parse_rfc3339("1970-01-01T00:00:00.1Z") == at(100'000));
  CHECK(*parse_rfc3339("1970-01-01T00:00:00.123456789Z") == at(123'456));
  CHECK(*parse_rfc3339("1969-12-31T23:59:59.9999999Z") == at(-1));
}

TEST_CASE("T and Z may be lower case") { CHECK(*parse_rfc3339("1970-01-01t00:00:00z") == at(0)); }

TEST_CASE("leap days are known") {
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z"));
  CHECK(parse_rfc3339("2000-02-29T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339("2023-02-29T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339("1900-02-29T00:00:00Z"));
}

TEST_CASE("a leap second becomes the last microsecond before it") {
  const timestamp before{sys_days{2017y / January / 1} - microseconds{1}};
  CHECK(*parse_rfc3339("2016-12-31T23:59:60Z") == before);
  CHECK(*parse_rfc3339("2016-12-31T23:59:60.5Z") == before);
  CHECK(*parse_rfc3339("2017-01-01T01:59:60+02:00") == before);
  CHECK_FALSE(parse_rfc3339("2016-12-30T23:59:60Z"));
  CHECK_FALSE(parse_rfc3339("2016-12-31T22:59:60Z"));
}

TEST_CASE("the years 0000 to 9999 are the range") {
  CHECK(format_rfc3339(*parse_rfc3339("0000-01-01T00:00:00Z")) == "0000-01-01T00:00:00Z");
  CHECK(format_rfc3339(*parse_rfc3339("9999-12-31T23:59:59.999999Z")) ==
        "9999-12-31T23:59:59.999999Z");
  CHECK_FALSE(parse_rfc3339("0000-01-01T00:00:00+00:01"));
  CHECK_FALSE(parse_rfc3339("9999-12-31T23:59:59-00:01"));
}

TEST_CASE("a time beyond the range is written as its count") {
  CHECK(format_rfc3339(weir::max_timestamp) == "9223372036854775807");
}

TEST_CASE("anything else is refused") {
  const std::string text =
      GENERATE("", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01T00:00Z",
               "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z",
               "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-01-00T00:00:00Z",
               "1970-04-31T00:00:00Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.1234567890Z",
               "1970-01-01T00:00:00,5Z", "1970-01-01T00:00:00+0000", "1970-01-01T00:00:00+24:00",
               "1970-01-01T00:00:00+00:60", "1970-01-01T00:00:00Z ", " 1970-01-01T00:00:00Z",
               "+1970-01-01T00:00:00Z", "1970-1-1T0:0:0Z", "1970-01-01T00:00:00ZZ");
  INFO(text);
  CHECK_FALSE(parse_rfc3339(text));
}

TEST_CASE("a refusal quotes the text") {
  CHECK(parse_rfc3339("soon").error() ==
        weir::error{weir::errc::decode_failed,
                    "\"soon\" is not an RFC 3339 time such as 2026-03-01T12:30:00Z"});
}

TEST_CASE("every time within the range is read back as it was written") {
  const timestamp first = *parse_rfc3339("0000-01-01T00:00:00Z");
  const timestamp last = *parse_rfc3339("9999-12-31T23:59:59.999999Z");
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 engine{seed};
    std::uniform_int_distribution<std::int64_t> any{first.time_since_epoch().count(),
                                                    last.time_since_epoch().count()};
    const timestamp t = at(any(engine));
    REQUIRE(*parse_rfc3339(format_rfc3339(t)) == t);
  }
}

}  // namespace

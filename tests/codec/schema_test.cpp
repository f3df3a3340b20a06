// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/schema.hpp"

#include "sample.hpp"

#include <catch2/catch_test_macros.hpp>

namespace first {
struct point {
  int x, y;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))
}  // namespace first

namespace second {
struct place {
  int x, y;
};
BOOST_DESCRIBE_STRUCT(place, (), (x, y))
struct renamed {
  int x, z;
};
BOOST_DESCRIBE_STRUCT(renamed, (), (x, z))
struct retyped {
  int x;
  unsigned y;
};
BOOST_DESCRIBE_STRUCT(retyped, (), (x, y))
struct reordered {
  int y, x;
};
BOOST_DESCRIBE_STRUCT(reordered, (), (y, x))
}  // namespace second

namespace {

using weir::fingerprint;
using weir::schema_of;
using weir::type_kind;

TEST_CASE("a schema lists the members of bases first") {
  const weir::schema row = schema_of<sample::row>();
  CHECK(row.kind == type_kind::record);
  CHECK(row.name == "sample::row");
  REQUIRE(row.fields.size() == 11);
  CHECK(row.fields.front().name == "id");
  CHECK(row.fields.front().type.kind == type_kind::uint64);
  CHECK(row.fields.back().name == "discount");
}

TEST_CASE("a schema prints as JSON with plain types as words") {
  CHECK(to_json(schema_of<first::point>()) ==
        R"({"type":"record","name":"first::point","fields":[{"name":"x","type":"int32"},)"
        R"({"name":"y","type":"int32"}]})");
  CHECK(to_json(schema_of<std::array<bool, 2>>()) ==
        R"({"type":"array","number":2,"fields":[{"name":"element","type":"boolean"}]})");
  CHECK(to_json(schema_of<weir::timestamp>()) ==
        R"({"type":"time","name":"1/1000000","fields":[{"name":"count","type":"int64"}]})");
}

TEST_CASE("an enumeration's schema names its enumerators and their numbers") {
  const weir::schema color = schema_of<sample::color>();
  REQUIRE(color.fields.size() == 4);
  CHECK(color.fields[0].type.kind == type_kind::uint8);
  CHECK(color.fields[3].name == "blue");
  CHECK(color.fields[3].type.number == 2);
}

TEST_CASE("a fingerprint does not depend on the name of the class") {
  CHECK(fingerprint<first::point>() == fingerprint<second::place>());
}

TEST_CASE("a fingerprint depends on the names, types and order of the members") {
  CHECK(fingerprint<first::point>() != fingerprint<second::renamed>());
  CHECK(fingerprint<first::point>() != fingerprint<second::retyped>());
  CHECK(fingerprint<first::point>() != fingerprint<second::reordered>());
}

TEST_CASE("fingerprints never change, so that saved state can be read") {
  CHECK(fingerprint<std::int32_t>() == 0x7129b949fa4a7633u);
  CHECK(fingerprint<sample::wide>() == 0x033ff175efefa7c6u);
}

TEST_CASE("units of time are told apart") {
  CHECK(fingerprint<std::chrono::milliseconds>() != fingerprint<std::chrono::microseconds>());
}

TEST_CASE("equal schemas compare equal") {
  CHECK(schema_of<sample::wide>() == schema_of<sample::wide>());
  CHECK(!(schema_of<first::point>() == schema_of<second::renamed>()));
}

}  // namespace

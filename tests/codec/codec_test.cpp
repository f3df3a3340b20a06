// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/codec.hpp"

#include "sample.hpp"
#include "weir/codec/csv_column.hpp"
#include "weir/codec/json_type.hpp"
#include "weir/codec/key_hash.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string_view>
#include <unordered_map>

namespace {

struct undescribed {};
struct with_view {
  int x;
  std::string_view text;
};
BOOST_DESCRIBE_STRUCT(with_view, (), (x, text))
struct tree {
  int x;
  std::vector<tree> children;
};
BOOST_DESCRIBE_STRUCT(tree, (), (x, children))
class secretive {
  int x = 0;
  BOOST_DESCRIBE_CLASS(secretive, (), (), (), (x))
};
struct from_secretive : secretive {
  int y = 0;
};
BOOST_DESCRIBE_STRUCT(from_secretive, (secretive), (y))
struct hides : sample::base {
  int id = 0;
};
BOOST_DESCRIBE_STRUCT(hides, (sample::base), (id))
struct incomparable {
  int x;
};
BOOST_DESCRIBE_STRUCT(incomparable, (), (x))
struct half_codec {};
struct deep {
  std::map<int, std::optional<std::vector<with_view>>> x;
};
BOOST_DESCRIBE_STRUCT(deep, (), (x))

}  // namespace

template <>
struct weir::codec<half_codec> {
  static void encode(const half_codec&, bytes&) {}
};

namespace {

using weir::csv_type;
using weir::encodable;
using weir::json_type;
using weir::key_type;

TEST_CASE("every shape of described class is encodable") {
  STATIC_REQUIRE(encodable<sample::order>);
  STATIC_REQUIRE(encodable<sample::wide>);
  STATIC_REQUIRE(encodable<std::unordered_map<std::string, sample::order>>);
  STATIC_REQUIRE(encodable<std::chrono::duration<double>>);
  STATIC_REQUIRE(encodable<std::chrono::sys_days>);
}

TEST_CASE("what does not own its memory is not encodable") {
  STATIC_REQUIRE_FALSE(encodable<std::string_view>);
  STATIC_REQUIRE_FALSE(encodable<int*>);
  STATIC_REQUIRE_FALSE(encodable<int&>);
  STATIC_REQUIRE_FALSE(encodable<std::unique_ptr<int>>);
}

TEST_CASE("a class with a member that is not encodable is not encodable, however deep") {
  STATIC_REQUIRE_FALSE(encodable<with_view>);
  STATIC_REQUIRE_FALSE(encodable<std::vector<with_view>>);
  STATIC_REQUIRE_FALSE(encodable<deep>);
}

TEST_CASE("a class without a description or with a described private member is not encodable") {
  STATIC_REQUIRE_FALSE(encodable<undescribed>);
  STATIC_REQUIRE_FALSE(encodable<secretive>);
  STATIC_REQUIRE_FALSE(encodable<from_secretive>);
}

TEST_CASE("a class that hides a described member of its base is not encodable") {
  STATIC_REQUIRE_FALSE(encodable<hides>);
}

TEST_CASE("a type that holds itself is not encodable") { STATIC_REQUIRE_FALSE(encodable<tree>); }

TEST_CASE("a vector whose elements take no bytes is not encodable") {
  STATIC_REQUIRE_FALSE(encodable<std::vector<std::monostate>>);
  STATIC_REQUIRE_FALSE(encodable<std::vector<std::tuple<>>>);
}

TEST_CASE("an incomplete codec does not make a type encodable") {
  STATIC_REQUIRE_FALSE(encodable<half_codec>);
}

TEST_CASE("const types and long double are not encodable") {
  STATIC_REQUIRE_FALSE(encodable<const int>);
  STATIC_REQUIRE_FALSE(encodable<long double>);
}

TEST_CASE("a key is encodable and comparable in all its parts") {
  STATIC_REQUIRE(key_type<std::string>);
  STATIC_REQUIRE(key_type<sample::address>);
  STATIC_REQUIRE(key_type<std::tuple<int, std::string>>);
  STATIC_REQUIRE_FALSE(key_type<incomparable>);
  STATIC_REQUIRE_FALSE(key_type<std::vector<incomparable>>);
  STATIC_REQUIRE_FALSE(key_type<std::unordered_map<int, int>>);
  STATIC_REQUIRE_FALSE(key_type<std::pair<int, std::unordered_map<int, int>>>);
}

TEST_CASE("JSON has no variants, no optional of an optional and only string keys") {
  STATIC_REQUIRE(json_type<sample::order>);
  STATIC_REQUIRE_FALSE(json_type<std::variant<int, bool>>);
  STATIC_REQUIRE_FALSE(json_type<std::optional<std::optional<int>>>);
  STATIC_REQUIRE_FALSE(json_type<std::map<int, int>>);
}

TEST_CASE("CSV has flat records only") {
  STATIC_REQUIRE(csv_type<sample::row>);
  STATIC_REQUIRE_FALSE(csv_type<sample::order>);
  STATIC_REQUIRE_FALSE(csv_type<int>);
}

}  // namespace

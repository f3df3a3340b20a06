// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/evolve.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "weir/core/time.hpp"

#include <array>
#include <map>
#include <random>
#include <variant>

using namespace weir;

namespace before {
enum class colour : std::int8_t { red = 1, green = 2 };
BOOST_DESCRIBE_ENUM(colour, red, green)
struct item {
  std::string name;
  std::int16_t count = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, count))
struct order {
  std::uint32_t id = 0;
  std::string note;
  float price = 0;
  std::vector<item> items;
  std::optional<item> gift;
  std::map<std::string, item> by_name;
  colour paint = colour::red;
  std::variant<std::int32_t, std::string> extra;
  weir::timestamp at;
  std::array<std::int8_t, 2> pair{};
};
BOOST_DESCRIBE_STRUCT(order, (), (id, note, price, items, gift, by_name, paint, extra, at, pair))
}  // namespace before

namespace after {
enum class colour : std::int8_t { red = 1, green = 2, blue = 3 };
BOOST_DESCRIBE_ENUM(colour, red, green, blue)
struct item {
  std::int64_t count = 0;
  std::string name;
  bool fresh = true;
  friend bool operator==(const item&, const item&) = default;
};
BOOST_DESCRIBE_STRUCT(item, (), (count, name, fresh))
struct order {
  std::vector<item> items;
  std::int64_t id = 0;
  double price = 0;
  std::optional<item> gift;
  std::uint32_t tries = 7;
  std::map<std::string, item> by_name;
  colour paint = colour::red;
  std::variant<std::int64_t, std::string, bool> extra;
  weir::timestamp at;
  std::array<std::int32_t, 2> pair{};
  std::optional<std::string> shop = "main";
  item best{5, "best", true};
};
BOOST_DESCRIBE_STRUCT(order, (),
                      (items, id, price, gift, tries, by_name, paint, extra, at, pair, shop, best))
}  // namespace after

namespace {

template <class To, class From>
To evolved(const From& value) {
  const auto change = change_to<To>(schema_of<From>());
  REQUIRE(change);
  bytes written;
  encode(value, written);
  bytes rewritten;
  byte_reader in{written};
  REQUIRE(change->convert(in, rewritten));
  CHECK(in.remaining() == 0);
  To read{};
  byte_reader again{rewritten};
  REQUIRE(decode(again, read));
  CHECK(again.remaining() == 0);
  return read;
}

template <class To, class From>
std::string refusal() {
  const auto change = change_to<To>(schema_of<From>());
  return change ? "" : change.error().message;
}

template <class T>
struct one {
  T x{};
};
BOOST_DESCRIBE_STRUCT(one<std::int32_t>, (), (x))
BOOST_DESCRIBE_STRUCT(one<std::uint32_t>, (), (x))
BOOST_DESCRIBE_STRUCT(one<std::int64_t>, (), (x))
BOOST_DESCRIBE_STRUCT(one<std::string>, (), (x))
BOOST_DESCRIBE_STRUCT(one<std::optional<std::int32_t>>, (), (x))
BOOST_DESCRIBE_STRUCT(one<double>, (), (x))

}  // namespace

TEST_CASE("members are found by name, new ones get their default, old ones go, numbers widen") {
  before::order old;
  old.id = 4'000'000'000;
  old.note = "gone";
  old.price = 1.5F;
  old.items = {{"nut", -3}, {"bolt", 300}};
  old.gift = before::item{"pin", 1};
  old.by_name["screw"] = {"screw", 9};
  old.paint = before::colour::green;
  old.extra = std::int32_t{-8};
  old.at = timestamp{std::chrono::seconds{77}};
  old.pair = {-1, 2};
  const auto now = evolved<after::order>(old);
  CHECK(now.id == 4'000'000'000);
  CHECK(now.price == 1.5);
  // Within a container a new member is zero, not what its class says.
  CHECK(now.items == std::vector<after::item>{{-3, "nut", false}, {300, "bolt", false}});
  CHECK(now.gift == after::item{1, "pin", false});
  CHECK(now.by_name.at("screw") == after::item{9, "screw", false});
  CHECK(now.paint == after::colour::green);
  CHECK(std::get<std::int64_t>(now.extra) == -8);
  CHECK(now.at == timestamp{std::chrono::seconds{77}});
  CHECK(now.pair == std::array<std::int32_t, 2>{-1, 2});
  CHECK(now.tries == 7);
  CHECK(now.shop == "main");
  CHECK(now.best == after::item{5, "best", true});
}

TEST_CASE("every widening keeps the value") {
  for (const std::int32_t x : {0, 1, -1, 2'147'483'647, -2'147'483'647 - 1}) {
    CHECK(evolved<one<std::int64_t>>(one<std::int32_t>{x}).x == x);
    CHECK(evolved<one<double>>(one<std::int32_t>{x}).x == x);
    CHECK(evolved<one<std::optional<std::int32_t>>>(one<std::int32_t>{x}).x == x);
  }
  for (const std::uint32_t x : {0U, 1U, 4'294'967'295U}) {
    CHECK(evolved<one<std::int64_t>>(one<std::uint32_t>{x}).x == x);
    CHECK(evolved<one<double>>(one<std::uint32_t>{x}).x == x);
  }
}

TEST_CASE("what would lose something is refused by the member's path") {
  CHECK(refusal<one<std::int32_t>, one<std::int64_t>>() == "'x' was int64, and is int32 now");
  CHECK(refusal<one<std::uint32_t>, one<std::int32_t>>() == "'x' was int32, and is uint32 now");
  CHECK(refusal<one<std::int32_t>, one<std::string>>() == "'x' was text, and is int32 now");
  CHECK(refusal<one<std::int32_t>, one<std::optional<std::int32_t>>>() ==
        "'x' was optional, and is int32 now");
  CHECK(refusal<one<double>, one<std::int64_t>>() == "'x' was int64, and is float64 now");
  CHECK(refusal<std::vector<one<std::string>>, std::vector<one<double>>>() ==
        "'element.x' was float64, and is text now");
  CHECK(refusal<before::colour, after::colour>().find("'blue'") != std::string::npos);
  CHECK(refusal<before::order, after::order>() != "");
}

TEST_CASE("a schema that is read is the one that was written, and damage is found") {
  const schema whole = schema_of<after::order>();
  bytes written;
  encode_schema(whole, written);
  schema read;
  byte_reader in{written};
  REQUIRE(decode_schema(in, read));
  CHECK(read == whole);
  for (std::size_t n = 0; n < written.size(); ++n) {
    byte_reader cut{std::span{written}.first(n)};
    schema ignored;
    CHECK(!decode_schema(cut, ignored));
  }
}

TEST_CASE("bytes that are cut or random are refused or converted, never more") {
  const auto change = change_to<after::order>(schema_of<before::order>()).value();
  before::order value;
  value.items = {{"nut", 1}};
  bytes written;
  encode(value, written);
  for (std::size_t n = 0; n < written.size(); ++n) {
    byte_reader cut{std::span{written}.first(n)};
    bytes out;
    CHECK(!change.convert(cut, out));
  }
  std::mt19937_64 random{7};
  for (int i = 0; i < 20'000; ++i) {
    bytes noise(random() % 80);
    for (std::byte& b : noise) b = static_cast<std::byte>(random() % 4);
    byte_reader in{noise};
    bytes out;
    (void)change.convert(in, out);
  }
}

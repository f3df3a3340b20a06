// SPDX-License-Identifier: BSD-3-Clause
#include "sample.hpp"
#include "weir/codec/json.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <unordered_map>

namespace {

using weir::from_json;

struct person {
  std::string name;
  std::uint8_t age = 30;
  std::optional<double> height;

  friend bool operator==(const person&, const person&) = default;
};
BOOST_DESCRIBE_STRUCT(person, (), (name, age, height))

struct purchase {
  person customer;
  std::vector<person> guests;
  std::map<std::string, person> staff;
};
BOOST_DESCRIBE_STRUCT(purchase, (), (customer, guests, staff))

struct moment {
  weir::timestamp at;
  std::chrono::milliseconds took{};
};
BOOST_DESCRIBE_STRUCT(moment, (), (at, took))

template <class T>
T value(std::string_view text) {
  return from_json<T>(text).value();
}

template <class T>
std::string why(std::string_view text) {
  const auto result = from_json<T>(text);
  if (result) return "accepted";
  CHECK(result.error().code == weir::errc::decode_failed);
  return result.error().message;
}

TEST_CASE("members are found in any order and unknown ones of any depth are skipped") {
  const auto p = value<person>(
      R"({"x":{"name":[1,{"age":2}]},"age":5,"y":[[],{}],"height":1.5,"z":null,"name":"Ann"})");
  CHECK(p == person{"Ann", 5, 1.5});
}

TEST_CASE("an optional member that is missing or null is empty, also in a reused object") {
  weir::json_reader reader;
  person p{"", 0, 2.0};
  REQUIRE(reader.parse(R"({"name":"Ann","age":5})", p));
  CHECK_FALSE(p.height);
  p.height = 2.0;
  REQUIRE(reader.parse(R"({"name":"Ann","age":5,"height":null})", p));
  CHECK_FALSE(p.height);
}

TEST_CASE("a missing required field is an error that names the field and its type") {
  CHECK(why<person>(R"({"name":"Ann"})") == "field age is missing; expected integer (uint8)");
}

TEST_CASE("a missing nested field is named by its path") {
  CHECK(why<purchase>(R"({"customer":{"age":1}})") ==
        "field customer.name is missing; expected string");
  CHECK(why<purchase>(R"({"guests":[{"name":"a","age":1},{"name":"b"}]})") ==
        "field guests[1].age is missing; expected integer (uint8)");
  CHECK(why<purchase>(R"({"staff":{"cook":{"name":"b"}}})") ==
        "field staff.cook.age is missing; expected integer (uint8)");
}

TEST_CASE("a value of the wrong type is an error that names field, type and what was found") {
  CHECK(why<person>(R"({"name":7})") == "field name: expected string, found 7");
  CHECK(why<person>(R"({"age":"old"})") ==
        R"(field age: expected integer (uint8), found string "old")");
  CHECK(why<person>(R"({"age":null})") == "field age: expected integer (uint8), found null");
  CHECK(why<person>(R"({"age":true})") == "field age: expected integer (uint8), found true");
  CHECK(why<person>(R"({"age":{}})") == "field age: expected integer (uint8), found an object");
  CHECK(why<person>(R"({"height":[]})") ==
        "field height: expected number (float64), found an array");
  CHECK(why<purchase>(R"({"customer":5})") == "field customer: expected object, found 5");
  CHECK(why<purchase>(R"({"guests":{}})") == "field guests: expected array, found an object");
  CHECK(why<purchase>(R"({"guests":[5]})") == "field guests[0]: expected object, found 5");
  CHECK(why<purchase>(R"({"staff":[]})") == "field staff: expected object, found an array");
}

TEST_CASE("an integer out of range is refused") {
  CHECK(why<person>(R"({"age":256})") == "field age: expected integer (uint8), found 256");
  CHECK(why<person>(R"({"age":-1})") == "field age: expected integer (uint8), found -1");
  CHECK(why<std::int64_t>("9223372036854775808") ==
        "expected integer (int64), found 9223372036854775808");
  CHECK(why<std::uint64_t>("18446744073709551616") ==
        "expected integer (uint64), found 18446744073709551616");
}

TEST_CASE("integers keep all their digits") {
  CHECK(value<std::int64_t>("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(value<std::uint64_t>("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("an integer may be written with point or exponent if it is whole") {
  CHECK(value<int>("5.0") == 5);
  CHECK(value<int>("5e3") == 5000);
  CHECK(why<int>("5.5") == "expected integer (int32), found 5.5");
  CHECK(why<std::uint8_t>("1e3") == "expected integer (uint8), found 1e3");
}

TEST_CASE("floats are rounded to the nearest") {
  CHECK(value<double>("0.1") == 0.1);
  CHECK(value<double>("2.2250738585072011e-308") == 2.2250738585072011e-308);
  CHECK(value<double>("9007199254740993.0") == 9007199254740992.0);
  CHECK(value<double>("123456789012345678901234567890") == 123456789012345678901234567890.0);
  CHECK(value<float>("0.1") == 0.1f);
  CHECK(value<double>("7") == 7.0);
}

TEST_CASE("a float too large is refused and one too small is zero") {
  CHECK(why<double>("1e400") == "expected number (float64), found 1e400");
  CHECK(why<float>("1e39") == "expected number (float32), found 1e39");
  CHECK(value<double>("1e-400") == 0);
  CHECK(value<float>("-1e-60") == 0);
}

TEST_CASE("a duplicate member's last value counts") {
  CHECK(value<person>(R"({"name":"a","age":1,"name":"b"})").name == "b");
  CHECK(value<std::vector<std::map<std::string, int>>>(R"([{"a":1,"a":2}])")[0].at("a") == 2);
}

TEST_CASE("a container given twice holds only what came last") {
  const auto p = value<purchase>(
      R"({"customer":{"name":"a","age":1},"staff":{},"guests":[{"name":"b","age":1}],"guests":[]})");
  CHECK(p.guests.empty());
}

TEST_CASE("scalars, strings and containers are documents, too") {
  CHECK(value<int>(" 42 ") == 42);
  CHECK(value<double>("1.5") == 1.5);
  CHECK(value<bool>("true"));
  CHECK(value<std::string>(R"("hi")") == "hi");
  CHECK(value<std::vector<std::string>>(R"(["a","b"])") == std::vector<std::string>{"a", "b"});
  CHECK(value<std::map<std::string, int>>(R"({"a":1})").at("a") == 1);
  CHECK(value<std::unordered_map<std::string, int>>(R"({"a":1})").at("a") == 1);
  CHECK(value<std::vector<std::vector<bool>>>("[[true],[]]")[0][0]);
  CHECK_FALSE(value<std::optional<int>>("null"));
  CHECK(value<std::optional<person>>(R"({"name":"a","age":1})")->age == 1);
}

TEST_CASE("arrays and pairs take exactly their length") {
  CHECK(value<std::array<int, 2>>("[1,2]") == std::array{1, 2});
  CHECK(value<std::pair<std::string, int>>(R"(["a",2])") == std::pair<std::string, int>{"a", 2});
  CHECK(why<std::array<int, 2>>("[1]") == "expected array of 2, found 1 items");
  CHECK(why<std::array<int, 2>>("[1,2,3]") == "expected array of 2, found more");
  CHECK(why<std::array<std::array<int, 1>, 1>>("[[1,[]]]") ==
        "field [0]: expected array of 1, found more");
  CHECK(why<std::pair<std::string, int>>(R"([1,2])") == "field [0]: expected string, found 1");
  CHECK(why<std::tuple<>>("[null]") == "expected array of 0, found more");
}

TEST_CASE("escapes in strings and keys are undone") {
  CHECK(value<std::string>(R"("a\n\"\\\/\u00e9\ud83d\ude00\u0000")") ==
        std::string{"a\n\"\\/é\U0001F600\0", 12});
  CHECK(value<person>(R"({"n\u0061me":"x","\u0061ge":1})").name == "x");
}

TEST_CASE("described enumerations are names or the number of one") {
  using sample::color;
  CHECK(value<color>(R"("green")") == color::green);
  CHECK(value<color>("2") == color::blue);
  CHECK(why<color>(R"("pink")") == R"(expected one of red, green, blue, found string "pink")");
  CHECK(why<color>("3") == "expected one of red, green, blue, found 3");
}

TEST_CASE("other enumerations are numbers that fit") {
  CHECK(value<sample::level>("-5") == sample::level{-5});
  CHECK(why<sample::level>("40000") == "expected enumeration, found 40000");
}

TEST_CASE("times are RFC 3339 or counts of their unit") {
  const auto m = value<moment>(R"({"at":"1970-01-01T00:00:01Z","took":250})");
  CHECK(m.at.time_since_epoch() == std::chrono::seconds{1});
  CHECK(m.took == std::chrono::milliseconds{250});
  CHECK(value<moment>(R"({"at":5,"took":1})").at.time_since_epoch() == weir::duration{5});
  CHECK(value<std::chrono::sys_days>(R"("1969-12-31T23:00:00Z")") ==
        std::chrono::sys_days{std::chrono::days{-1}});
  CHECK(why<moment>(R"({"at":"now"})") ==
        R"(field at: expected RFC 3339 time or microseconds, found string "now")");
  CHECK(why<moment>(R"({"took":"1s"})") ==
        R"(field took: expected duration in milliseconds, found string "1s")");
}

TEST_CASE("a time that the type's unit can't hold is refused") {
  using nanos = std::chrono::sys_time<std::chrono::nanoseconds>;
  CHECK(from_json<nanos>(R"("2200-01-01T00:00:00Z")"));
  CHECK_FALSE(from_json<nanos>(R"("2300-01-01T00:00:00Z")"));
}

TEST_CASE("bytes are base64") {
  CHECK(weir::as_text(value<weir::bytes>(R"("Zm9v")")) == "foo");
  CHECK(why<weir::bytes>(R"("Zm9")") == R"(expected base64 string, found string "Zm9")");
}

TEST_CASE("malformed text is an error that names the byte") {
  CHECK(why<person>(R"({"name":"a",})").starts_with("malformed JSON at byte 12: "));
  CHECK(why<int>("").starts_with("malformed JSON at byte 0: "));
  CHECK(why<int>("1 2").starts_with("malformed JSON at byte 2: "));
  CHECK(why<std::vector<int>>("[1").starts_with("malformed JSON at byte 2: "));
  CHECK(why<double>("NaN").starts_with("malformed JSON at byte 0: "));
  CHECK(why<int>("01").starts_with("malformed JSON at byte 1: "));
}

TEST_CASE("text that is not UTF-8 is refused") {
  CHECK(why<std::string>("\"\xff\"").starts_with("malformed JSON"));
  CHECK(why<std::string>("\"\xed\xa0\x80\"").starts_with("malformed JSON"));
}

TEST_CASE("unknown members may nest 100 deep and not 1000") {
  const auto nested = [](std::size_t depth) {
    return R"({"name":"a","age":1,"x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  CHECK(from_json<person>(nested(100)));
  CHECK(why<person>(nested(1000)).starts_with("malformed JSON at byte "));
}

TEST_CASE("a long string in a message is cut") {
  const std::string text = '"' + std::string(1000, 'x') + '"';
  CHECK(why<int>(text) ==
        "expected integer (int32), found string \"" + std::string(40, 'x') + "\"...");
}

TEST_CASE("a reader can be used again after an error and can be moved") {
  weir::json_reader first;
  person p;
  CHECK_FALSE(first.parse(R"({"name":["\u0041)", p));
  weir::json_reader second = std::move(first);
  REQUIRE(second.parse(R"({"name":"b","age":2})", p));
  CHECK(p.name == "b");
}

TEST_CASE("a class with more than 64 members is filled and checked") {
  std::string text = "{";
  int n = 0;
  weir::for_each_member<sample::crowd>([&](auto d) {
    text += (n == 0 ? "\"" : ",\"") + std::string{d.name} + "\":" + std::to_string(n);
    ++n;
  });
  CHECK(why<sample::crowd>(text + "}") == "accepted");
  CHECK(value<sample::crowd>(text + "}").f69 == 69);
  text.resize(text.rfind(','));
  CHECK(why<sample::crowd>(text + "}") == "field f69 is missing; expected integer (int32)");
}

}  // namespace

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/json_write.hpp"

#include "random_value.hpp"
#include "sample.hpp"
#include "weir/codec/json.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

namespace {

struct label {
  std::string text;
};
struct opaque {
  int x = 0;
};
struct holder {
  label a;
  opaque b;
};
BOOST_DESCRIBE_STRUCT(holder, (), (a, b))

}  // namespace

template <>
struct weir::codec<label> {
  static void encode(const label& x, bytes& out) { weir::encode(x.text, out); }
  static bool decode(byte_reader& in, label& x) { return weir::decode(in, x.text); }
  static std::size_t dynamic_size(const label& x) { return weir::dynamic_size(x.text); }
  static schema describe() { return {type_kind::custom, "label.v1", 0, {}}; }
  static void write_text(const label& x, std::string& out) { out += "<" + x.text + ">"; }
  static bool read_text(std::string_view text, label& x) {
    if (!text.starts_with('<') || !text.ends_with('>')) return false;
    x.text = text.substr(1, text.size() - 2);
    return true;
  }
};

template <>
struct weir::codec<opaque> {
  static void encode(const opaque& x, bytes& out) { weir::encode(x.x, out); }
  static bool decode(byte_reader& in, opaque& x) { return weir::decode(in, x.x); }
  static std::size_t dynamic_size(const opaque&) { return 0; }
  static schema describe() { return {type_kind::custom, "opaque.v1", 0, {}}; }
};

namespace {

using weir::to_json;

TEST_CASE("a described class is an object in the order of its description") {
  CHECK(to_json(sample::address{"Main \"St\"", "123", {}}) ==
        R"({"street":"Main \"St\"","zip":"123","floor":null})");
}

TEST_CASE("empty containers are written") {
  CHECK(to_json(std::vector<int>{}) == "[]");
  CHECK(to_json(std::map<std::string, int>{}) == "{}");
  CHECK(to_json(std::tuple<>{}) == "[]");
  CHECK(to_json(std::string{}) == "\"\"");
}

TEST_CASE("containers, pairs and maps are written") {
  CHECK(to_json(std::vector<bool>{true, false}) == "[true,false]");
  CHECK(to_json(std::pair<int, std::string>{1, "a"}) == R"([1,"a"])");
  CHECK(to_json(std::map<std::string, int>{{"a", 1}, {"b\n", 2}}) == R"({"a":1,"b\n":2})");
}

TEST_CASE("writing appends") {
  std::string out = "x";
  weir::write_json(1, out);
  CHECK(out == "x1");
}

TEST_CASE("control characters are escaped and other characters are kept") {
  CHECK(to_json(std::string{"\0\x01\x1f\b\n\r\t\x7f/é€\U0001F600", 18}) ==
        "\"\\u0000\\u0001\\u001f\\u0008\\n\\r\\t\x7f/é€\U0001F600\"");
}

TEST_CASE("each byte that is not UTF-8 becomes U+FFFD") {
  const std::string mark = "\xef\xbf\xbd";
  CHECK(to_json(std::string{"a\xff"
                            "b"}) == "\"a" + mark + "b\"");
  CHECK(to_json(std::string{"\xc3"}) == "\"" + mark + "\"");
  CHECK(to_json(std::string{"\xc0\x80"}) == "\"" + mark + mark + "\"");
  CHECK(to_json(std::string{"\xed\xa0\x80"}) == "\"" + mark + mark + mark + "\"");
  CHECK(to_json(std::string{"\xf4\x90\x80\x80"}) == "\"" + mark + mark + mark + mark + "\"");
}

TEST_CASE("floats are written as short as they can be read back") {
  CHECK(to_json(0.1) == "0.1");
  CHECK(to_json(0.1f) == "0.1");
  CHECK(to_json(1e300) == "1e+300");
  CHECK(to_json(-0.0) == "-0.0");
}

TEST_CASE("NaN and infinities are null") {
  CHECK(to_json(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(to_json(-std::numeric_limits<float>::infinity()) == "null");
}

TEST_CASE("enumerators are names if described, else numbers") {
  CHECK(to_json(sample::color::green) == "\"green\"");
  CHECK(to_json(sample::color{9}) == "9");
  CHECK(to_json(sample::level{-3}) == "-3");
}

TEST_CASE("times are RFC 3339 unless that would lose some of them") {
  using namespace std::chrono;
  CHECK(to_json(weir::timestamp{milliseconds{1500}}) == "\"1970-01-01T00:00:01.500Z\"");
  CHECK(to_json(sys_days{days{1}}) == "\"1970-01-02T00:00:00Z\"");
  CHECK(to_json(sys_time<nanoseconds>{nanoseconds{1}}) == "1");
  CHECK(to_json(weir::max_timestamp) == "9223372036854775807");
  CHECK(to_json(steady_clock::time_point{nanoseconds{5}}) == "5");
  CHECK(to_json(milliseconds{7}) == "7");
}

TEST_CASE("a type with its own codec is its text, or its bytes in base64") {
  CHECK(to_json(holder{{"x\""}, {1}}) == R"({"a":"<x\">","b":"AQAAAA=="})");
  const auto back = weir::from_json<holder>(R"({"a":"<y>","b":"AgAAAA=="})");
  REQUIRE(back);
  CHECK(back->a.text == "y");
  CHECK(back->b.x == 2);
  CHECK(weir::from_json<label>("\"y\"").error().message.ends_with("label, found string \"y\""));
  CHECK_FALSE(weir::from_json<opaque>("\"AgAAAAA=\""));
}

TEST_CASE("random values survive JSON") {
  weir::json_reader reader;
  sample::order back;
  std::string text;
  for (std::uint64_t seed = 0; seed < sample::seeds; ++seed) {
    sample::random_values random{seed};
    const auto x = random.make<sample::order>();
    text.clear();
    weir::write_json(x, text);
    INFO("seed " << seed << ": " << text);
    reader.parse(text, back).value();
    CHECK(back == x);
  }
}

}  // namespace

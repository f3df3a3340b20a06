// SPDX-License-Identifier: BSD-3-Clause
#include "weir/avro/avro.hpp"
#include "avro_sample.hpp"
#include "random_value.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <string>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

// One type as it was, as it is, and as it will be.
struct sale_1 {
  std::int32_t number = 0;
  std::string shop;
  float amount = 0;
};
BOOST_DESCRIBE_STRUCT(sale_1, (), (number, shop, amount))

struct sale_2 {
  std::int64_t number = 0;
  std::optional<std::string> clerk;
  double amount = 0;
  std::string currency = "EUR";
  std::string store;
};
BOOST_DESCRIBE_STRUCT(sale_2, (), (number, clerk, amount, currency, store))

struct strict_sale {
  std::int32_t number = 0;
  std::string currency = "EUR";
};
BOOST_DESCRIBE_STRUCT(strict_sale, (), (number, currency))

enum class size { small, large };
BOOST_DESCRIBE_ENUM(size, small, large)

struct one_time {
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(one_time, (), (at))

template <class T>
struct one {
  T x{};
  BOOST_DESCRIBE_CLASS(one, (), (x), (), ())
};

template <class T>
T read_as(const std::string& schema, std::string_view datum) {
  const auto from = avro::reader<T>::make(avro::schema::parse(schema).value()).value();
  T to{};
  from.read(datum, to).value();
  return to;
}

template <class T>
std::string why_not(const std::string& schema) {
  const auto from = avro::reader<T>::make(avro::schema::parse(schema).value());
  return from ? "" : from.error().message;
}

template <class T>
std::string written(const T& x) {
  std::string out;
  avro::write(x, out);
  return out;
}

/// The error of bytes that can't be read.
template <class T>
std::string fault(const std::string& schema, std::string_view datum) {
  const auto from = avro::reader<T>::make(avro::schema::parse(schema).value()).value();
  T to{};
  const auto done = from.read(datum, to);
  return done ? "" : done.error().message;
}

std::string one_field(const std::string& type) {
  return R"({"type":"record","name":"one","fields":[{"name":"x","type":)" + type + "}]}";
}

}  // namespace

template <>
struct weir::avro::traits<sale_2> {
  static constexpr std::string_view name = "com.shop.Sale";
  static constexpr std::array defaults{std::string_view{"currency"}};
  static constexpr std::array aliases{
      std::pair{std::string_view{"store"}, std::string_view{"shop"}}};
};

TEST_CASE("a type's Avro schema is made from its description") {
  CHECK(avro::schema_text<sale_2>() ==
        R"({"type":"record","name":"com.shop.Sale","fields":[{"name":"number","type":"long"},)"
        R"({"name":"clerk","type":["null","string"],"default":null},)"
        R"({"name":"amount","type":"double"},)"
        R"({"name":"currency","type":"string","default":"EUR"},)"
        R"({"name":"store","type":"string","aliases":["shop"]}]})");
  CHECK(avro::schema_text<sample::address>() ==
        R"({"type":"record","name":"sample.address","fields":[{"name":"street","type":"string"},)"
        R"({"name":"zip","type":"string"},)"
        R"({"name":"floor","type":["null","int"],"default":null}]})");
  CHECK(avro::schema_text<one_time>() ==
        R"({"type":"record","name":"one_time","fields":[{"name":"at","type":)"
        R"({"type":"long","logicalType":"timestamp-micros"}}]})");
  CHECK(avro::schema_text<size>() ==
        R"({"type":"enum","name":"size","symbols":["small","large"]})");
  CHECK(avro::schema::parse(avro::schema_text<sample::reading>()).has_value());
}

TEST_CASE("values are written as Avro's specification shows them") {
  CHECK(written(std::int64_t{-64}) == "\x7f");
  CHECK(written(std::int64_t{64}) == std::string("\x80\x01", 2));
  CHECK(written(std::string{"foo"}) ==
        "\x06"
        "foo");
  CHECK(written(std::vector<std::int64_t>{3, 27}) == std::string("\x04\x06\x36\x00", 4));
  CHECK(written(std::optional<std::string>{"a"}) ==
        "\x02\x02"
        "a");
}

TEST_CASE("any value is read back as it was written") {
  const auto schema = avro::schema::parse(avro::schema_text<sample::reading>()).value();
  const auto from = avro::reader<sample::reading>::make(schema).value();
  sample::random_values dice{7};
  for (int i = 0; i < 2000; ++i) {
    auto x = dice.make<sample::reading>();
    x.day =
        std::chrono::sys_days{std::chrono::days{static_cast<std::int32_t>(dice.below(100'000))}};
    const std::string datum = written(x);
    sample::reading back;
    const auto done = from.read(datum, back);
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
    REQUIRE(back == x);
  }
}

TEST_CASE("a newer type reads what an older one wrote, and the other way round") {
  const auto now = read_as<sale_2>(avro::schema_text<sale_1>(), written(sale_1{7, "north", 2.5F}));
  CHECK(now.number == 7);
  CHECK(now.amount == 2.5);
  CHECK(now.store == "north");
  CHECK(now.currency == "EUR");
  CHECK_FALSE(now.clerk);
  const std::string newer = R"({"type":"record","name":"x","fields":[
      {"name":"more","type":{"type":"map","values":{"type":"array","items":["null",
          {"type":"record","name":"inner","fields":[{"name":"a","type":"double"}]}]}}},
      {"name":"amount","type":"float"}, {"name":"number","type":"int"},
      {"name":"f","type":{"type":"fixed","name":"three","size":3}}, {"name":"shop","type":"bytes"}]})";
  // One map entry "k": [null, inner{1.0}], given with its size; amount 0.5; number 3; abc; "it".
  const std::string datum = std::string("\x02\x02k\x03\x14\x00\x02", 7) + written(1.0) +
                            std::string("\x00\x00", 2) + written(0.5F) + written(std::int32_t{3}) +
                            "abc" + written(std::string{"it"});
  const auto then = read_as<sale_1>(newer, datum);
  CHECK(then.number == 3);
  CHECK(then.shop == "it");
  CHECK(then.amount == 0.5F);
}

TEST_CASE("a schema that can't become the type is refused with the member and the reason") {
  CHECK_THAT(why_not<strict_sale>(avro::schema_text<sale_1>()),
             ContainsSubstring("no field 'currency', and there is no default"));
  CHECK_THAT(why_not<sale_1>(avro::schema_text<sale_2>()),
             ContainsSubstring("number: a long can't be read as integer (int32)"));
  CHECK_THAT(why_not<one<float>>(one_field("\"double\"")), ContainsSubstring("x: a double can't"));
  CHECK_THAT(why_not<one<std::int64_t>>(one_field("\"string\"")),
             ContainsSubstring("a string can't be read as integer"));
  CHECK_THAT(
      why_not<one_time>(R"({"type":"record","name":"t","fields":[{"name":"at","type":"long"}]})"),
      ContainsSubstring("at: a long can't be read as RFC 3339 time"));
  CHECK_THAT(why_not<one<std::vector<one<bool>>>>(one_field(
                 R"({"type":"array","items":{"type":"record","name":"y","fields":
                     [{"name":"x","type":"int"}]}})")),
             ContainsSubstring("x[].x: an int can't be read as bool"));
}

TEST_CASE("times are converted between Avro's units") {
  const auto of = [](const std::string& logical, std::int64_t n) {
    const bool date = logical == "date";
    return read_as<one_time>(
               R"({"type":"record","name":"t","fields":[{"name":"at","type":{"type":")" +
                   std::string{date ? "int" : "long"} + R"(","logicalType":")" + logical + "\"}}]}",
               written(n))
        .at;
  };
  CHECK(of("timestamp-millis", 1'700'000'000'123) == timestamp{1'700'000'000'123ms});
  CHECK(of("timestamp-micros", -1) == timestamp{-1us});
  CHECK(of("timestamp-nanos", 1'999) == timestamp{1us});
  CHECK(of("timestamp-nanos", -1) == timestamp{-1us});
  CHECK(of("date", 2) == timestamp{48h});
  using span = one<std::chrono::microseconds>;
  CHECK(read_as<span>(one_field(R"({"type":"int","logicalType":"time-millis"})"),
                      written(std::int32_t{5}))
            .x == 5ms);
  CHECK(read_as<one<std::int64_t>>(one_field(R"({"type":"long","logicalType":"timestamp-millis"})"),
                                   written(std::int64_t{5}))
            .x == 5);
}

TEST_CASE("branches of a union are read where the type has room for them") {
  using either = std::variant<std::string, std::int64_t, sample::address>;
  const std::string schema = one_field(R"(["null","int",{"type":"record","name":"address","fields":
      [{"name":"street","type":"string"},{"name":"zip","type":"string"}]}])");
  const auto a = read_as<one<either>>(schema, std::string("\x04\x02s\x02z", 5));
  CHECK(std::get<sample::address>(a.x) == sample::address{"s", "z", {}});
  CHECK(std::get<std::int64_t>(read_as<one<either>>(schema, std::string("\x02\x06", 2)).x) == 3);
  CHECK_THAT(fault<one<either>>(schema, std::string("\0", 1)),
             ContainsSubstring("x: null is none of the variant's alternatives"));
  CHECK(read_as<one<std::int32_t>>(one_field(R"(["null","int"])"), std::string("\x02\x06", 2)).x ==
        3);
  CHECK_THAT(fault<one<std::int32_t>>(one_field(R"(["null","int"])"), std::string("\0", 1)),
             ContainsSubstring("x: null can't be read as integer (int32)"));
  CHECK(read_as<one<std::optional<double>>>(one_field("\"int\""), "\x06").x == 3.0);
}

TEST_CASE("symbols that the type lacks become the schema's default, or are an error") {
  const std::string with =
      R"({"type":"enum","name":"s","symbols":["small","huge"],"default":"small"})";
  CHECK(read_as<size>(with, "\x02") == size::small);
  const std::string without = R"({"type":"enum","name":"s","symbols":["small","huge"]})";
  CHECK_THAT(fault<size>(without, "\x02"), ContainsSubstring("'huge' is no one of small, large"));
  CHECK_THAT(fault<size>(without, "\x04"), ContainsSubstring("no branch or symbol 2"));
}

TEST_CASE("bytes that are no value of the schema are told with their place") {
  const std::string schema = avro::schema_text<sale_1>();
  CHECK(fault<sale_1>(schema, "") == "byte 0 of the Avro value, number: it ends too early");
  CHECK_THAT(fault<sale_1>(schema, written(sale_1{}) + "x"), ContainsSubstring("1 bytes too many"));
  CHECK_THAT(fault<sale_1>(schema, std::string("\x02\x01", 2)),
             ContainsSubstring("shop: a length is negative"));
  CHECK_THAT(fault<one<std::int8_t>>(one_field("\"int\""), std::string("\x80\x04", 2)),
             ContainsSubstring("x: 256 is no integer (int8)"));
  const std::string nulls = R"({"type":"record","name":"one","fields":[
      {"name":"none","type":{"type":"array","items":"null"}},{"name":"x","type":"int"}]})";
  CHECK_THAT(fault<one<std::int32_t>>(nulls, "\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"),
             ContainsSubstring("none: it claims"));
  CHECK_THAT(fault<std::string>(R"("string")", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
             ContainsSubstring("a number is too long"));
}

TEST_CASE("what a schema can't say is refused when it is written") {
  std::string out;
  CHECK_THROWS_AS(avro::write(std::uint64_t{1} << 63, out), exception);
  CHECK_THROWS_AS(avro::write(static_cast<size>(9), out), exception);
  using far = std::chrono::sys_time<std::chrono::duration<std::int64_t, std::ratio<1>>>;
  CHECK_THROWS_AS(avro::write(far::max(), out), exception);
}

TEST_CASE("a text that is no schema is refused in one line") {
  const auto why = [](const char* text) {
    const auto made = avro::schema::parse(text);
    return made ? std::string{} : made.error().message;
  };
  CHECK_THAT(why("{"), ContainsSubstring("no Avro schema: it is no JSON"));
  CHECK_THAT(why(R"("number")"), ContainsSubstring("there is no type 'number'"));
  CHECK_THAT(why(R"(["null","null"])"), ContainsSubstring("has null twice"));
  CHECK_THAT(why(R"({"type":"record","name":"a"})"), ContainsSubstring("has no 'fields'"));
  CHECK_THAT(why("[]"), ContainsSubstring("no branches"));
  CHECK_THAT(why((std::string(500, '[') + std::string(500, ']')).c_str()),
             ContainsSubstring("JSON"));
  CHECK(why(R"({"type":"record","name":"a.b","fields":[{"name":"next","type":["null","b"]}]})")
            .empty());
}

TEST_CASE("a schema may name types of others that come with it") {
  const std::vector<std::string> known{
      R"({"type":"record","name":"shop.price","fields":[{"name":"x","type":"double"}]})"};
  const std::string text =
      R"({"type":"record","name":"shop.item","fields":[{"name":"x","type":"price"}]})";
  const auto schema = avro::schema::parse(text, known).value();
  one<one<double>> to;
  CHECK(avro::reader<one<one<double>>>::make(schema).value().read(written(2.5), to));
  CHECK(to.x.x == 2.5);
  CHECK_FALSE(avro::schema::parse(text));
}

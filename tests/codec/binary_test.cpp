// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/binary.hpp"

#include "random_value.hpp"
#include "sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <initializer_list>
#include <limits>
#include <unordered_map>

namespace {

using weir::byte_reader;
using weir::bytes;

struct foreign {
  int x = 0;

  friend bool operator==(const foreign&, const foreign&) = default;
};

struct holds_foreign {
  std::string name;
  std::vector<foreign> items;

  friend bool operator==(const holds_foreign&, const holds_foreign&) = default;
};
BOOST_DESCRIBE_STRUCT(holds_foreign, (), (name, items))

struct fragile {
  fragile() = default;
  explicit fragile(int) { throw 1; }

  std::string name;
};
BOOST_DESCRIBE_STRUCT(fragile, (), (name))

struct flat {
  std::uint8_t a = 0;
  std::uint32_t b = 0;
  bool c = false;
};
BOOST_DESCRIBE_STRUCT(flat, (), (a, b, c))

}  // namespace

template <>
struct weir::codec<foreign> {
  static void encode(const foreign& f, bytes& out) { weir::encode(f.x + 1, out); }
  static bool decode(byte_reader& in, foreign& f) {
    if (!weir::decode(in, f.x)) return false;
    f.x -= 1;
    return true;
  }
  static std::size_t dynamic_size(const foreign&) { return 100; }
  static schema describe() { return {type_kind::custom, "foreign.v1", 0, {}}; }
};

namespace {

template <class T>
bytes encoded(const T& x) {
  bytes out;
  weir::encode(x, out);
  return out;
}

bytes bytes_of(std::initializer_list<int> list) {
  bytes out;
  for (const int b : list) out.push_back(static_cast<std::byte>(b));
  return out;
}

template <class T>
bool decodes(const bytes& data, T& x) {
  byte_reader in{data};
  return weir::decode(in, x);
}

template <class T>
void check_round_trip(const T& x) {
  const bytes data = encoded(x);
  byte_reader in{data};
  T back{};
  REQUIRE(weir::decode(in, back));
  CHECK(in.remaining() == 0);
  CHECK(back == x);
}

TEST_CASE("numbers are written lowest byte first in their own width") {
  CHECK(encoded(std::uint32_t{0x01020304}) == bytes_of({4, 3, 2, 1}));
  CHECK(encoded(std::int16_t{-2}) == bytes_of({0xfe, 0xff}));
  CHECK(encoded(1.0f) == bytes_of({0, 0, 0x80, 0x3f}));
  CHECK(encoded(weir::timestamp{weir::duration{1}}) == bytes_of({1, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("a described class is its members and no padding") {
  CHECK(encoded(flat{1, 2, true}) == bytes_of({1, 2, 0, 0, 0, 1}));
}

TEST_CASE("strings, vectors and maps are preceded by a 32-bit count") {
  CHECK(encoded(std::string{"hi"}) == bytes_of({2, 0, 0, 0, 'h', 'i'}));
  CHECK(encoded(std::vector<bool>{true, false}) == bytes_of({2, 0, 0, 0, 1, 0}));
  CHECK(encoded(std::map<std::uint8_t, bool>{{3, true}}) == bytes_of({1, 0, 0, 0, 3, 1}));
}

TEST_CASE("optionals and variants are preceded by one byte") {
  CHECK(encoded(std::optional<std::uint8_t>{}) == bytes_of({0}));
  CHECK(encoded(std::optional<std::uint8_t>{9}) == bytes_of({1, 9}));
  CHECK(encoded(std::variant<bool, std::uint8_t>{std::uint8_t{9}}) == bytes_of({1, 9}));
}

TEST_CASE("encoding appends") {
  bytes out = bytes_of({7});
  weir::encode(std::uint8_t{8}, out);
  CHECK(out == bytes_of({7, 8}));
}

TEST_CASE("random values of every shape survive the binary form") {
  for (std::uint64_t seed = 0; seed < sample::seeds; ++seed) {
    INFO("seed " << seed);
    sample::random_values random{seed};
    check_round_trip(random.make<sample::wide>());
  }
}

TEST_CASE("an unordered map survives the binary form") {
  check_round_trip(std::unordered_map<std::string, int>{{"a", 1}, {"b", 2}});
}

TEST_CASE("a type with its own codec is written by it, however deep") {
  CHECK(encoded(foreign{1}) == bytes_of({2, 0, 0, 0}));
  check_round_trip(holds_foreign{"x", {{1}, {2}}});
}

TEST_CASE("every proper prefix of an encoded value is refused") {
  sample::random_values random{42};
  for (int i = 0; i < 20; ++i) {
    bytes data = encoded(random.make<sample::wide>());
    while (!data.empty()) {
      data.pop_back();
      sample::wide back;
      REQUIRE_FALSE(decodes(data, back));
    }
  }
}

TEST_CASE("a length beyond the bytes left is refused without allocating") {
  const bytes claim = bytes_of({0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6});
  std::vector<std::uint64_t> numbers;
  std::string text;
  std::unordered_map<int, int> map;
  CHECK_FALSE(decodes(claim, numbers));
  CHECK(numbers.capacity() == 0);
  CHECK_FALSE(decodes(claim, text));
  CHECK(text.capacity() < 16);
  CHECK_FALSE(decodes(claim, map));
  CHECK(map.bucket_count() < 16);
}

TEST_CASE("a bool or optional flag other than 0 and 1 is refused") {
  bool b = false;
  std::optional<std::uint8_t> o;
  CHECK_FALSE(decodes(bytes_of({2}), b));
  CHECK_FALSE(decodes(bytes_of({2, 1}), o));
}

TEST_CASE("a variant without such an alternative is refused") {
  std::variant<bool, std::uint8_t> v;
  CHECK_FALSE(decodes(bytes_of({2, 1}), v));
}

TEST_CASE("a map that repeats a key is refused") {
  std::map<std::uint8_t, bool> m;
  CHECK_FALSE(decodes(bytes_of({2, 0, 0, 0, 3, 1, 3, 0}), m));
}

TEST_CASE("decoding replaces what the target held") {
  std::vector<std::string> target{"old", "older", "oldest"};
  REQUIRE(decodes(encoded(std::vector<std::string>{"new"}), target));
  CHECK(target == std::vector<std::string>{"new"});
}

TEST_CASE("a reader stands behind the value it decoded") {
  const bytes data = bytes_of({1, 2, 3});
  byte_reader in{data};
  std::uint8_t x = 0;
  REQUIRE(weir::decode(in, x));
  CHECK(in.remaining() == 2);
}

TEST_CASE("a variant without a value can't be encoded") {
  std::variant<int, fragile> v;
  CHECK_THROWS(v.emplace<1>(1));
  bytes out;
  CHECK_THROWS_AS(weir::encode(v, out), weir::exception);
}

TEST_CASE("plain types are known to hold no memory of their own") {
  STATIC_REQUIRE_FALSE(weir::has_dynamic_size<flat>);
  STATIC_REQUIRE_FALSE(weir::has_dynamic_size<std::optional<std::array<int, 4>>>);
  STATIC_REQUIRE(weir::has_dynamic_size<sample::address>);
}

TEST_CASE("dynamic size counts strings that don't fit the object, vectors, and what is in them") {
  const std::string long_text(100, 'x');
  CHECK(weir::dynamic_size(std::string{"short"}) == 0);
  CHECK(weir::dynamic_size(long_text) == 101);
  CHECK(weir::dynamic_size(std::vector<std::uint32_t>(5)) == 20);
  CHECK(weir::dynamic_size(std::vector<std::string>{"a", long_text}) ==
        2 * sizeof(std::string) + 101);
  CHECK(weir::dynamic_size(std::optional<std::string>{long_text}) == 101);
  CHECK(weir::dynamic_size(std::map<int, int>{{1, 2}}) == 40);
  CHECK(weir::dynamic_size(holds_foreign{"", {{1}}}) == sizeof(foreign) + 100);
}

}  // namespace

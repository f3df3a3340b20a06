// SPDX-License-Identifier: BSD-3-Clause
#include "weir/event/text_ref.hpp"
#include "weir/codec/binary.hpp"
#include "weir/codec/csv.hpp"
#include "weir/codec/evolve.hpp"
#include "weir/codec/json.hpp"
#include "weir/codec/key_hash.hpp"
#include "weir/codec/schema.hpp"
#include "weir/event/batch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using weir::text_ref;

namespace {

template <class Text>
struct named {
  std::int64_t number = 0;
  Text name;
  std::optional<Text> nick;
  friend bool operator==(const named&, const named&) = default;
  BOOST_DESCRIBE_CLASS(named, (), (number, name, nick), (), ())
};
using plain_named = named<text_ref>;
using string_named = named<std::string>;

std::string random_text(std::mt19937_64& random) {
  std::string text(random() % 40, ' ');
  for (char& c : text) c = static_cast<char>(' ' + random() % 95);
  return text;
}

template <class T>
bool decoded(const weir::bytes& from, T& x) {
  weir::byte_reader in{from};
  return weir::decode(in, x);
}

template <class T>
weir::bytes encoded(const T& x) {
  weir::bytes out;
  weir::encode(x, out);
  return out;
}

/// Gives the pool no more room than it uses, for as long as it lives.
struct full_pool {
  std::size_t before = weir::text_pool::limit();
  full_pool() { weir::text_pool::set_limit(weir::text_pool::size()); }
  ~full_pool() { weir::text_pool::set_limit(before); }
};

}  // namespace

TEST_CASE("an event of text_refs is plain memory") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<plain_named>);
  STATIC_REQUIRE_FALSE(weir::has_dynamic_size<plain_named>);
  STATIC_REQUIRE(weir::has_dynamic_size<string_named>);
  STATIC_REQUIRE(sizeof(text_ref) == 16);
  STATIC_REQUIRE(weir::json_type<plain_named>);
  STATIC_REQUIRE(weir::key_type<text_ref>);
}

TEST_CASE("a text_ref has the text of a literal, of lasting memory and of pieces") {
  constexpr text_ref whole = "winter coat";
  CHECK(whole.view() == "winter coat");
  CHECK(whole.substr(7).view() == "coat");
  CHECK(whole.substr(0, 6) == text_ref{"winter"});
  CHECK(whole.substr(7).data() == whole.data() + 7);
  CHECK(whole.substr(11).empty());
  CHECK(whole.substr(200).empty());
  CHECK(text_ref{}.empty());
  CHECK(text_ref{"a"} < text_ref{"b"});
  static const std::string kept = "kept";
  CHECK(text_ref::to_lasting(kept).data() == kept.data());
}

TEST_CASE("what is read is put into the pool once for each text") {
  const std::string first = "a text of this test";
  text_ref a;
  text_ref b;
  REQUIRE(a.try_assign(first));
  const std::size_t size = weir::text_pool::size();
  REQUIRE(b.try_assign(std::string{first}));
  CHECK(a.data() == b.data());
  CHECK(a.data() != first.data());
  CHECK(weir::text_pool::size() == size);
  CHECK(b.assign("").view().empty());
}

TEST_CASE("every form of a text_ref is that of the std::string with the same characters") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  CHECK(weir::schema_of<text_ref>() == weir::schema_of<std::string>());
  for (int round = 0; round < 200; ++round) {
    string_named s{static_cast<std::int64_t>(random()), random_text(random), {}};
    if (round % 2 == 0) s.nick = random_text(random);
    plain_named p;
    REQUIRE(decoded(encoded(s), p));
    CHECK(p.number == s.number);
    CHECK(p.name.view() == s.name);
    CHECK(p.nick.has_value() == s.nick.has_value());
    CHECK(encoded(p) == encoded(s));
    CHECK(weir::to_json(p) == weir::to_json(s));
    CHECK(weir::key_hash(p.name) == weir::key_hash(s.name));
    CHECK(weir::key_hash(p) == weir::key_hash(s));
    const auto again = weir::from_json<plain_named>(weir::to_json(s));
    REQUIRE(again);
    CHECK(*again == p);
  }
}

TEST_CASE("CSV rows have text_refs") {
  std::string row;
  weir::write_csv(plain_named{7, "a, b", text_ref{"c"}}, row);
  std::string expected;
  weir::write_csv(string_named{7, "a, b", "c"}, expected);
  CHECK(row == expected);
}

TEST_CASE("a full pool refuses a new text and takes one that it has") {
  text_ref known;
  REQUIRE(known.try_assign("known before"));
  const full_pool full;
  text_ref x = "untouched";
  CHECK_FALSE(x.try_assign("this one has no room"));
  CHECK(x.view() == "untouched");
  CHECK(x.try_assign("known before"));
  CHECK_THROWS_AS(x.assign("nor has this one"), weir::exception);
  plain_named p;
  CHECK_FALSE(decoded(encoded(string_named{1, "no room for me either", {}}), p));
  CHECK_FALSE(weir::from_json<plain_named>(R"({"number":1,"name":"nor here","nick":null})"));
}

TEST_CASE("several threads put the same texts into the pool") {
  std::vector<std::vector<text_ref>> found(4);
  std::vector<std::thread> threads;
  for (auto& mine : found)
    threads.emplace_back([&mine] {
      for (int i = 0; i < 5000; ++i) {
        text_ref x;
        if (x.try_assign("thread text " + std::to_string(i % 1000))) mine.push_back(x);
      }
    });
  for (auto& t : threads) t.join();
  for (const auto& mine : found) {
    REQUIRE(mine.size() == 5000);
    for (std::size_t i = 0; i < mine.size(); ++i) {
      CHECK(mine[i].view() == "thread text " + std::to_string(i % 1000));
      if (mine[i].data() != found[0][i].data()) FAIL("kept twice");
    }
  }
}

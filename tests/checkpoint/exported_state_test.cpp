// SPDX-License-Identifier: BSD-3-Clause
// State is taken apart by the schemas that were saved with it.
#include "weir/codec/binary.hpp"
#include "weir/codec/evolve.hpp"
#include "weir/codec/json.hpp"
#include "weir/codec/schema_json.hpp"
#include "weir/flow/split.hpp"
#include "weir/joins/broadcast_state.hpp"
#include "weir/main/state_entries.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/keyed_table.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <map>
#include <random>
#include <variant>

using namespace weir;
using namespace std::chrono_literals;

namespace {

enum class colour : std::int16_t { red = -1, green = 7 };
BOOST_DESCRIBE_ENUM(colour, red, green)

struct inner {
  std::optional<double> maybe;
  std::vector<std::pair<std::uint8_t, bool>> pairs;
};
BOOST_DESCRIBE_STRUCT(inner, (), (maybe, pairs))

struct outer {
  std::string text;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  float single = 0;
  colour shade = colour::red;
  timestamp at;
  std::chrono::milliseconds span{};
  std::chrono::sys_seconds seconds;
  bytes blob;
  std::array<std::int32_t, 2> two{};
  std::map<std::string, inner> named;
  inner in;
};
BOOST_DESCRIBE_STRUCT(outer, (),
                      (text, small, large, single, shade, at, span, seconds, blob, two, named, in))

outer random_outer(std::mt19937_64& random) {
  const auto any = [&](std::uint64_t n) { return random() % n; };
  const auto inner_of = [&] {
    inner i;
    if (any(2) == 0) i.maybe = static_cast<double>(any(1'000)) / 8;
    for (std::uint64_t n = any(4); n != 0; --n)
      i.pairs.emplace_back(static_cast<std::uint8_t>(any(256)), any(2) == 0);
    return i;
  };
  outer o;
  for (std::uint64_t n = any(10); n != 0; --n) o.text += static_cast<char>(any(127) + 1);
  o.small = static_cast<std::int8_t>(any(256));
  o.large = random();
  o.single = static_cast<float>(any(1'000)) / 16;
  o.shade = any(2) == 0 ? colour::red : colour::green;
  o.at = timestamp{duration{static_cast<std::int64_t>(any(1'000'000'000'000'000))}};
  o.span = std::chrono::milliseconds{static_cast<std::int64_t>(any(1'000'000))};
  o.seconds =
      std::chrono::sys_seconds{std::chrono::seconds{static_cast<std::int64_t>(any(1u << 31))}};
  for (std::uint64_t n = any(5); n != 0; --n) o.blob.push_back(static_cast<std::byte>(any(256)));
  o.two = {static_cast<std::int32_t>(random()), -1};
  for (std::uint64_t n = any(3); n != 0; --n) o.named[std::to_string(any(100))] = inner_of();
  o.in = inner_of();
  return o;
}

template <class T>
std::string by_schema(const T& value) {
  bytes data;
  encode(value, data);
  byte_reader in{data};
  std::string out;
  REQUIRE(append_json(schema_of<T>(), in, out));
  CHECK(in.remaining() == 0);
  return out;
}

}  // namespace

TEST_CASE("a value read by its schema is the JSON that its type is written as") {
  const std::uint64_t seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 500; ++i) {
    const outer o = random_outer(random);
    CHECK(by_schema(o) == to_json(o));
  }
  CHECK(by_schema(std::variant<int, std::string>{"x"}) == R"({"alternative":1,"value":"x"})");
  CHECK(by_schema(std::map<std::uint32_t, bool>{{1, true}, {2, false}}) == "[[1,true],[2,false]]");
}

TEST_CASE("bytes that hold no such value are found, wherever they end") {
  std::mt19937_64 random{1};
  for (int i = 0; i < 20; ++i) {
    bytes data;
    encode(random_outer(random), data);
    for (std::size_t n = 0; n < data.size(); ++n) {
      byte_reader in{std::span{data}.first(n)};
      std::string out;
      CHECK_FALSE(append_json(schema_of<outer>(), in, out));
    }
  }
  // A count that the bytes can't hold does not take long.
  bytes data;
  encode(std::uint32_t{0xffffffff}, data);
  byte_reader in{data};
  std::string out;
  const schema nothing{type_kind::tuple, {}, 0, {}};
  const schema list{type_kind::list, {}, 0, {{"element", nothing}}};
  CHECK_FALSE(append_json(list, in, out));
}

TEST_CASE("a broadcast state is told by its pairs") {
  broadcast_state<std::string, std::uint8_t> limits{"limits"};
  limits.allow_writing(true);
  limits.put("a", 7);
  limits.put("b", 9);
  checkpoint c;
  c.manifest.operators = {{"watch", "connect", true, true}};
  snapshot_writer to{c.parts};
  to.bind("watch");
  limits.save(to);
  const state_entries entries{c};
  std::map<std::string, std::string> found;
  for (const snapshot_part& p : c.parts)
    if (!is_form(p)) CHECK(entries.each(p, [&](const state_entry& e) { found[e.key] = e.value; }));
  CHECK(found == std::map<std::string, std::string>{{R"("a")", "7"}, {R"("b")", "9"}});
}

TEST_CASE("entries of tables, tumbling windows and keyed parts are told by key, window and value") {
  checkpoint c;
  c.manifest.operators = {{"sums", "window", true, true}, {"mine", "process", true, true}};
  snapshot_writer to{c.parts};
  keyed_table<std::string, outer> table;
  outer o;
  o.text = "first";
  table.try_emplace("a", o);
  bytes start;
  encode(timestamp{1s}, start);
  to.bind("sums");
  table.snapshot(to, "pane", 8, start);
  to.bind("mine");
  table.snapshot(to, "pane", 8);
  keyed_parts<std::string> parts{to, 8};
  bytes& entry = parts.begin("b");
  encode(std::int64_t{5}, entry);
  encode(std::vector<int>{1, 2}, entry);
  parts.write<std::tuple<std::string, std::int64_t, std::vector<int>>>(to, "@panes");
  keyed_parts<std::string> opaque{to, 8};
  encode(std::int64_t{5}, opaque.begin("b"));
  opaque.write<std::tuple<std::string>>(to, "@opaque");
  bytes split;
  encode(split_position{"file", 17, true, false}, split);
  to.item("@split", split, state_kind::union_list);

  const state_entries all{c};
  std::vector<std::string> found;
  std::size_t unreadable = 0;
  for (const snapshot_part& p : c.parts) {
    if (is_form(p)) continue;
    const bool read = all.each(p, [&](const state_entry& e) {
      found.push_back(p.operator_id + "|" + p.state + "|" + e.window_start + "|" + e.key + "|" +
                      e.value);
    });
    if (!read) ++unreadable;
  }
  CHECK(unreadable == 1);
  REQUIRE(found.size() == 4);
  CHECK(found[0] == R"(sums|pane|"1970-01-01T00:00:01Z"|"a"|)" + to_json(o));
  CHECK(found[1] == R"(mine|pane||"a"|)" + to_json(o));
  CHECK(found[2] == R"(mine|@panes||"b"|[5,[1,2]])");
  CHECK(found[3] == R"(mine|@split|||{"id":"file","offset":17,"ended":true,"idle":false})");
}

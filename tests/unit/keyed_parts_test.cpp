// SPDX-License-Identifier: BSD-3-Clause
// What keyed operators write of their keys: pieces by key group, each of whole entries.
#include "weir/state/keyed_parts.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <map>
#include <string>

using namespace weir;

namespace {

constexpr std::uint32_t groups = 8;
constexpr std::byte mark{0x77};
constexpr std::array prefix{mark};

template <class K, class V>
using model_of = std::map<K, V>;

/// Reads all pieces of "s": each begins with the prefix, ends with an entry, and has keys of its
/// group alone.
template <class K, class V>
model_of<K, V> read_back(const std::vector<snapshot_part>& parts) {
  model_of<K, V> all;
  for (const snapshot_part& part : parts) {
    REQUIRE(!part.data.empty());
    REQUIRE(part.data.front() == mark);
    byte_reader in{std::span{part.data}.subspan(1)};
    while (in.remaining() != 0) {
      K key{};
      V value{};
      REQUIRE(decode(in, key));
      REQUIRE(decode(in, value));
      REQUIRE(group_of_hash(key_hash(key), groups) == part.group);
      REQUIRE(all.emplace(key, value).second);
    }
  }
  return all;
}

/// Writes `n` entries in each of the ways there are, and hands on what is full now and then.
template <class K, class V, class Make>
void write_and_read(std::uint64_t n, std::size_t piece, Make make) {
  INFO(n << " entries, pieces of " << piece << " bytes");
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts, piece};
  to.bind("");
  keyed_parts<K> written{to, groups, prefix};
  model_of<K, V> model;
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto [key, value] = make(i);
    if (i % 7 == 3)
      encode(value, written.begin(key));
    else
      written.add(key, value);
    model.emplace(key, value);
    if (i % 50 == 49) written.hand_on(to, "s", false);
  }
  written.hand_on(to, "s", true);
  CHECK(read_back<K, V>(parts) == model);
  written.hand_on(to, "s", true);
  CHECK(read_back<K, V>(parts) == model);  // nothing twice
}

}  // namespace

TEST_CASE("entries of keyed parts come back whole, whatever their number and the size of pieces") {
  for (const std::uint64_t n : {0U, 1U, 9U, 100U, 3'000U, 20'000U})
    for (const std::size_t piece : {std::size_t{4}, std::size_t{300}, std::size_t{64} << 10U}) {
      write_and_read<std::uint64_t, std::int32_t>(n, piece, [](std::uint64_t i) {
        return std::pair{i * 977, static_cast<std::int32_t>(i) - 5};
      });
      write_and_read<std::string, std::uint16_t>(n, piece, [](std::uint64_t i) {
        return std::pair{std::to_string(i), static_cast<std::uint16_t>(i)};
      });
      write_and_read<std::uint32_t, std::string>(n, piece, [](std::uint64_t i) {
        return std::pair{static_cast<std::uint32_t>(i), std::string(i % 40, 'x')};
      });
    }
}

TEST_CASE("pieces of keyed parts hold no byte that nobody wrote") {
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  to.bind("");
  keyed_parts<std::uint64_t> written{to, 1};
  for (std::uint64_t i = 0; i < 1'000; ++i) written.add(i, static_cast<std::uint8_t>(i));
  written.hand_on(to, "s", true);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].data.size() == 9'000);
}

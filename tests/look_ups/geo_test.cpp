// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/geo/geo.hpp"
#include "actors/sample.hpp"
#include "connectors/temporary.hpp"
#include "look_ups/geo_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

struct visit {
  std::string ip;
};
BOOST_DESCRIBE_STRUCT(visit, (), (ip))

struct name_list {
  std::optional<std::string> en;
  friend bool operator==(const name_list&, const name_list&) = default;
};
BOOST_DESCRIBE_STRUCT(name_list, (), (en))
struct country_of {
  std::string iso_code;
  name_list names;
  friend bool operator==(const country_of&, const country_of&) = default;
};
BOOST_DESCRIBE_STRUCT(country_of, (), (iso_code, names))
struct location_of {
  double latitude = 0;
  std::uint16_t accuracy_radius = 0;
  friend bool operator==(const location_of&, const location_of&) = default;
};
BOOST_DESCRIBE_STRUCT(location_of, (), (latitude, accuracy_radius))
struct place {
  std::optional<country_of> country;
  std::optional<location_of> location;
  std::vector<std::string> tags;
  bool anonymous = false;
  friend bool operator==(const place&, const place&) = default;
};
BOOST_DESCRIBE_STRUCT(place, (), (country, location, tags, anonymous))

using g = geo_file;

std::string entry(const std::string& code, const std::string& name, bool anonymous) {
  return g::map(
      {{"country", g::map({{"iso_code", g::text(code)},
                           {"names", g::map({{"de", g::text("?")}, {"en", g::text(name)}})}})},
       {"location", g::map({{"latitude", g::number(52.5)}, {"accuracy_radius", g::uint16(100)}})},
       {"tags", g::array({g::text("a"), g::text("b \"c\"")})},
       {"anonymous", g::truth(anonymous)}});
}

std::string sample() {
  geo_file file;
  file.add({10, 0, 0, 0}, 8, entry("DE", "Germany", false));
  file.add({192, 168, 1, 0}, 24, entry("JP", "Japan, a name of more than 29 letters", true));
  file.add({203, 0, 113, 7}, 32, g::map({{"tags", g::array({})}, {"anonymous", g::truth(false)}}));
  return file.content();
}

std::vector<enriched<visit, place>> visits(const std::string& path,
                                           const std::vector<std::string>& from) {
  std::vector<visit> all;
  for (const auto& ip : from) all.push_back({ip});
  const memory_sink<enriched<visit, place>> out;
  pipeline p{"visits"};
  p.from(memory_source{all})
      .enrich(geo::look_up<place>(path, &visit::ip),
              {.order = enrich_order::whole, .on_error = pass_through, .retry = {.tries = 0}})
      .to(out);
  CHECK_FALSE(start(std::move(p)).wait().failure);
  return out.values();
}

}  // namespace

TEST_CASE("an address is in the network that holds it, with what the database says of that") {
  const temporary_directory dir;
  write_file(dir / "test.mmdb", sample());
  const auto out = visits(dir / "test.mmdb", {"10.1.2.3", "192.168.1.255", "192.168.2.1",
                                              "203.0.113.7", "::1", "no address"});
  REQUIRE(out.size() == 6);
  const place germany{
      country_of{"DE", {"Germany"}}, location_of{52.5, 100}, {"a", "b \"c\""}, false};
  CHECK(out[0].fact == germany);
  CHECK(out[1].fact->country->names.en == "Japan, a name of more than 29 letters");
  CHECK(out[1].fact->anonymous);
  CHECK(out[2].source == fact_source::missing);
  CHECK(out[3].fact == place{});
  CHECK(out[4].source == fact_source::missing);
  CHECK(out[5].source == fact_source::failed);
}

TEST_CASE("a database that isn't there, or is none, is refused at the start with its name") {
  const temporary_directory dir;
  write_file(dir / "bad.mmdb", "nonsense");
  for (const std::string name : {"absent.mmdb", "bad.mmdb"}) {
    pipeline p{"visits"};
    p.from(memory_source{std::vector<visit>{}})
        .enrich(geo::look_up<place>(dir / name, &visit::ip))
        .to(memory_sink<enriched<visit, place>>{});
    const auto running = runtime::start(std::move(p));
    REQUIRE_FALSE(running);
    CHECK_THAT(running.error().message, ContainsSubstring("geo database '" + (dir / name) + "'"));
  }
}

TEST_CASE("a damaged database is an error or an answer, never a crash") {
  const std::string good = sample();
  const temporary_directory dir;
  for (std::size_t i = 0; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x55);
    write_file(dir / "bad.mmdb", bad);
    const auto opened = geo::database::open(dir / "bad.mmdb");
    if (!opened) continue;
    for (const char* ip : {"10.1.2.3", "192.168.1.1", "203.0.113.7", "8.8.8.8"})
      (void)opened->find(ip);
  }
  SUCCEED();
}

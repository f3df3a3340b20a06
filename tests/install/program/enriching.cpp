// SPDX-License-Identifier: BSD-3-Clause
// Links each connector for look-ups, and uses what needs no server.
#include <weir/connectors/geo/geo.hpp>
#include <weir/connectors/http/http.hpp>
#include <weir/connectors/redis/redis.hpp>
#include <weir/connectors/table/table.hpp>
#include <weir/weir.hpp>

#include <cstdio>

struct flight {
  std::string tail;
};
BOOST_DESCRIBE_STRUCT(flight, (), (tail))
struct plane {
  std::string tail;
  std::int64_t year = 0;
};
BOOST_DESCRIBE_STRUCT(plane, (), (tail, year))

int main() {
  if (std::FILE* f = std::fopen("planes.csv", "w")) {
    std::fputs("tail,year\nN1,1999\n", f);
    std::fclose(f);
  }
  const weir::memory_sink<weir::enriched<flight, plane>> out;
  weir::pipeline p{"flights"};
  p.from(weir::memory_source{std::vector<flight>{{"N1"}}})
      .enrich(weir::table_file::rows<plane>("planes.csv", &flight::tail, &plane::tail))
      .to(out);
  auto running = weir::runtime::start(std::move(p));
  if (!running || running->wait().failure || out.values().at(0).fact->year != 1999) return 1;
  if (weir::geo::database::open("no such file")) return 2;
  if (weir::redis::server::parse("redis://:secret@h").shown() != "redis://h:6379/0") return 3;
  weir::http::require_address("http://h");
  return 0;
}

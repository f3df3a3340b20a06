// SPDX-License-Identifier: BSD-3-Clause
// A program with state by key, to be killed: counts, sums and newest numbers of many keys.
#include "weir/connectors/file/file.hpp"
#include "weir/weir.hpp"

#include <boost/describe/class.hpp>

namespace {

using namespace std::chrono_literals;

struct sale {
  std::uint64_t number = 0;
  std::uint64_t shop = 0;
  weir::timestamp at;
};
BOOST_DESCRIBE_STRUCT(sale, (), (number, shop, at))

struct tally {
  std::uint64_t shop = 0;
  std::uint64_t count = 0;
  std::uint64_t newest = 0;
};
BOOST_DESCRIBE_STRUCT(tally, (), (shop, count, newest))

constexpr std::uint64_t shops = 5'000;

/// Tells of every sale how many there were in its shop, and of shops without a sale for long.
struct tallying {
  using output = tally;
  using context = weir::process_context<std::uint64_t, tally>;
  weir::value_state<std::uint64_t> count{"count"};
  weir::list_state<std::uint64_t> newest{"newest"};
  auto states() { return std::tie(count, newest); }

  void on_event(const sale& s, context& c) {
    count.update([](std::uint64_t& n) { ++n; });
    if (newest.get().size() == 4) newest.erase();
    newest.append(s.number);
    c.emit({s.shop, *count.get(), newest.get().front()});
    if (s.number % 8 == 0) c.set_event_timer(c.at() + 20s);
  }
  void on_timer(weir::timestamp, context& c) {
    if (newest.get().empty()) return;
    c.emit({c.key(), 1'000'000 + *count.get(), 0});
    newest.erase();
  }
};

void build(weir::pipeline& p, const weir::args& args) {
  const std::string directory = args["output"];
  auto by_shop =
      p.from(weir::generator{[](std::uint64_t i) {
                               return sale{i, i * 7919 % shops, weir::timestamp{1ms * i}};
                             },
                             {.events = args.count("events"), .rate = args.number("rate")}})
          .event_time(&sale::at, weir::monotonous_timestamps{})
          .named("sales")
          .key_by(&sale::shop);
  by_shop.process(tallying{})
      .named("tallies")
      .to(weir::to_file(directory + "/tallies.jsonl"))
      .named("tallies file");
  by_shop
      .reduce([](const sale& a, const sale& b) {
        return sale{a.number + b.number, b.shop, b.at};
      })
      .named("sums")
      .to(weir::to_file(directory + "/sums.jsonl"))
      .named("sums file");
}

}  // namespace

int main(int argc, char** argv) {
  return weir::main(argc, argv,
                    {.name = "tallies",
                     .description = "Counts sales by shop.",
                     .options = {{"output", "out", "a directory for the results"},
                                 {"events", "60000", "how many sales"},
                                 {"rate", "0", "sales a second; 0: as fast as possible"}},
                     .build = build,
                     .live = {},
                     .before_run = {}});
}

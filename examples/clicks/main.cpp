// SPDX-License-Identifier: BSD-3-Clause
// Impressions and clicks from seeded generators: a click counts if it comes within half an hour of
// the impression it is on; of each campaign and minute, how many impressions and clicks there were.
// With a Redis server, also what the clicks cost, by the campaigns' prices that it has, and each
// campaign's counters in it.
#include "events.hpp"

#include <weir/connectors/redis/redis.hpp>

#include <filesystem>

using namespace std::chrono_literals;
using clicks::click;
using clicks::impression;

namespace {

using minute_count = weir::window_result<std::string, std::uint64_t>;

/// The events of each campaign and minute.
template <class T>
auto per_minute(weir::stream<T> events, const std::string& name) {
  return events.key_by(&T::campaign)
      .window(weir::tumbling(1min))
      .aggregate(weir::count{})
      .named(name);
}

/// Puts the impressions and clicks of a campaign's minute together; either may be missing.
clicks::campaign_minute minute_of(const minute_count* shown, const minute_count* clicked) {
  const minute_count& one = shown != nullptr ? *shown : *clicked;
  const std::uint64_t impressions = shown != nullptr ? shown->value : 0;
  const std::uint64_t n = clicked != nullptr ? clicked->value : 0;
  const double rate =
      impressions == 0 ? 0 : static_cast<double>(n) / static_cast<double>(impressions);
  return {one.key, one.window.start, impressions, n, rate};
}

/// Writes what each minute's clicks cost, by the prices in the hashes `campaign:<name>`, and keeps
/// the totals of each campaign in the hashes `total:<name>`.
void price_and_serve(weir::stream<clicks::campaign_minute> minutes, const std::string& server,
                     const std::string& costs) {
  minutes
      .enrich(weir::redis::get_hash<clicks::campaign_terms>(
                  server, &clicks::campaign_minute::campaign, {.prefix = "campaign:"}),
              {.cache = {.entries = 10'000}})
      .map([](const weir::enriched<clicks::campaign_minute, clicks::campaign_terms>& e) {
        return clicks::priced(e.event, e.fact);
      })
      .named("priced")
      .to(weir::to_file(costs))
      .named("costs");
  minutes
      .map([](const clicks::campaign_minute& m) {
        return clicks::campaign_total{m.campaign, m.impressions, m.clicks};
      })
      .key_by(&clicks::campaign_total::campaign)
      .reduce(clicks::add_up)
      .named("totals")
      .to(weir::redis::hashes(server, &clicks::campaign_total::campaign, {.prefix = "total:"}))
      .named("totals in Redis");
}

void build(weir::pipeline& p, const weir::args& args) {
  const std::filesystem::path results = args["output"];
  const auto write = [&](auto& stream, const char* name) {
    stream.to(weir::to_file((results / name).string())).named(name);
  };
  const std::uint64_t seed = args.count("seed");
  const std::uint64_t events = std::max<std::uint64_t>(args.count("events"), 10);

  weir::stream<impression> shown =
      p.from(weir::generator{[=](std::uint64_t i) { return clicks::make_impression(seed, i); },
                             {.events = events, .rate = args.number("rate")}})
          .event_time(&impression::at, weir::bounded_out_of_orderness(5s));
  // A click is known to be up to 40 minutes after what it is on, which is in order.
  weir::stream<click> clicked =
      p.from(weir::generator{[=](std::uint64_t j) { return clicks::make_click(seed, j, events); },
                             {.events = events / 10, .rate = args.number("rate") / 10}})
          .event_time(&click::at, weir::bounded_out_of_orderness(41min));
  write(shown, "impressions.csv");
  write(clicked, "clicks.csv");

  const weir::side_output<click> without_impression{"without impression"};
  auto joined = shown.key_by(&impression::id)
                    .join(clicked.key_by(&click::impression))
                    .within(0s, 30min)
                    .unmatched_right_to(without_impression)
                    .apply([](const impression& i, const click& c) {
                      return clicks::attributed_click{i.id, i.campaign, i.user, i.at, c.at};
                    })
                    .named("attribution");
  auto unattributed = joined.side(without_impression);
  write(unattributed, "unattributed-clicks.csv");

  weir::stream<clicks::campaign_minute> minutes =
      per_minute(shown, "impressions by minute")
          .key_by(&minute_count::key)
          .join(per_minute(weir::stream<clicks::attributed_click>{joined}, "clicks by minute")
                    .key_by(&minute_count::key))
          .window(weir::tumbling(1min))
          .full()
          .apply(minute_of)
          .named("click-through");
  minutes.to(weir::to_file((results / "click-through.csv").string()))
      .named("click-through by minute");
  if (const std::string& server = args["redis"]; !server.empty())
    price_and_serve(minutes, server, (results / "costs.csv").string());
}

}  // namespace

int main(int argc, char** argv) {
  return weir::main(
      argc, argv,
      {.name = "clicks",
       .description = "Click-through by campaign and minute, from impressions and clicks.",
       .options = {{"output", "clicks-results", "a directory for the results"},
                   {"events", "100000", "how many impressions"},
                   {"seed", "1", "other numbers give other events"},
                   {"redis", "", "a server with the campaigns' prices, which gets their totals"},
                   {"rate", "0", "impressions a second; 0 for as fast as possible"}},
       .build = build});
}

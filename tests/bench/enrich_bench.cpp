// SPDX-License-Identifier: BSD-3-Clause
// Enrichment from a Redis server on this machine, which has to share its cores.
#include "bench/harness.hpp"
#include "redis/redis_server.hpp"
#include "weir/connectors/redis/look_ups.hpp"
#include "weir/runtime/runtime.hpp"
#include "weir/stream.hpp"

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace weir::bench {

namespace {

struct click {
  std::int64_t user = 0;
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(click, (), (user, number))

constexpr std::int64_t users = 500'000;
constexpr std::size_t batch = 512;

void fill(const test::redis_server& server) {
  for (std::int64_t from = 0; from < users; from += 1000) {
    redis::command_list some;
    for (std::int64_t u = from; u < from + 1000; ++u)
      some.add("SET", "user:" + std::to_string(u), "fact of user " + std::to_string(u));
    (void)server.ask_all(some);
  }
}

/// Runs clicks through a pipeline, and ends the program if one is missing.
template <class UserOf, class Enrich>
double run(std::uint64_t n, UserOf user_of, Enrich enrich) {
  std::uint64_t seen = 0;
  std::uint64_t with_fact = 0;
  pipeline p{"enrich"};
  p.options().credits.hold = std::chrono::seconds{10};
  auto clicks = p.from(generator{[user_of](std::uint64_t i) {
                                   return click{user_of(i), static_cast<std::int64_t>(i)};
                                 },
                                 {.events = n}});
  enrich(std::move(clicks)).to(callback_sink{[&](const auto& e) {
    ++seen;
    with_fact += e.fact.has_value() ? 1 : 0;
  }});
  run_summary done;
  const double seconds = seconds_of([&] {
    auto running = runtime::start(std::move(p), {.workers = 2});
    done = running.value().wait();
  });
  if (done.failure || seen != n || with_fact != n) {
    std::fprintf(stderr, "enrich: %s: %llu of %llu events, %llu with a fact\n",
                 done.failure ? done.failure->message.c_str() : "wrong",
                 static_cast<unsigned long long>(seen), static_cast<unsigned long long>(n),
                 static_cast<unsigned long long>(with_fact));
    std::exit(1);
  }
  return seconds;
}

/// What two cores do without an enrichment: the same stages, and a fact made on the spot.
double without_look_up(std::uint64_t n) {
  return run(
      n, [](std::uint64_t i) { return static_cast<std::int64_t>(i % users); },
      [](auto in) {
        return std::move(in).stage("").map([](const click& c) {
          return enriched<click, std::string>{c, "fact of user 123456", fact_source::found};
        });
      });
}

/// Asks for as many keys with nothing round it: one request after the other.
double plain_requests(const test::redis_server& server, std::uint64_t n) {
  redis::pipe to{redis::server::parse(server.url()), test::quick()};
  return seconds_of([&] {
    redis::command_list one;
    for (std::uint64_t from = 0; from < n; from += batch) {
      one.clear();
      one.begin(batch + 1);
      one.argument("MGET");
      for (std::uint64_t i = from; i < from + batch; ++i)
        one.argument("user:" + std::to_string(i * 7919 % users));
      if (to.run(one).value().front().items.size() != batch) std::exit(1);
    }
  });
}

}  // namespace

void enrich_bench(std::vector<measurement>& out) {
  const test::redis_server server{{"--appendonly", "no"}};
  fill(server);
  const auto of = [&] {
    return redis::get<std::string>(server.url(), &click::user,
                                   {.prefix = "user:", .batch = batch, .server = test::quick()});
  };
  constexpr std::uint64_t cold = 1'000'000;
  constexpr std::uint64_t warm = 6'000'000;
  const auto every_user = [](std::uint64_t i) {
    return static_cast<std::int64_t>(i * 7919 % users);
  };
  // Of 100 events 95 are of 10,000 users, and the others of users not seen lately.
  const auto mostly_known = [](std::uint64_t i) {
    return static_cast<std::int64_t>(i % 20 == 0 ? 10'000 + i / 20 % (users - 10'000)
                                                 : i * 7919 % 10'000);
  };
  const auto times = in_turn(
      {
          [&] {
            run(cold, every_user,
                [&](auto in) { return std::move(in).enrich(of(), {.capacity = 16'384}); });
          },
          [&] { plain_requests(server, cold); },
          [&] {
            run(warm, mostly_known, [&](auto in) {
              return std::move(in).enrich(
                  of(),
                  {.capacity = 16'384, .order = enrich_order::none, .cache = {.entries = 20'000}});
            });
          },
          [&] { without_look_up(warm); },
      },
      3);
  out.push_back(rate("enrich", "cold_cache", cold, times[0], times[1],
                     "MGET of 512 keys, no cache; baseline: the same requests one after the other, "
                     "without events"));
  out.push_back(rate("enrich", "warm_cache", warm, times[2], times[3],
                     "95 % hits, no order; baseline: the same stages without a look-up"));
}

}  // namespace weir::bench

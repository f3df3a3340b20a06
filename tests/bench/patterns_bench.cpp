// SPDX-License-Identifier: BSD-3-Clause
// Pattern detection through the detect operator of one stage: events in, watermarks, matches out;
// one core, no channels.
#include "bench/allocations.hpp"
#include "bench/consumer.hpp"
#include "bench/harness.hpp"
#include "bench/random.hpp"
#include "weir/flow/fused.hpp"
#include "weir/flow/segment_ends.hpp"
#include "weir/patterns/detect_operator.hpp"
#include "weir/patterns/detect_rules_operator.hpp"
#include "weir/patterns/pattern.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace weir::bench {

namespace {

using namespace std::chrono_literals;

struct trade {
  std::uint64_t key = 0;
  std::uint32_t kind = 0;
  std::uint32_t flags = 0;
  double price = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(trade, (), (key, kind, flags, price, at))

/// Takes matches and counts them.
template <class V>
class counting final : public consumer<V> {
public:
  explicit counting(std::uint64_t& n) : n_(&n) {}
  flow::verdict on_batch(batch<V>& in, bool, flow::step&) override {
    *n_ += in.size();
    return flow::verdict::done;
  }

private:
  std::uint64_t* n_;
};

/// What a run of one pattern came to.
struct outcome {
  std::uint64_t matches = 0;
  double bytes = 0;               ///< Of the partial matches, at the end.
  double partial = 0;             ///< Their number, at the end.
  std::uint64_t allocations = 0;  ///< After the first tenth.
};

/// Sends `events` through one operator, in batches of 1,024 with a watermark behind each. `In` is
/// what the operator takes: `make(n)` gives an event and its time.
template <class T, class In, class Op, class Make>
outcome run_operator(Op op, std::uint64_t events, Make make) {
  outcome out;
  auto metrics = std::make_shared<stage_metrics>();
  flow::operator_environment environment{"detect", 0, 1, 128, metrics.get(), {}};
  std::vector<std::unique_ptr<flow::segment<match<T>>>> consumers;
  consumers.push_back(std::make_unique<counting<match<T>>>(out.matches));
  flow::fused<In, flow::node_end<match<T>>, Op> chain{
      std::tuple<Op>{std::move(op)},
      flow::node_end<match<T>>{std::make_unique<flow::fan_out<match<T>>>(std::move(consumers))},
      {environment},
      {}};
  flow::effects effects;
  flow::event_errors errors{"bench", {}, nullptr, metrics};
  batch<In> in;
  std::uint64_t before = 0;
  for (std::uint64_t n = 0; n < events;) {
    if (before == 0 && n >= events / 10) before = allocations_so_far();
    in.clear();
    timestamp last = min_timestamp;
    for (std::size_t i = 0; i < 1024; ++i, ++n) {
      auto e = make(n);
      last = e.at;
      in.push(In{std::move(e)}, last);
    }
    flow::step s{.out = effects, .errors = errors, .wall = timestamp{}, .budget = 1 << 20};
    if (chain.on_batch(in, true, s) != flow::verdict::done) std::abort();
    if (chain.on_progress({last - 1us, false}, s) != flow::verdict::done) std::abort();
  }
  out.allocations = allocations_so_far() - before;
  metrics->each_gauge([&](const std::string& name, std::int64_t v) {
    if (name == "partial_match_bytes") out.bytes = static_cast<double>(v);
    if (name == "partial_matches") out.partial = static_cast<double>(v);
  });
  return out;
}

template <class Make>
outcome run_pattern(const pattern<trade>& p, std::uint64_t events, Make make) {
  auto plan = p.compile().value();
  using op = operators::detect<std::uint64_t, trade, std::uint64_t trade::*>;
  return run_operator<trade, trade>(op{&trade::key, plan, {}}, events, make);
}

/// Rules as data, all at once: pairs of kinds that follow each other.
template <class Make>
outcome run_rules(int rules, std::uint64_t events, Make make) {
  std::vector<pattern_rule> all;
  for (int i = 0; i < rules; ++i) {
    pattern_rule r;
    r.id = "rule-" + std::to_string(i);
    r.version = 1;
    r.within = "1s";
    r.steps.emplace(2);
    (*r.steps)[0].step = "a";
    (*r.steps)[0].where = "kind == " + std::to_string(i);
    (*r.steps)[1].step = "b";
    (*r.steps)[1].where = "kind == " + std::to_string(i + 1) + " and price > a.first.price";
    all.push_back(std::move(r));
  }
  using op = operators::detect_rules<std::uint64_t, trade, std::uint64_t trade::*>;
  return run_operator<trade, typename op::event>(op{&trade::key, {}, std::move(all)}, events, make);
}

/// A bid of the Nexmark benchmark: ids and prices as its generator makes them.
struct bid {
  std::uint64_t auction = 0;
  std::uint64_t bidder = 0;
  std::int64_t price = 0;  ///< Cents.
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(bid, (), (auction, bidder, price, at))

auto nexmark_bids() {
  return [random = first_random](std::uint64_t n) mutable {
    const auto below = [&](std::uint64_t m) { return (next_random(random) >> 16) % m; };
    const std::uint64_t id = n / 46 * 50 + 4 + n % 46;  // of 50 events, 46 are bids
    const std::uint64_t auctions = id / 50 * 3 + 2;
    const std::uint64_t people = id / 50;
    const std::uint64_t oldest = auctions > 100 ? auctions - 100 : 0;
    const std::uint64_t active = std::min<std::uint64_t>(people + 1, 1000);
    bid b;
    b.auction =
        1000 + (below(2) != 0 ? auctions / 100 * 100 : oldest + below(auctions - oldest + 11));
    b.bidder =
        1000 + (below(4) != 0 ? people / 100 * 100 + 1 : people + 1 - active + below(active + 10));
    b.price =
        std::llround(std::pow(10.0, static_cast<double>(below(1 << 20)) / (1 << 20) * 6) * 100);
    b.at = timestamp{10us * static_cast<std::int64_t>(id)};
    return b;
  };
}

template <class Key, class KeyOf>
outcome run_bids(const pattern<bid>& p, KeyOf key_of, std::uint64_t events) {
  using op = operators::detect<Key, bid, KeyOf>;
  return run_operator<bid, bid>(op{key_of, p.compile().value(), {}}, events, nexmark_bids());
}

template <class Run>
void measure(std::vector<measurement>& out, std::string name, double events, std::string what,
             Run run) {
  outcome last;
  std::vector<double> seconds_of_runs;
  for (int round = 0; round < 4; ++round) {
    const double t = core_seconds_of([&] { last = run(); });
    if (round != 0) seconds_of_runs.push_back(t);  // the first round warms up
  }
  const double seconds = median(std::move(seconds_of_runs));
  measurement m{"patterns", name, events / seconds / 1e6, "million events/s", {}, {}, what};
  m.note += "; " + std::to_string(last.matches) + " matches, " +
            std::to_string(static_cast<std::uint64_t>(last.partial)) + " partial in " +
            std::to_string(static_cast<std::uint64_t>(last.bytes)) + " bytes at the end";
  out.push_back(std::move(m));
}

auto is_kind(std::uint32_t kind) {
  return [kind](const trade& t) { return t.kind == kind; };
}

/// Events of keys at random, of kinds at random, a microsecond or more apart.
auto random_trades(std::uint64_t keys, std::uint32_t kinds, duration step) {
  return [=, random = first_random](std::uint64_t n) mutable {
    const std::uint64_t x = next_random(random);
    return trade{(x >> 8) % keys, static_cast<std::uint32_t>((x >> 40) % kinds), 0,
                 static_cast<double>((x >> 24) & 1023), timestamp{step * static_cast<long>(n)}};
  };
}

void simple_cases(std::vector<measurement>& out) {
  constexpr std::uint64_t n = 10'000'000 / 1024 * 1024;
  const auto strict =
      pattern<trade>("a").where(is_kind(0)).next("b").where(is_kind(1)).next("c").where(is_kind(2));
  measure(out, "strict_3", n, "(a) a next b next c, 1 of 10 events an a, 100 keys",
          [&] { return run_pattern(strict, n, random_trades(100, 10, 1us)); });
  const auto pair =
      pattern<trade>("a").where(is_kind(0)).followed_by("b").where(is_kind(1)).within(30s);
  measure(out, "followed_by", n, "(b) a followed by b within 30 s, 10,000 keys, 5,000 events/s",
          [&] { return run_pattern(pair, n, random_trades(10'000, 10, 200us)); });
  const auto falling =
      pattern<trade>("start")
          .where(is_kind(0))
          .next("falling")
          .where([](const trade& t, const match_so_far<trade>& m) {
            const trade* last = m.last("falling");
            return t.price < (last != nullptr ? last->price : m.first("start")->price);
          })
          .one_or_more()
          .consecutive()
          .within(10s)
          .skip(skip_past_last());
  constexpr std::uint64_t few = 2'000'000 / 1024 * 1024;
  measure(out, "iterative_loop", few,
          "(c) one_or_more of falling prices, read from the match, 1,000 keys, skip past last",
          [&] { return run_pattern(falling, few, random_trades(1'000, 4, 10us)); });
  const auto sum = pattern<trade>("spend")
                       .where([](const trade& t) { return t.price < 100; })
                       .one_or_more()
                       .consecutive()
                       .followed_by("big")
                       .where([](const trade& t, const match_so_far<trade>& m) {
                         return t.price > 600 && t.price > m.sum("spend", &trade::price);
                       })
                       .within(1s);
  measure(out, "iterative_sum", few, "(c) a condition on the sum over a loop, 1,000 keys",
          [&] { return run_pattern(sum, few, random_trades(1'000, 4, 10us)); });
}

/// The four pattern queries of the Nexmark suite, as MATCH_RECOGNIZE says them: rows in a row.
void nexmark_cases(std::vector<measurement>& out) {
  constexpr std::uint64_t n = 2'000'000 / 1024 * 1024;
  const auto both = [](const bid& b) { return std::pair{b.auction, b.bidder}; };
  const auto auction = [](const bid& b) { return b.auction; };
  using pair_key = std::pair<std::uint64_t, std::uint64_t>;
  const auto falls_then_rises =
      pattern<bid>("a")
          .next("b")
          .where([](const bid& b, const match_so_far<bid>& m) {
            const bid* last = m.last("b");
            return b.price < (last != nullptr ? last : m.first("a"))->price;
          })
          .one_or_more()
          .consecutive()
          .greedy()
          .next("c")
          .where(
              [](const bid& b, const match_so_far<bid>& m) { return b.price > m.last("b")->price; })
          .skip(skip_past_last());
  measure(out, "nexmark_cep_q0", n, "(e) A B+ C, falling prices by auction and bidder",
          [&] { return run_bids<pair_key>(falls_then_rises, both, n); });
  const auto cheap = [](after_match skip) {
    return pattern<bid>("a")
        .where([](const bid& b, const match_so_far<bid>& m) {
          const auto count = static_cast<double>(m.count("a") + 1);
          return static_cast<double>(m.sum("a", &bid::price) + b.price) / count < 10'000;
        })
        .one_or_more()
        .consecutive()
        .greedy()
        .next("b")
        .skip(std::move(skip));
  };
  measure(out, "nexmark_cep_q1", n, "(e) A+ B, mean price below 10,000 by auction, skip past last",
          [&] { return run_bids<std::uint64_t>(cheap(skip_past_last()), auction, n); });
  measure(out, "nexmark_cep_q2", n, "(e) the same, skip to next",
          [&] { return run_bids<std::uint64_t>(cheap(skip_to_next()), auction, n); });
  const auto drop = pattern<bid>("a")
                        .next("b")
                        .where([](const bid& b, const match_so_far<bid>& m) {
                          return m.first("a")->price - b.price >= 50;
                        })
                        .within(5s);
  measure(out, "nexmark_cep_q3", n, "(e) A B, price drop of 50 or more within 5 s by auction",
          [&] { return run_bids<std::uint64_t>(drop, auction, n); });
}

void rules_case(std::vector<measurement>& out) {
  constexpr std::uint64_t n = 500'000 / 1024 * 1024;
  measure(out, "rules_100", n, "(d) 100 rules as data at once, 1,000 keys, 200 kinds of event",
          [&] { return run_rules(100, n, random_trades(1'000, 200, 10us)); });
}

/// How often memory is asked for where no match begins.
void allocations_case(std::vector<measurement>& out) {
  constexpr std::uint64_t n = 2'000'000 / 1024 * 1024;
  const auto never =
      pattern<trade>("a").where(is_kind(99)).followed_by("b").where(is_kind(1)).within(30s);
  const outcome o = run_pattern(never, n, random_trades(10'000, 10, 200us));
  out.push_back({"patterns",
                 "allocations_idle",
                 static_cast<double>(o.allocations) / (static_cast<double>(n) * 0.9),
                 "per event",
                 {},
                 {},
                 "events that begin no match; " + std::to_string(o.allocations) + " in all"});
}

}  // namespace

void patterns_bench(std::vector<measurement>& out) {
  simple_cases(out);
  rules_case(out);
  nexmark_cases(out);
  allocations_case(out);
}

}  // namespace weir::bench

// SPDX-License-Identifier: BSD-3-Clause
// Pattern detection through the detect operator of one stage: events in, watermarks, matches out;
// one core, no channels.
#include "bench/allocations.hpp"
#include "bench/harness.hpp"
#include "weir/flow/fused.hpp"
#include "weir/flow/segment_ends.hpp"
#include "weir/patterns/detect_operator.hpp"
#include "weir/patterns/pattern.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <cstdlib>
#include <ctime>
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

/// Marsaglia's xorshift64.
std::uint64_t next_random(std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/// Takes matches and counts them.
template <class V>
class counting final : public flow::segment<V> {
public:
  explicit counting(std::uint64_t& n) : n_(&n) {}
  flow::verdict on_batch(batch<V>& in, bool, flow::step&) override {
    *n_ += in.size();
    return flow::verdict::done;
  }
  flow::verdict on_progress(flow::progress, flow::step&) override { return flow::verdict::done; }
  flow::verdict on_time(flow::step&) override { return flow::verdict::done; }
  flow::verdict on_completion(flow::step&) override { return flow::verdict::done; }
  [[nodiscard]] timestamp next_timer() const override { return max_timestamp; }
  flow::verdict snapshot(flow::barrier, snapshot_writer&, flow::step&) override {
    return flow::verdict::done;
  }
  void restore(snapshot_reader&) override {}
  result<void> commit(flow::barrier) override { return {}; }
  [[nodiscard]] std::size_t events_held() const override { return 0; }
  [[nodiscard]] std::size_t worked() const override { return 0; }

private:
  std::uint64_t* n_;
};

/// What a run of one pattern came to.
struct outcome {
  std::uint64_t matches = 0;
  double bytes = 0;        ///< Of the partial matches, at the end.
  double partial = 0;      ///< Their number, at the end.
  std::uint64_t allocations = 0;  ///< After the first tenth.
};

/// Sends `events` through one operator, in batches of 1,024 with a watermark behind each.
template <class T, class Op, class Make>
outcome run_operator(Op op, std::uint64_t events, Make make) {
  outcome out;
  auto metrics = std::make_shared<stage_metrics>();
  flow::operator_environment environment{"detect", 0, 1, 128, metrics.get(), {}};
  std::vector<std::unique_ptr<flow::segment<match<T>>>> consumers;
  consumers.push_back(std::make_unique<counting<match<T>>>(out.matches));
  flow::fused<T, flow::node_end<match<T>>, Op> chain{
      std::tuple<Op>{std::move(op)},
      flow::node_end<match<T>>{std::make_unique<flow::fan_out<match<T>>>(std::move(consumers))},
      {environment},
      {}};
  flow::effects effects;
  flow::event_errors errors{"bench", {}, nullptr, metrics};
  batch<T> in;
  std::uint64_t before = 0;
  for (std::uint64_t n = 0; n < events;) {
    if (before == 0 && n >= events / 10) before = allocations_so_far();
    in.clear();
    timestamp last = min_timestamp;
    for (std::size_t i = 0; i < 1024; ++i, ++n) {
      T e = make(n);
      last = e.at;
      in.push(e, e.at);
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
  return run_operator<trade>(op{&trade::key, plan, {}}, events, make);
}

/// Seconds of one core that `work` takes; the machine may do other things meanwhile.
double core_seconds_of(const std::function<void()>& work) {
  const auto now = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  };
  const double began = now();
  work();
  return now() - began;
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
  return [=, random = std::uint64_t{88172645463325252ULL}](std::uint64_t n) mutable {
    const std::uint64_t x = next_random(random);
    return trade{(x >> 8) % keys, static_cast<std::uint32_t>((x >> 40) % kinds), 0,
                 static_cast<double>((x >> 24) & 1023), timestamp{step * static_cast<long>(n)}};
  };
}

void simple_cases(std::vector<measurement>& out) {
  constexpr std::uint64_t n = 10'000'000 / 1024 * 1024;
  const auto strict = pattern<trade>("a").where(is_kind(0)).next("b").where(is_kind(1)).next("c").where(
      is_kind(2));
  measure(out, "strict_3", n, "(a) a next b next c, 1 of 10 events an a, 100 keys",
          [&] { return run_pattern(strict, n, random_trades(100, 10, 1us)); });
  const auto pair =
      pattern<trade>("a").where(is_kind(0)).followed_by("b").where(is_kind(1)).within(30s);
  measure(out, "followed_by", n, "(b) a followed by b within 30 s, 10,000 keys, 5,000 events/s",
          [&] { return run_pattern(pair, n, random_trades(10'000, 10, 200us)); });
  const auto falling = pattern<trade>("start")
                           .where(is_kind(0))
                           .next("falling")
                           .where([](const trade& t, const match_so_far<trade>& m) {
                             const trade* last = m.last("falling");
                             return t.price < (last != nullptr ? last->price
                                                               : m.first("start")->price);
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

/// How often memory is asked for where no match begins.
void allocations_case(std::vector<measurement>& out) {
  constexpr std::uint64_t n = 2'000'000 / 1024 * 1024;
  const auto never =
      pattern<trade>("a").where(is_kind(99)).followed_by("b").where(is_kind(1)).within(30s);
  const outcome o = run_pattern(never, n, random_trades(10'000, 10, 200us));
  out.push_back({"patterns", "allocations_idle",
                 static_cast<double>(o.allocations) / (static_cast<double>(n) * 0.9), "per event",
                 {}, {}, "events that begin no match; " + std::to_string(o.allocations) + " in all"});
}

}  // namespace

void patterns_bench(std::vector<measurement>& out) {
  simple_cases(out);
  allocations_case(out);
}

}  // namespace weir::bench

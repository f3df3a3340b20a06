// SPDX-License-Identifier: BSD-3-Clause
// What the engine costs: a fused chain and a keyed window against hand-written loops, latency,
// allocations.
#include "bench/allocations.hpp"
#include "bench/consumer.hpp"
#include "bench/harness.hpp"
#include "bench/random.hpp"
#include "weir/runtime/runtime.hpp"
#include "weir/stream.hpp"

#include <boost/describe/class.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace weir::bench {

namespace {

/// 32 bytes, as small events are.
struct bid {
  std::uint64_t auction = 0;
  std::uint64_t bidder = 0;
  std::uint64_t price = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(bid, (), (auction, bidder, price, at))

bid make_bid(std::uint64_t i) {
  const std::uint64_t x = mix(i);
  return {x % 10'000, (x >> 20) % 1'000, (x >> 32) % 100'000,
          timestamp{duration{static_cast<duration::rep>(i)}}};
}

bool is_cheap(const bid& b) { return b.price % 10 != 9; }
bid discounted(const bid& b) { return {b.auction, b.bidder, b.price * 89 / 100, b.at}; }
bool is_known(const bid& b) { return b.bidder != 7; }

using price_table = std::vector<std::uint64_t>;

/// Takes batches and sums their prices for each auction, as a consumer would do something with
/// them.
class price_sum final : public consumer<bid> {
public:
  explicit price_sum(price_table& sums) : sums_(&sums) {}

  flow::verdict on_batch(batch<bid>& in, bool, flow::step&) override {
    for (const bid& b : in.values) (*sums_)[b.auction] += b.price;
    return flow::verdict::done;
  }

private:
  price_table* sums_;
};

constexpr std::size_t batch_size = 1024;

bid next_bid(std::uint64_t& random, std::uint64_t i) {
  const std::uint64_t x = next_random(random);
  return {x % 10'000, (x >> 20) % 1'000, (x >> 32) % 100'000,
          timestamp{duration{static_cast<duration::rep>(i)}}};
}

/// Overwrites a batch with new bids; kept apart, so that no candidate is fused with it.
__attribute__((noinline)) void fill(batch<bid>& b, std::uint64_t& random, std::uint64_t from) {
  b.clear();
  std::uint64_t state = random;  // in a register, as in the loop without batches
  batch_writer to{b, batch_size};
  for (std::size_t i = 0; i < batch_size; ++i)
    to.push(next_bid(state, from + i), timestamp{duration{static_cast<duration::rep>(from + i)}});
  to.finish(b);
  random = state;
}

void fused_chain(std::vector<measurement>& out) {
  constexpr std::uint64_t events = 20'000'000 / batch_size * batch_size;
  price_table by_chain(10'000), by_batches(10'000), by_loop(10'000);

  const auto through_chain = [&] {
    auto filter_1 = [](const bid& b) { return is_cheap(b); };
    auto map_1 = [](const bid& b) { return discounted(b); };
    auto filter_2 = [](const bid& b) { return is_known(b); };
    using chain =
        flow::fused<bid, flow::node_end<bid>, operators::filter<decltype(filter_1)>,
                    operators::map<decltype(map_1)>, operators::filter<decltype(filter_2)>>;
    std::vector<std::unique_ptr<flow::segment<bid>>> consumers;
    consumers.push_back(std::make_unique<price_sum>(by_chain));
    chain fused{
        std::tuple{operators::filter{filter_1}, operators::map{map_1}, operators::filter{filter_2}},
        flow::node_end<bid>{std::make_unique<flow::fan_out<bid>>(std::move(consumers))},
        std::vector<flow::operator_environment>(3),
        {}};
    flow::effects effects;
    flow::event_errors errors{"bench", {}, nullptr, std::make_shared<stage_metrics>()};
    batch<bid> in;
    std::uint64_t random = first_random;
    for (std::uint64_t n = 0; n < events; n += batch_size) {
      fill(in, random, n);
      flow::step s{.out = effects, .errors = errors, .wall = timestamp{}, .budget = batch_size};
      if (fused.on_batch(in, false, s) != flow::verdict::done) std::abort();
    }
  };
  const auto over_batches = [&] {
    flow::effects effects;
    flow::event_errors errors{"bench", {}, nullptr, std::make_shared<stage_metrics>()};
    flow::step s{.out = effects, .errors = errors, .wall = timestamp{}};
    price_sum sum{by_batches};
    flow::segment<bid>* consumer = &sum;
    batch<bid> in, passed;
    std::uint64_t random = first_random;
    for (std::uint64_t n = 0; n < events; n += batch_size) {
      fill(in, random, n);
      for (std::size_t i = 0; i < in.size(); ++i) {
        if (!is_cheap(in.values[i])) continue;
        const bid b = discounted(in.values[i]);
        if (is_known(b)) passed.push(b, in.times[i]);
      }
      consumer->on_batch(passed, true, s);
      passed.clear();
    }
  };
  const auto without_batches = [&] {
    std::uint64_t random = first_random;
    for (std::uint64_t n = 0; n < events; ++n) {
      bid b = next_bid(random, n);
      if (!is_cheap(b)) continue;
      b = discounted(b);
      if (is_known(b)) by_loop[b.auction] += b.price;
    }
  };
  const auto t = in_turn({through_chain, over_batches, without_batches});
  if (by_chain != by_batches || by_chain != by_loop) std::abort();
  out.push_back(rate("pipeline", "fused_chain", events, t[0], t[1],
                     "filter, map, filter from batch to batch ÷ the same by hand"));
  out.push_back(rate("pipeline", "fused_chain_no_batches", events, t[0], t[2],
                     "the same ÷ a loop that makes no batches"));
}

constexpr std::uint64_t window_events = 30'000'000;
constexpr std::int64_t window_micros = 1'000'000;

std::uint64_t windows_by_engine(std::uint64_t& checksum) {
  pipeline p{"keyed window", {.parallelism = 2}};
  std::atomic<std::uint64_t> rows{0};
  std::uint64_t sum = 0;
  p.from(generator{[](std::uint64_t i) { return make_bid(i); }, {.events = window_events}})
      .event_time(&bid::at, bounded_out_of_orderness{std::chrono::milliseconds{100}})
      .filter([](const bid& b) { return is_cheap(b); })
      .map([](const bid& b) { return discounted(b); })
      .key_by(&bid::auction)
      .window(tumbling{duration{window_micros}})
      .aggregate(count{})
      .named("per auction")
      .to(callback_sink{[&](const window_result<std::uint64_t, std::uint64_t>& r) {
        sum += r.value * (r.key + 1);
        rows.fetch_add(1, std::memory_order_relaxed);
      }});
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  if (!running) std::abort();
  const run_summary done = running->wait();
  if (done.failure || done.late_events != 0) std::abort();
  checksum = sum;
  return rows;
}

std::uint64_t windows_by_hand(std::uint64_t& checksum) {
  // The same work in one thread: the same hash and table, and a watermark that closes windows.
  boost::unordered_flat_map<std::uint64_t, std::uint64_t, key_hasher<std::uint64_t>> counts;
  std::uint64_t rows = 0, sum = 0;
  std::int64_t start = 0;
  const auto close = [&] {
    for (const auto& [key, n] : counts) {
      sum += n * (key + 1);
      ++rows;
    }
    counts.clear();
  };
  for (std::uint64_t i = 0; i < window_events; ++i) {
    bid b = make_bid(i);
    if (!is_cheap(b)) continue;
    b = discounted(b);
    if (b.at.time_since_epoch().count() >= start + window_micros) {
      close();
      start += window_micros;
    }
    ++counts[b.auction];
  }
  close();
  checksum = sum;
  return rows;
}

void keyed_window(std::vector<measurement>& out) {
  std::uint64_t rows[2] = {}, sums[2] = {};
  const auto t = in_turn(
      {[&] { rows[0] = windows_by_engine(sums[0]); }, [&] { rows[1] = windows_by_hand(sums[1]); }},
      3);
  if (rows[0] != rows[1] || sums[0] != sums[1]) {
    std::fprintf(stderr, "bench: the engine and the loop disagree: %lu rows and %lu\n", rows[0],
                 rows[1]);
    std::abort();
  }
  out.push_back(rate(
      "pipeline", "keyed_window", window_events, t[0], t[1],
      "source, filter, map, exchange over 2, tumbling count of 10,000 keys ÷ one thread by hand"));
}

void latency(std::vector<measurement>& out) {
  pipeline p{"latency", {.parallelism = 2}};
  p.from(
       generator{[](std::uint64_t i) { return make_bid(i); }, {.events = 500'000, .rate = 100'000}})
      .filter([](const bid& b) { return is_cheap(b); })
      .key_by(&bid::auction)
      .reduce([](const bid& a, const bid& b) { return a.price > b.price ? a : b; })
      .named("highest")
      .to(callback_sink{[](const bid&) {}});
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  if (!running) std::abort();
  const run_summary done = running->wait();
  const auto add = [&](const char* name, std::chrono::nanoseconds t) {
    out.push_back({"pipeline",
                   std::string{"latency_"} + name,
                   static_cast<double>(t.count()) / 1e6,
                   "ms",
                   {},
                   {},
                   "100,000 events/s, source to sink over three stages, from the intended time"});
  };
  add("p50", done.latency.p50);
  add("p99", done.latency.p99);
  add("p99.9", done.latency.p999);
  add("max", done.latency.max);
}

void allocations(std::vector<measurement>& out) {
  constexpr std::uint64_t events = 20'000'000;
  // Counts what is allocated in the middle of the run, when buffers have come to their size.
  std::uint64_t before = 0, frames_before = 0, events_before = 0;
  std::uint64_t after = 0, frames_after = 0, events_after = 0;
  pipeline p{"allocations", {.parallelism = 2}};
  std::atomic<std::uint64_t> seen{0};
  p.from(generator{[](std::uint64_t i) { return make_bid(i); }, {.events = events}})
      .filter([](const bid& b) { return is_cheap(b); })
      .key_by(&bid::auction)
      .reduce([](const bid& a, const bid& b) { return a.price > b.price ? a : b; })
      .named("highest")
      .to(callback_sink{[&](const bid&) { seen.fetch_add(1, std::memory_order_relaxed); }});
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  if (!running) std::abort();
  const auto frames = [&] {
    std::uint64_t n = 0;
    for (const instance_status& s : running->status()) n += s.metrics->frames_in.get();
    return n;
  };
  while (seen < events / 10 && !running->wait_for(std::chrono::milliseconds{1})) {
  }
  before = allocations_so_far(), frames_before = frames(), events_before = seen;
  while (seen < events * 8 / 10 && !running->wait_for(std::chrono::milliseconds{1})) {
  }
  after = allocations_so_far(), frames_after = frames(), events_after = seen;
  running->wait();
  const double allocated = static_cast<double>(after - before);
  out.push_back({"pipeline",
                 "allocations",
                 allocated / static_cast<double>(events_after - events_before) * 1e6,
                 "a million events",
                 {},
                 {},
                 "heap allocations in steady state, all threads"});
  out.push_back({"pipeline",
                 "allocations_frame",
                 allocated / static_cast<double>(frames_after - frames_before),
                 "a frame and hop",
                 {},
                 {},
                 "the same by frames received"});
}

}  // namespace

void pipeline_bench(std::vector<measurement>& out) {
  fused_chain(out);
  keyed_window(out);
  latency(out);
  allocations(out);
}

}  // namespace weir::bench

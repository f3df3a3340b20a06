// SPDX-License-Identifier: BSD-3-Clause
// What windows cost: one operator in one thread, fed from batches, firings included.
#include "bench/consumer.hpp"
#include "bench/harness.hpp"
#include "bench/random.hpp"
#include "weir/stream.hpp"

#include <boost/describe/class.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace weir::bench {

namespace {

/// 16 bytes.
struct hit {
  std::uint64_t key = 0;
  std::int64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(hit, (), (key, value))

using key_of_hit = std::uint64_t hit::*;
struct as_it_is {
  template <class R>
  R operator()(R r) const {
    return r;
  }
};
using fold = operators::aggregate_fold<std::uint64_t, hit, count, as_it_is>;
using row = fold::result;
using queue = operators::pane_queue<hit, fold>;

using tumbling_engine = operators::tumbling_operator<std::uint64_t, hit, key_of_hit, fold>;
template <class Store, bool Late>
using hopping_engine = operators::pane_operator<std::uint64_t, hit, key_of_hit, fold, Store, Late>;
using sliding_engine =
    operators::sliding_operator<std::uint64_t, hit, key_of_hit, fold, queue, false>;
using session_engine =
    operators::window_operator<std::uint64_t, hit, key_of_hit, session<fixed_gap>, at_window_end,
                               operators::folded_contents<hit, fold>,
                               operators::each_result<std::uint64_t, fold>, false>;

/// Counts rows, and sums them up so that they can be compared.
class row_counter final : public consumer<row> {
public:
  std::uint64_t rows = 0;
  std::uint64_t sum = 0;

  flow::verdict on_batch(batch<row>& in, bool, flow::step&) override {
    rows += in.size();
    for (const row& r : in.values) sum += r.value * (r.key + 1);
    return flow::verdict::done;
  }
};

constexpr std::size_t batch_size = 1024;

/// The key of the event of that number. Without a division, which would take a loop of a constant
/// number of keys less time than one that is told it.
std::uint64_t key_at(std::uint64_t i, std::uint64_t keys) {
  return ((mix(i) >> 32U) * keys) >> 32U;
}

duration ticks_of(std::uint64_t n) { return duration{static_cast<std::int64_t>(n)}; }

/// One operator in a loop over batches, as a stage runs it.
template <class Op>
class bench_stage {
public:
  explicit bench_stage(Op op)
      : metrics_(std::make_shared<stage_metrics>()), errors_{"bench", {}, nullptr, metrics_} {
    auto counter = std::make_unique<row_counter>();
    rows_ = counter.get();
    std::vector<std::unique_ptr<flow::segment<row>>> consumers;
    consumers.push_back(std::move(counter));
    std::vector<flow::operator_environment> environments(1);
    environments[0].metrics = metrics_.get();
    chain_ = std::make_unique<chain>(
        std::tuple<Op>{std::move(op)},
        flow::node_end<row>{std::make_unique<flow::fan_out<row>>(std::move(consumers))},
        std::move(environments), std::vector<std::unique_ptr<flow::fan_out_base>>{});
  }

  /// Feeds `n` events, `per_tick` of which share a microsecond; the watermark is just behind them.
  void feed(std::uint64_t n, std::uint64_t keys, std::uint64_t per_tick = 1) {
    for (const std::uint64_t end = next_ + n; next_ < end; next_ += batch_size) {
      fill(keys, per_tick);
      flow::step s{.out = effects_, .errors = errors_, .wall = {}, .budget = SIZE_MAX};
      if (chain_->on_batch(in_, false, s) != flow::verdict::done) std::abort();
      to(in_.times.back() - duration{1});
    }
  }
  /// Feeds `n` slides, in each of which every key has `per_slide` events, from time `at` on.
  void slides(std::uint64_t n, std::uint64_t keys, std::uint64_t per_slide, std::uint64_t slide,
              std::uint64_t& at) {
    for (std::uint64_t i = 0; i < n; ++i, at += slide) {
      const std::uint64_t all = keys * per_slide;
      for (std::uint64_t from = 0; from < all; from += batch_size) {
        const std::size_t size = std::min<std::uint64_t>(batch_size, all - from);
        in_.values.resize(size);
        in_.times.resize(size);
        for (std::size_t j = 0; j < size; ++j) {
          in_.values[j] = {(from + j) % keys, 1};
          in_.times[j] = timestamp{ticks_of(at + (from + j) * slide / all)};
        }
        flow::step s{.out = effects_, .errors = errors_, .wall = {}, .budget = SIZE_MAX};
        if (chain_->on_batch(in_, false, s) != flow::verdict::done) std::abort();
        to(in_.times.back() - duration{1});
      }
    }
  }
  void to(timestamp watermark) {
    flow::step s{.out = effects_, .errors = errors_, .wall = {}, .budget = SIZE_MAX};
    if (chain_->on_progress({watermark, false}, s) != flow::verdict::done) std::abort();
  }
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_->rows; }
  [[nodiscard]] std::uint64_t sum() const noexcept { return rows_->sum; }
  [[nodiscard]] std::uint64_t late() const noexcept { return metrics_->late_events.get(); }

private:
  using chain = flow::fused<hit, flow::node_end<row>, Op>;

  __attribute__((noinline)) void fill(std::uint64_t keys, std::uint64_t per_tick) {
    in_.values.resize(batch_size);
    in_.times.resize(batch_size);
    for (std::size_t i = 0; i < batch_size; ++i) {
      in_.values[i] = {key_at(next_ + i, keys), 1};
      in_.times[i] = timestamp{duration{static_cast<std::int64_t>((next_ + i) / per_tick)}};
    }
  }

  std::shared_ptr<stage_metrics> metrics_;
  flow::event_errors errors_;
  flow::effects effects_;
  std::unique_ptr<chain> chain_;
  row_counter* rows_ = nullptr;
  batch<hit> in_;
  std::uint64_t next_ = 0;
};

fold counting() { return {count{}, {}}; }

tumbling_engine tumbling_of(std::uint64_t size) {
  return {tumbling{ticks_of(size)}, &hit::key, counting(), ""};
}
template <class Store = queue, bool Late = false>
hopping_engine<Store, Late> hopping_of(std::uint64_t size, std::uint64_t every,
                                       std::uint64_t lateness = 0) {
  return {hopping{ticks_of(size), ticks_of(every)}, &hit::key, counting(), ticks_of(lateness), ""};
}
session_engine session_of(std::uint64_t gap) {
  return {session{ticks_of(gap)},
          &hit::key,
          {},
          operators::folded_contents<hit, fold>{counting()},
          {},
          {}};
}

/// The rate of one engine, with its rows; what it holds in the end is measured apart.
template <class Make>
void engine_case(std::vector<measurement>& out, const std::string& name, std::uint64_t keys,
                 std::uint64_t events, Make make) {
  std::uint64_t rows = 0;
  std::vector<double> times;
  double bytes = 0;
  for (int round = 0; round < 3; ++round) {
    const std::size_t before = bytes_in_use();
    bench_stage stage{make()};
    times.push_back(seconds_of([&] { stage.feed(events, keys); }));
    bytes = static_cast<double>(bytes_in_use() - before);
    rows = stage.rows();
    if (stage.late() != 0) std::abort();
  }
  const std::string size = keys == 1'000'000 ? "_1m" : "_10k";
  out.push_back({"windows",
                 name + size,
                 static_cast<double>(events) / median(times) / 1e6,
                 "million events/s",
                 {},
                 {},
                 std::to_string(rows) + " rows, " + std::to_string(static_cast<int>(bytes / 1e6)) +
                     " MB held, " + std::to_string(keys) + " keys"});
}

void engines(std::vector<measurement>& out, std::uint64_t keys, std::uint64_t per_slide) {
  // A microsecond an event: a slide is as long as so many events a key take.
  const std::uint64_t slide = keys * per_slide;
  const std::uint64_t events =
      std::max<std::uint64_t>(4'000'000, 4 * keys) / batch_size * batch_size;
  engine_case(out, "tumbling", keys, events, [&] { return tumbling_of(slide); });
  engine_case(out, "hopping_2", keys, events, [&] { return hopping_of(2 * slide, slide); });
  engine_case(out, "hopping_60", keys, events, [&] { return hopping_of(60 * slide, slide); });
  using tree = operators::pane_tree<hit, fold>;
  engine_case(out, "hopping_60_lateness", keys, events,
              [&] { return hopping_of<tree, true>(60 * slide, slide, slide); });
  engine_case(out, "sliding", keys, events, [&] {
    return sliding_engine{sliding{ticks_of(10 * keys)}, &hit::key, counting(), ""};
  });
  engine_case(out, "session", keys, events, [&] { return session_of(2 * keys); });
}

/// Windows of `slides` slides over 1,000 keys, filled with one event a key and slide.
class steady_windows {
public:
  explicit steady_windows(std::uint64_t slides)
      : before_(bytes_in_use()), stage_(hopping_of(slides * slide, slide)) {
    // With the first few that leave again: queues that turned over all at once would do it there.
    for (std::uint64_t i = 0; i < slides + 4; ++i)
      slowest_ =
          std::max(slowest_, core_seconds_of([&] { stage_.slides(1, keys, 1, slide, at_); }));
  }

  /// Seconds for 200 slides with so many events a key.
  double run(std::uint64_t per_slide) {
    const std::uint64_t rows = stage_.rows();
    const double t = core_seconds_of([&] { stage_.slides(200, keys, per_slide, slide, at_); });
    rows_ = stage_.rows() - rows;
    return t;
  }
  /// What 200 slides gave, and what is held.
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] int megabytes() const {
    return static_cast<int>(static_cast<double>(bytes_in_use() - before_) / 1e6);
  }
  /// Seconds of the slowest slide while the windows filled.
  [[nodiscard]] double slowest() const { return slowest_; }

private:
  static constexpr std::uint64_t keys = 1'000;
  static constexpr std::uint64_t slide = 1'000'000;

  std::size_t before_;
  bench_stage<hopping_engine<queue, false>> stage_;
  std::uint64_t at_ = 0;
  std::uint64_t rows_ = 0;
  double slowest_ = 0;
};

}  // namespace

void tumbling_by_hand_bench(std::vector<measurement>& out) {
  constexpr std::uint64_t keys = 10'000;
  constexpr std::uint64_t events = 20'000 * batch_size;
  constexpr std::uint64_t size = 1'000'000;
  std::uint64_t rows[2] = {}, sums[2] = {};
  const auto by_engine = [&] {
    bench_stage stage{tumbling_of(size)};
    stage.feed(events, keys);
    stage.to(max_timestamp);
    rows[0] = stage.rows();
    sums[0] = stage.sum();
  };
  const auto by_hand = [&] {
    boost::unordered_flat_map<std::uint64_t, std::uint64_t, key_hasher<std::uint64_t>> counts;
    std::uint64_t n = 0, sum = 0, end = size;
    const auto close = [&] {
      for (const auto& [key, c] : counts) {
        ++n;
        sum += c * (key + 1);
      }
      counts.clear();
    };
    for (std::uint64_t i = 0; i < events; ++i) {
      if (i >= end) {
        close();
        end += size;
      }
      ++counts[key_at(i, keys)];
    }
    close();
    rows[1] = n;
    sums[1] = sum;
  };
  const auto t = in_turn({by_engine, by_hand}, 3);
  if (rows[0] != rows[1] || sums[0] != sums[1]) {
    std::fprintf(stderr, "bench: the engine and the loop disagree\n");
    std::abort();
  }
  out.push_back(rate("windows", "tumbling_by_hand", events, t[0], t[1],
                     "tumbling count of 10,000 keys, firings included ÷ a loop over a hash table"));
}

void window_engines_bench(std::vector<measurement>& out) {
  engines(out, 10'000, 10);
  engines(out, 1'000'000, 1);
}

void day_against_minute_bench(std::vector<measurement>& out) {
  steady_windows minute{60};
  const int minute_megabytes = minute.megabytes();
  steady_windows day{86'400};
  const auto add = [&](const char* name, std::uint64_t per_slide, const char* what) {
    std::vector<double> of_day, of_minute;
    for (int round = 0; round <= 7; ++round) {
      const double d = day.run(per_slide), m = minute.run(per_slide);
      if (round == 0) continue;  // it warms up
      of_day.push_back(d);
      of_minute.push_back(m);
    }
    const auto nanos = [&](std::vector<double> seconds) {
      return median(std::move(seconds)) / static_cast<double>(200 * 1'000 * per_slide) * 1e9;
    };
    const double d = nanos(of_day), m = nanos(of_minute);
    out.push_back({"windows", name, d, "ns an event", m, d / m,
                   "1 day every second ÷ 1 minute every second, 1,000 keys, " + std::string{what} +
                       "; 200 slides give " + std::to_string(day.rows()) + " and " +
                       std::to_string(minute.rows()) + " rows, MB held " +
                       std::to_string(day.megabytes()) + " and " +
                       std::to_string(minute_megabytes)});
  };
  add("day_against_minute", 10, "10 events a key and slide");
  add("day_against_minute_1", 1, "1 event a key and slide, so a row an event");
  out.push_back({"windows",
                 "day_slowest_slide",
                 day.slowest() * 1e3,
                 "ms",
                 {},
                 {},
                 "the slowest slide while the windows of 1 day fill up and begin to leave, 1,000 "
                 "keys, 1 event a key and slide"});
}

void tumbling_bytes_bench(std::vector<measurement>& out) {
  for (const std::uint64_t keys : {10'000ULL, 1'000'000ULL}) {
    const std::size_t before = bytes_in_use();
    bench_stage stage{tumbling_of(UINT32_MAX * 1'000ULL)};
    stage.feed(keys * 20, keys);
    const double bytes = static_cast<double>(bytes_in_use() - before);
    out.push_back({"windows",
                   keys == 10'000 ? "tumbling_bytes_10k" : "tumbling_bytes_1m",
                   bytes / static_cast<double>(keys),
                   "bytes a key",
                   {},
                   {},
                   "a tumbling count of 64-bit keys: heap in use, with the batches"});
  }
}

}  // namespace weir::bench

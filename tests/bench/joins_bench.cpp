// SPDX-License-Identifier: BSD-3-Clause
// What joins cost: one operator in one thread, fed from batches of both sides in turn, the end of
// what is kept included.
#include "bench/consumer.hpp"
#include "bench/harness.hpp"
#include "bench/random.hpp"
#include "weir/stream.hpp"

#include <boost/describe/class.hpp>

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
using both = flow::either<hit, hit>;

struct add_values {
  hit operator()(const hit& a, const hit& b) const { return {a.key, a.value + b.value}; }
  hit operator()(const hit& a, const hit* b) const {
    return {a.key, a.value + (b == nullptr ? 0 : b->value)};
  }
};

template <join_kind Kind>
using interval_engine =
    operators::interval_join<std::uint64_t, hit, hit, key_of_hit, key_of_hit, add_values, Kind>;
template <class Windows>
using window_engine = operators::window_join_of<std::uint64_t, hit, hit, key_of_hit, key_of_hit,
                                                add_values, join_kind::inner, Windows>;
using temporal_engine = operators::temporal_join<std::uint64_t, hit, hit, key_of_hit, key_of_hit,
                                                 add_values, join_kind::left>;

class row_counter final : public consumer<hit> {
public:
  std::uint64_t rows = 0;

  flow::verdict on_batch(batch<hit>& in, bool, flow::step&) override {
    rows += in.size();
    return flow::verdict::done;
  }
};

constexpr std::size_t batch_size = 1024;

/// One join in a loop over batches, as a stage runs it.
template <class Op>
class join_stage {
public:
  explicit join_stage(Op op)
      : metrics_(std::make_shared<stage_metrics>()), errors_{"bench", {}, nullptr, metrics_} {
    auto counter = std::make_unique<row_counter>();
    rows_ = counter.get();
    std::vector<std::unique_ptr<flow::segment<hit>>> consumers;
    consumers.push_back(std::move(counter));
    std::vector<flow::operator_environment> environments(1);
    environments[0].metrics = metrics_.get();
    chain_ = std::make_unique<chain>(
        std::tuple<Op>{std::move(op)},
        flow::node_end<hit>{std::make_unique<flow::fan_out<hit>>(std::move(consumers))},
        std::move(environments), std::vector<std::unique_ptr<flow::fan_out_base>>{});
  }

  /// Feeds `n` events, one a microsecond; of ten batches `right` are of the right side. `key_of`
  /// gives the key of a side's event by its number. The watermark is just behind them.
  template <class Key>
  void feed(std::uint64_t n, std::uint64_t right, Key key_of) {
    for (const std::uint64_t end = next_ + n; next_ < end; next_ += batch_size) {
      const bool is_right = next_ / batch_size % 10 < right;
      in_.clear();
      for (std::uint64_t i = next_; i < next_ + batch_size; ++i) {
        const hit h{key_of(is_right, i), 1};
        is_right ? in_.push(both{std::variant<hit, hit>{std::in_place_index<1>, h}}, time_of(i))
                 : in_.push(both{std::variant<hit, hit>{std::in_place_index<0>, h}}, time_of(i));
      }
      flow::step s{.out = effects_, .errors = errors_, .wall = {}, .budget = SIZE_MAX};
      if (chain_->on_batch(in_, true, s) != flow::verdict::done) std::abort();
      to(in_.times.back() - duration{1});
    }
  }
  void to(timestamp watermark) {
    flow::step s{.out = effects_, .errors = errors_, .wall = {}, .budget = SIZE_MAX};
    if (chain_->on_progress({watermark, false}, s) != flow::verdict::done) std::abort();
  }
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_->rows; }
  [[nodiscard]] std::int64_t held() const {
    std::int64_t n = 0;
    metrics_->each_gauge([&](const std::string& name, std::int64_t value) {
      if (name == ": rows held") n = value;
    });
    return n;
  }
  [[nodiscard]] std::uint64_t late() const noexcept { return metrics_->late_events.get(); }

private:
  using chain = flow::fused<both, flow::node_end<hit>, Op>;

  static timestamp time_of(std::uint64_t i) {
    return timestamp{duration{static_cast<std::int64_t>(i)}};
  }

  std::shared_ptr<stage_metrics> metrics_;
  flow::event_errors errors_;
  flow::effects effects_;
  std::unique_ptr<chain> chain_;
  row_counter* rows_ = nullptr;
  batch<both> in_;
  std::uint64_t next_ = 0;
};

duration ticks_of(std::uint64_t n) { return duration{static_cast<std::int64_t>(n)}; }

template <join_kind Kind = join_kind::inner>
interval_engine<Kind> interval_of(std::uint64_t before, std::uint64_t after) {
  return {{-ticks_of(before), ticks_of(after)}, &hit::key, &hit::key, {}, {}};
}
template <class Windows>
window_engine<Windows> window_of(Windows windows) {
  return {std::move(windows), &hit::key, &hit::key, {}, {}};
}

/// The rate of one join. `right` of ten batches are of the right side.
template <class Make, class Key>
void join_case(std::vector<measurement>& out, const std::string& name, std::uint64_t events,
               std::uint64_t right, Make make, Key key_of) {
  std::vector<double> times;
  std::string note;
  for (int round = 0; round < 3; ++round) {
    join_stage stage{make()};
    const double began = core_seconds();
    stage.feed(events, right, key_of);
    times.push_back(core_seconds() - began);
    note = std::to_string(stage.rows()) + " rows out, " + std::to_string(stage.held()) + " held";
    if (stage.late() != 0) std::abort();
    stage.to(max_timestamp);
    if (stage.held() != 0) std::abort();
  }
  out.push_back({"joins",
                 name,
                 static_cast<double>(events) / median(times) / 1e6,
                 "million events/s",
                 {},
                 {},
                 note});
}

void cases_of(std::vector<measurement>& out, std::uint64_t keys, const std::string& size) {
  const std::uint64_t events = std::max<std::uint64_t>(2'000'000, 3 * keys);
  const auto any = [keys](bool, std::uint64_t i) { return mix(i) % keys; };
  // An event of a key and side comes every 2 * keys: about one partner each.
  join_case(
      out, "interval" + size, events, 5, [&] { return interval_of(keys, keys); }, any);
  join_case(
      out, "interval_left" + size, events, 5,
      [&] { return interval_of<join_kind::left>(keys, keys); }, any);
  // An event of a key and side a window.
  join_case(
      out, "tumbling" + size, events, 5, [&] { return window_of(tumbling{ticks_of(2 * keys)}); },
      any);
  join_case(
      out, "hopping_2" + size, events, 5,
      [&] {
        return window_of(hopping{ticks_of(2 * keys), ticks_of(keys)});
      },
      any);
  join_case(
      out, "session" + size, events, 5, [&] { return window_of(session{ticks_of(keys)}); }, any);
  join_case(
      out, "temporal" + size, events, 1,
      [] {
        return temporal_engine{&hit::key, &hit::key, {}, {}};
      },
      any);
}

/// Impressions with a key each, and a click on one in nine; a million of them are open at a time.
void clicks_case(std::vector<measurement>& out) {
  const auto key_of = [](bool is_right, std::uint64_t i) {
    return is_right ? i - 5 * batch_size : i;
  };
  join_case(
      out, "interval_a_key_each", 4'000'000, 1, [] { return interval_of(0, 1'000'000); }, key_of);
}

/// The heap that a key costs that has one row on the left.
template <class Make>
void bytes_case(std::vector<measurement>& out, const std::string& name, std::uint64_t right,
                Make make) {
  for (const std::uint64_t keys : {10'240ULL, 1'024'000ULL}) {
    const std::size_t before = bytes_in_use();
    join_stage stage{make()};
    stage.feed(keys, right, [](bool, std::uint64_t i) { return i; });
    const double bytes =
        static_cast<double>(bytes_in_use() - before) / static_cast<double>(stage.held());
    out.push_back({"joins",
                   name + (keys > 100'000 ? "_1m" : "_10k"),
                   bytes,
                   "bytes an open key",
                   {},
                   {},
                   "heap in use, of keys with one row of 16 bytes"});
  }
}

}  // namespace

void joins_bench(std::vector<measurement>& out) {
  constexpr std::uint64_t forever = 1'000'000'000'000;
  cases_of(out, 10'000, "_10k");
  cases_of(out, 1'000'000, "_1m");
  clicks_case(out);
  bytes_case(out, "interval_bytes", 0, [] { return interval_of(0, forever); });
  bytes_case(out, "window_bytes", 0, [] { return window_of(tumbling{ticks_of(forever)}); });
  bytes_case(out, "hopping_bytes", 0, [] {
    return window_of(hopping{ticks_of(forever), ticks_of(forever / 2)});
  });
  bytes_case(out, "temporal_bytes", 10, [] {
    return temporal_engine{&hit::key, &hit::key, {}, {}};
  });
}

}  // namespace weir::bench

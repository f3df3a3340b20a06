// SPDX-License-Identifier: BSD-3-Clause
#include "actors/sample.hpp"
#include "weir/runtime/explain.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// Splits that are told of while the source is read; each gives one event, its number, and goes on.
class growing_source {
public:
  using event_type = reading;

  explicit growing_source(std::uint64_t first)
      : there_(std::make_shared<std::atomic<std::uint64_t>>(first)) {}

  void grow() const { ++*there_; }
  void fail_searches(bool fail) const { *fails_ = fail; }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return std::make_unique<enumerator>(there_, fails_);
  }
  [[nodiscard]] std::unique_ptr<source_reader<reading>> make_reader() const {
    return std::make_unique<reader>();
  }
  [[nodiscard]] std::string kind() const { return "growing"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  using count = std::shared_ptr<std::atomic<std::uint64_t>>;
  using flag = std::shared_ptr<std::atomic<bool>>;

  class enumerator final : public source_enumerator {
  public:
    enumerator(count there, flag fails) : there_(std::move(there)), fails_(std::move(fails)) {}
    result<std::vector<split>> discover() override {
      if (*fails_) return error{errc::io_failed, "the server is away"};
      std::vector<split> all;
      for (std::uint64_t i = 0; i < *there_; ++i) all.push_back({std::to_string(i)});
      return all;
    }
    [[nodiscard]] duration find_again_every() const override { return 1ms; }

  private:
    count there_;
    flag fails_;
  };

  class reader final : public source_reader<reading> {
  public:
    void assign(std::size_t lane, const split& what, std::uint64_t offset) override {
      if (offset == 0) waiting_.push_back({lane, std::stoull(what.id)});
    }
    read_state poll(source_batch<reading>& out, std::size_t, const weir::clock&) override {
      if (waiting_.empty()) return read_state::caught_up;
      out.lane = waiting_.back().first;
      out.events.values.push_back(reading_of(waiting_.back().second));
      out.end_offset = 1;
      waiting_.pop_back();
      return read_state::more;
    }

  private:
    std::vector<std::pair<std::size_t, std::uint64_t>> waiting_;
  };

  count there_;
  flag fails_ = std::make_shared<std::atomic<bool>>(false);
};

/// Looks again and again while the pipeline runs.
template <class Holds>
bool soon(runtime& running, Holds holds) {
  for (int i = 0; i < 10'000 && !holds(); ++i)
    if (running.wait_for(1ms)) return holds();
  return holds();
}

}  // namespace

TEST_CASE("splits that appear while a source is read are dealt to its instances and read once") {
  const growing_source source{1};
  const memory_sink<reading> out;
  pipeline p{"growing", {.parallelism = 2}};
  p.from(source).parallelism(2).to(out);
  auto running = start(std::move(p));
  for (std::size_t n = 1; n <= 5; ++n) {
    REQUIRE(soon(running, [&] { return out.size() == n; }));
    source.grow();
  }
  REQUIRE(soon(running, [&] { return out.size() == 6; }));
  std::uint64_t busy = 0;
  for (const instance_status& s : running.status())
    busy += s.kind == "source" && s.metrics->events_in.get() != 0 ? 1 : 0;
  CHECK(busy == 2);
  running.stop();
  CHECK_FALSE(running.wait().failure);
  std::vector<std::uint64_t> numbers;
  for (const reading& r : out.values()) numbers.push_back(r.number);
  std::sort(numbers.begin(), numbers.end());
  CHECK(numbers == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("a search for splits that fails is logged once, and repeated") {
  const growing_source source{1};
  const memory_sink<reading> out;
  std::mutex mutex;
  std::vector<std::string> lines;
  pipeline p{"growing"};
  p.from(source).named("growing").to(out);
  runtime_options options;
  options.log = [&](const std::string& line) {
    std::lock_guard lock{mutex};
    lines.push_back(line);
  };
  const auto complaints = [&] {
    std::lock_guard lock{mutex};
    return std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("the server is away") != std::string::npos;
    });
  };
  auto running = start(std::move(p), options);
  source.fail_searches(true);
  REQUIRE(soon(running, [&] { return complaints() == 1; }));
  source.grow();
  source.fail_searches(false);
  CHECK(soon(running, [&] { return out.size() == 2; }));
  CHECK(complaints() == 1);
  running.stop();
  CHECK_FALSE(running.wait().failure);
}

TEST_CASE("what holds a watermark is found from the sink back to the split") {
  const growing_source source{2};
  const memory_sink<window_result<std::uint64_t, std::uint64_t>> out;
  pipeline p{"held"};
  p.from(source)
      .event_time(&reading::at, monotonous_timestamps{})
      .named("times")
      .key_by(&reading::key)
      .window(tumbling{1s})
      .aggregate(count{})
      .to(out);
  auto running = start(std::move(p));
  // The events are of 0 and 1 ms: the split of the first one holds event time.
  std::vector<watermark_hold> way;
  REQUIRE(soon(running, [&] {
    way = explain_watermark(running.status());
    return way.size() == 3 && way[2].watermark == reading_of(0).at - 1us;
  }));
  CHECK(way[0].stage.starts_with("memory"));
  CHECK(way[0].split.empty());
  CHECK(way[1].split.empty());
  CHECK(way[2].split == "0");
  CHECK(way[2].since > timestamp{});
  CHECK(explain_watermark(running.status(), "no such stage").empty());
  running.stop();
  CHECK_FALSE(running.wait().failure);
}

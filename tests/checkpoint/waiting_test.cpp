// SPDX-License-Identifier: BSD-3-Clause
// What waits for what: stores that hang, savepoints beside the last checkpoint, searches for splits
// of other regions, inputs that wait for each other.
#include "actors/sample.hpp"
#include "support/gate.hpp"
#include "weir/checkpoint/coordinator.hpp"
#include "weir/test/stage_run.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using order = checkpoint_order::kind;

/// A store in memory, as fast as can be, whose writes hang until its gate is opened.
class hanging_store final : public checkpoint_store {
public:
  explicit hanging_store(std::shared_ptr<gate> at) : gate_(std::move(at)) {}

  result<std::uint64_t> write(const checkpoint& c) override {
    gate_->pass();
    kept_[c.manifest.id] = c;
    return std::uint64_t{1};
  }
  result<std::vector<stored_checkpoint>> list() override {
    std::vector<stored_checkpoint> all;
    for (auto c = kept_.rbegin(); c != kept_.rend(); ++c)
      all.push_back({c->first, c->second.manifest.kind, std::to_string(c->first)});
    return all;
  }
  result<checkpoint> read(const stored_checkpoint& which) override { return kept_.at(which.id); }
  result<void> remove(const stored_checkpoint& which) override {
    kept_.erase(which.id);
    return {};
  }

private:
  std::shared_ptr<gate> gate_;
  std::map<std::uint64_t, checkpoint> kept_;
};

/// What a run has logged.
class log_lines {
public:
  void add(const std::string& line) {
    std::lock_guard lock{mutex_};
    lines_.push_back(line);
  }
  [[nodiscard]] std::size_t count(const std::string& part) const {
    std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const auto& l) {
      return l.find(part) != std::string::npos;
    }));
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

struct hanging {
  std::shared_ptr<gate> at = std::make_shared<gate>();
  std::shared_ptr<log_lines> log = std::make_shared<log_lines>();

  runtime_options options(checkpoint_timing timing) {
    runtime_options o;
    o.log = [to = log](const std::string& line) { to->add(line); };
    o.restarts.first_backoff = 1ms;
    o.checkpoints.store = std::make_shared<hanging_store>(at);
    o.checkpoints.timing = timing;
    return o;
  }
};

}  // namespace

TEST_CASE("a store that does not answer in time is told of, again and again, and not given up") {
  checkpoint_coordinator c{{.interval = 10s, .timeout = 4s}, 1, 1};
  checkpoint_coordinator::orders out;
  const auto wanted = [&](std::chrono::nanoseconds t) {
    out.clear();
    c.tick(steady_time{t}, out);
    std::vector<order> kinds;
    for (const checkpoint_order& o : out) kinds.push_back(o.what);
    return kinds;
  };
  c.begin(steady_time{});
  CHECK(wanted(10s) == std::vector{order::trigger});
  c.on_acknowledged(0, {1}, {}, 0, steady_time{11s}, out);
  CHECK(c.wakes_at() == steady_time{15s});
  CHECK(wanted(14s).empty());
  CHECK(wanted(15s) == std::vector{order::overdue});
  CHECK(wanted(18s).empty());
  CHECK(wanted(19s) == std::vector{order::overdue});
  CHECK(wanted(22s).empty());
  out.clear();
  c.on_stored({1}, true, steady_time{30s}, out);
  REQUIRE(out.size() == 1);
  CHECK(out[0].what == order::commit);
  CHECK(wanted(31s) == std::vector{order::trigger});
}

TEST_CASE("the stream goes on while a store hangs, and commits when it answers") {
  hanging h;
  pipeline p{"p"};
  const memory_sink<reading> out;
  p.from(readings(2'000'000)).named("readings").to(out).named("out");
  auto running =
      runtime::start(std::move(p), h.options({.interval = 1ms, .timeout = 100ms})).value();
  REQUIRE(soon([&] { return h.log->count("the store does not answer") >= 2; }));
  const std::uint64_t before = running.summary().events_written;
  CHECK(running.summary().checkpoints == 0);
  h.at->open();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK_FALSE(done.store_hangs);
  CHECK(done.events_written >= before);
  CHECK(out.size() == 2'000'000);
  CHECK(done.checkpoints >= 1);
}

TEST_CASE("a restart and an end that wait for a store that hangs fail, and say why") {
  const bool fails = GENERATE(true, false);
  INFO((fails ? "a restart" : "the end"));
  hanging h;
  const std::shared_ptr<gate> at = h.at;
  pipeline p{"p"};
  // Paced, so that a barrier is before the event that fails.
  p.from(generator{reading_of, {.events = 1'000, .rate = 10'000}})
      .named("readings")
      .stage("work", {.on_error = directive::restart(100), .blocking = true})
      .map([fails, at](const reading& r) {
        if (!fails || r.number != 999) return r;
        while (at->came() == 0) std::this_thread::yield();
        throw std::runtime_error("while a checkpoint is on its way");
      })
      .named("work")
      .to(memory_sink<reading>{})
      .named("out");
  auto running =
      runtime::start(std::move(p), h.options({.interval = fails ? duration{1ms} : duration{1h},
                                              .timeout = 200ms}))
          .value();
  const run_summary done = running.wait();
  REQUIRE(done.failure);
  CHECK(done.failure->message.find("the store does not answer") != std::string::npos);
  CHECK(done.store_hangs);
  h.at->open();  // or the runtime would wait for its thread
}

namespace {

/// A sink whose pre-commits wait at a gate.
struct slow_to_commit {
  std::shared_ptr<gate> at;

  struct writer final : plain_writer<reading> {
    explicit writer(std::shared_ptr<gate> g) : at(std::move(g)) {}
    written write(std::span<const reading> events, std::span<const timestamp>) override {
      return {events.size(), std::nullopt};
    }
    result<bytes> pre_commit(std::uint64_t) override {
      at->pass();
      return bytes{};
    }
    std::shared_ptr<gate> at;
  };
  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance&) const {
    return std::make_unique<writer>(at);
  }
  [[nodiscard]] std::string kind() const { return "slow"; }
  [[nodiscard]] bool blocking() const { return true; }
};

}  // namespace

TEST_CASE("a savepoint asked for while the last checkpoint is taken is that checkpoint") {
  hanging h;
  h.at->open();
  const auto taking = std::make_shared<gate>();
  pipeline p{"p"};
  p.from(readings(100)).named("readings").to(slow_to_commit{taking}).named("out");
  auto running = runtime::start(std::move(p), h.options({.interval = 1h})).value();
  REQUIRE(soon([&] { return taking->came() == 1; }));
  running.savepoint();
  running.savepoint();
  // Orders are taken in turn: the sink's answer comes behind these two.
  taking->open();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.checkpoints == 1);
  CHECK(done.savepoints == 1);
}

TEST_CASE(
    "a savepoint asked for while the last checkpoint is stored is refused, and none is taken") {
  hanging h;
  pipeline p{"p"};
  p.from(readings(100)).named("readings").to(memory_sink<reading>{}).named("out");
  auto running = runtime::start(std::move(p), h.options({.interval = 1h})).value();
  REQUIRE(soon([&] { return h.at->came() == 1; }));
  running.savepoint();
  REQUIRE(soon([&] { return h.log->count("no savepoint") == 1; }));
  h.at->open();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.checkpoints == 1);
  CHECK(done.savepoints == 0);
}

namespace {

/// A source whose splits can be found once.
struct found_once {
  using event_type = reading;
  std::shared_ptr<std::atomic<int>> searches = std::make_shared<std::atomic<int>>(0);
  memory_source<reading> real{std::vector<reading>{reading_of(0)}};

  struct enumerator final : source_enumerator {
    enumerator(std::shared_ptr<std::atomic<int>> searches, memory_source<reading> real)
        : searches_(std::move(searches)), real_(std::move(real)) {}
    result<std::vector<split>> discover() override {
      if ((*searches_)++ > 0) return error{errc::io_failed, "the server is away"};
      return real_.make_enumerator()->discover();
    }
    std::shared_ptr<std::atomic<int>> searches_;
    memory_source<reading> real_;
  };
  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return std::make_unique<enumerator>(searches, real);
  }
  [[nodiscard]] std::unique_ptr<source_reader<reading>> make_reader() const {
    return real.make_reader();
  }
  [[nodiscard]] std::string kind() const { return "once"; }
  [[nodiscard]] bool blocking() const { return false; }
};

}  // namespace

TEST_CASE("a region restarts though the sources of another can't be asked for their splits") {
  const found_once other;
  const auto failed = std::make_shared<std::atomic<bool>>(false);
  pipeline p{"p"};
  p.from(other).named("other").to(memory_sink<reading>{}).named("other out");
  const memory_sink<reading> out;
  p.from(readings(100))
      .named("readings")
      .map([failed](const reading& r) {
        if (r.number == 50 && !failed->exchange(true)) throw std::runtime_error("once");
        return r;
      })
      .on_error(directive::restart())
      .to(out)
      .named("out");
  runtime_options options;
  options.log = [](const std::string&) {};
  options.restarts.first_backoff = 1ms;
  auto running = runtime::start(std::move(p), std::move(options)).value();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 1);
  CHECK(*other.searches == 1);
}

TEST_CASE("how long a stage's inputs waited for each other is told with its part") {
  pipeline p{"p"};
  auto a = p.from(readings(1)).named("a");
  auto b = p.from(readings(1)).named("b");
  std::move(a)
      .union_with(std::move(b))
      .map([](const reading& r) { return r; })
      .named("both")
      .to(memory_sink<reading>{});
  stage_run s{p, "both"};
  s.grant_all();
  const auto aligned_for = [&](std::uint64_t id, duration apart) {
    s.effects().notices.clear();
    s.send_barrier(0, id);
    (void)s.work();
    s.time().advance(apart);
    s.send_barrier(1, id);
    (void)s.work();
    REQUIRE(s.effects().notices.size() == 1);
    return s.effects().notices[0].aligned_for;
  };
  CHECK(aligned_for(1, 5ms) == 5ms);
  CHECK(aligned_for(2, 0ms) == 0ms);
  CHECK(aligned_for(3, 7s) == 7s);
  // One that is given up does not count for the next.
  s.send_barrier(0, 4);
  (void)s.work();
  s.time().advance(1h);
  s.tell(flow::command::kind::abandon, {4});
  CHECK(aligned_for(5, 2ms) == 2ms);
}

TEST_CASE("size, duration and alignment of a checkpoint are in the summary") {
  hanging h;
  h.at->open();
  pipeline p{"p"};
  auto a = p.from(readings(1'000)).named("a");
  auto b = p.from(readings(1'000)).named("b");
  std::move(a)
      .union_with(std::move(b))
      .map([](const reading& r) { return r; })
      .named("both")
      .to(memory_sink<reading>{})
      .named("out");
  auto running = runtime::start(std::move(p), h.options({.interval = 1h})).value();
  const run_summary done = running.wait();
  REQUIRE(done.last_checkpoint);
  CHECK(done.last_checkpoint->size > 0);
  CHECK(done.last_checkpoint->alignment <= done.last_checkpoint->took);
}

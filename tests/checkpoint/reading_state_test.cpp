// SPDX-License-Identifier: BSD-3-Clause
// Instances read the state that they go on from at the same time, each in a thread.
#include "actors/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/runtime/runtime.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// Whether tallies can be read, and by how many threads they are.
struct reading_tallies {
  static inline std::atomic<bool> fails{false};
  static inline std::mutex mutex;
  static inline std::condition_variable came;
  static inline std::set<std::thread::id> threads;

  /// Waits until a second thread reads, too.
  static void meet() {
    std::unique_lock lock{mutex};
    threads.insert(std::this_thread::get_id());
    came.notify_all();
    came.wait_for(lock, 10s, [] { return threads.size() > 1; });
  }
};

struct tally {
  std::uint64_t count = 0;
};

}  // namespace

template <>
struct weir::codec<tally> {
  static void encode(const tally& x, bytes& out) { weir::encode(x.count, out); }
  static bool decode(byte_reader& in, tally& x) {
    if (reading_tallies::fails) return false;
    reading_tallies::meet();
    return weir::decode(in, x.count);
  }
  static std::size_t dynamic_size(const tally&) { return 0; }
  static schema describe() { return schema_of<std::uint64_t>(); }
};

namespace {

struct tallying {
  using output = std::pair<std::uint64_t, std::uint64_t>;
  value_state<tally> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const reading& r, process_context<std::uint64_t, output>& c) {
    seen.update([](tally& t) { ++t.count; });
    c.emit({r.key, seen.get()->count});
  }
};

/// A sink for dead letters that counts the commits of all its writers.
struct counting_commits {
  static inline std::atomic<int> commits{0};

  template <class T>
  struct writer final : sink_writer<T> {
    written write(std::span<const T> events, std::span<const timestamp>) override {
      return {events.size(), {}};
    }
    result<bytes> pre_commit(std::uint64_t) override { return bytes(1); }
    result<void> commit(std::span<const std::byte>) override {
      ++commits;
      return {};
    }
  };
  template <class T>
  std::unique_ptr<sink_writer<T>> make_writer(const sink_instance&) const {
    return std::make_unique<writer<T>>();
  }
  [[nodiscard]] std::string kind() const { return "counted"; }
  [[nodiscard]] bool blocking() const { return false; }
};

using counts = std::map<std::uint64_t, std::uint64_t>;

pipeline tallies_into(const std::shared_ptr<counts>& to, double rate = 0) {
  pipeline p{"tallies", {.parallelism = 4}};
  p.from(generator{reading_of, {.events = 40'000, .rate = rate}})
      .named("readings")
      .key_by(&reading::key)
      .process(tallying{})
      .named("tallying")
      .to(callback_sink{[to](const std::pair<std::uint64_t, std::uint64_t>& x) {
        (*to)[x.first] = std::max((*to)[x.first], x.second);
      }})
      .named("out");
  p.dead_letters_to(counting_commits{});
  return p;
}

runtime_options with_state(const std::string& directory) {
  runtime_options options{.workers = 4, .log = [](const std::string&) {}};
  options.checkpoints.store = directory_store::open(directory).value();
  options.checkpoints.timing.interval = 1h;
  return options;
}

}  // namespace

TEST_CASE("instances that read their state at the same time go on as they were, or not at all") {
  const temporary_directory dir;
  const auto seen = std::make_shared<counts>();
  {
    auto running = runtime::start(tallies_into(seen, 100'000), with_state(dir / "state")).value();
    while (running.summary().events_read < 10'000) (void)running.wait_for(1ms);
    running.stop();
    REQUIRE_FALSE(running.wait().failure);
  }
  const int commits = counting_commits::commits;
  CHECK(commits > 0);
  reading_tallies::fails = true;
  const auto refused = runtime::start(tallies_into(seen), with_state(dir / "state"));
  reading_tallies::fails = false;
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "state 'seen': a saved entry does not decode");
  // A sink commits as it reads its state: not before all others have read theirs.
  CHECK(counting_commits::commits == commits);

  auto running = runtime::start(tallies_into(seen), with_state(dir / "state")).value();
  CHECK(counting_commits::commits > commits);
  CHECK(reading_tallies::threads.size() > 1);
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restored_from);
  counts wanted;
  for (std::uint64_t i = 0; i < 40'000; ++i) ++wanted[reading_of(i).key];
  CHECK(*seen == wanted);
}

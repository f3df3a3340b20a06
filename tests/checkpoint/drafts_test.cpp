// SPDX-License-Identifier: BSD-3-Clause
// Checkpoints that are written while they are taken, and what may go wrong with them.
#include "actors/sample.hpp"
#include "support/gate.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/runtime/runtime.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A directory's store whose drafts a test looks at, holds up, or breaks.
class watched_store final : public checkpoint_store {
public:
  explicit watched_store(const std::string& directory)
      : real_(directory_store::open(directory).value()) {}

  std::function<void()> before_begin = [] {};
  std::function<void()> before_add = [] {};
  std::atomic<std::size_t> most{0};   ///< The most often that a draft was added to, and
  std::atomic<std::size_t> bytes{0};  ///< the bytes that had come before its last part.

  std::unique_ptr<checkpoint_draft> begin(std::uint64_t id) override {
    before_begin();
    return std::make_unique<draft>(*this, real_->begin(id));
  }
  result<std::uint64_t> write(const checkpoint& c) override { return real_->write(c); }
  result<std::vector<stored_checkpoint>> list() override { return real_->list(); }
  result<checkpoint> read(const stored_checkpoint& which) override { return real_->read(which); }
  result<void> remove(const stored_checkpoint& which) override { return real_->remove(which); }

private:
  struct draft final : checkpoint_draft {
    draft(watched_store& s, std::unique_ptr<checkpoint_draft> r) : of(&s), real(std::move(r)) {}
    void add(std::vector<snapshot_part> parts) override {
      of->before_add();
      ++added;
      before = size;
      for (const snapshot_part& p : parts) size += p.data.size();
      real->add(std::move(parts));
    }
    result<std::uint64_t> commit(const checkpoint_manifest& m) override {
      if (added > of->most) {
        of->most = added;
        of->bytes = before;
      }
      return real->commit(m);
    }
    watched_store* of;
    std::unique_ptr<checkpoint_draft> real;
    std::size_t added = 0, size = 0, before = 0;
  };

  std::shared_ptr<directory_store> real_;
};

struct log_lines {
  std::mutex mutex;
  std::string all;

  std::size_t count(const std::string& part) {
    const std::lock_guard lock{mutex};
    std::size_t n = 0;
    for (std::size_t at = all.find(part); at != std::string::npos; at = all.find(part, at + 1)) ++n;
    return n;
  }
};

struct watched {
  temporary_directory dir;
  std::shared_ptr<watched_store> store = std::make_shared<watched_store>(dir.path());
  std::shared_ptr<log_lines> log = std::make_shared<log_lines>();

  runtime_options options(checkpoint_timing timing) {
    runtime_options o;
    o.log = [to = log](const std::string& line) {
      const std::lock_guard lock{to->mutex};
      to->all += line + "\n";
    };
    o.restarts.first_backoff = 1ms;
    o.checkpoints.store = store;
    o.checkpoints.timing = timing;
    return o;
  }
  /// Directories of checkpoints that were never completed.
  [[nodiscard]] std::size_t left_overs() const {
    std::size_t n = 0;
    for (const auto& entry : fs::directory_iterator{dir.path()})
      n += entry.path().filename().string().starts_with(".weir-") ? 1 : 0;
    return n;
  }
};

struct sum_of_key {
  std::uint64_t key = 0;
  std::uint64_t sum = 0;
  friend sum_of_key operator+(const sum_of_key& a, const sum_of_key& b) {
    return {a.key, a.sum + b.sum};
  }
};
BOOST_DESCRIBE_STRUCT(sum_of_key, (), (key, sum))

/// Each of `keys` six times. From the event of that number on one fails as soon as `fails` says so;
/// it is asked again until then.
pipeline sums(std::uint64_t keys, double rate, std::uint64_t from, std::function<bool()> fails,
              std::map<std::uint64_t, std::uint64_t>& to) {
  pipeline p{"sums", {.parallelism = 2, .key_groups = 4}};
  p.from(generator{[keys](std::uint64_t i) {
                     return sum_of_key{i % keys, i};
                   },
                   {.events = 6 * keys, .rate = rate}})
      .named("numbers")
      .stage("checking", {.on_error = directive::restart(100), .blocking = true})
      .map([from, fails = std::move(fails),
            failed = std::make_shared<std::atomic<bool>>()](const sum_of_key& s) {
        if (s.sum >= from && !*failed && fails() && !failed->exchange(true))
          throw std::runtime_error("once");
        return s;
      })
      .named("checking")
      .key_by(&sum_of_key::key)
      .reduce(std::plus<sum_of_key>{})
      .named("sums")
      .parallelism(1)
      .to(callback_sink{[&to](const sum_of_key& s) { to[s.key] = s.sum; }})
      .named("results")
      .parallelism(1);
  return p;
}
const auto fails_never = [] { return false; };

/// Opens a gate at the latest when a test ends: a runtime waits for the thread that waits there.
struct opens {
  std::shared_ptr<gate> at;
  ~opens() { at->open(); }
};

bool seen_some(const runtime& running, std::uint64_t results) {
  return running.summary().events_written >= results;
}

void check(const std::map<std::uint64_t, std::uint64_t>& sums, std::uint64_t keys) {
  REQUIRE(sums.size() == keys);
  std::uint64_t wrong = 0;
  for (const auto& [key, sum] : sums) wrong += sum != 6 * key + 15 * keys ? 1 : 0;
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("large state is handed to the store while it is being saved, and comes back whole") {
  constexpr std::uint64_t keys = 400'000;
  watched w;
  std::map<std::uint64_t, std::uint64_t> seen;
  const auto much_came_before = [store = w.store] { return store->bytes > 4'000'000; };
  auto running = runtime::start(sums(keys, 3 * keys, 2 * keys, much_came_before, seen),
                                w.options({.interval = 100ms}))
                     .value();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(w.store->bytes > 4'000'000);
  CHECK(done.restarts == 1);
  check(seen, keys);
  CHECK(w.left_overs() == 0);
}

TEST_CASE("a draft that can't be begun or added to fails its checkpoint, and the stream goes on") {
  struct silent : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return ""; }
  };
  constexpr std::uint64_t keys = 1'000;
  for (const bool begins : {false, true}) {
    INFO((begins ? "begun" : "added to"));
    watched w;
    std::atomic<int> left{3};
    (begins ? w.store->before_begin : w.store->before_add) = [&left] {
      if (left-- > 0) throw silent{};
    };
    std::map<std::uint64_t, std::uint64_t> seen;
    auto running =
        runtime::start(sums(keys, 20'000, 0, fails_never, seen), w.options({.interval = 5ms}))
            .value();
    const run_summary done = running.wait();
    REQUIRE_FALSE(done.failure);
    CHECK(done.failed_checkpoints >= 3);
    CHECK(done.checkpoints >= 1);
    check(seen, keys);
    CHECK(w.left_overs() == 0);
    // What the last one holds is whole: nothing comes again.
    std::map<std::uint64_t, std::uint64_t> again;
    REQUIRE_FALSE(runtime::start(sums(keys, 0, 0, fails_never, again), w.options({.interval = 1h}))
                      .value()
                      .wait()
                      .failure);
    CHECK(again.empty());
  }
}

TEST_CASE(
    "a checkpoint that is given up while it is written leaves nothing, and the next is whole") {
  constexpr std::uint64_t keys = 1'000;
  watched w;
  const auto at = std::make_shared<gate>();
  w.store->before_add = [at] { at->pass(); };
  std::map<std::uint64_t, std::uint64_t> seen;
  // The first event stays in its stage, which so takes no part in the checkpoint, until some of
  // that is being written.
  const auto is_written = [at] {
    while (at->came() == 0) std::this_thread::sleep_for(1ms);
    return true;
  };
  auto running =
      runtime::start(sums(keys, 20'000, 0, is_written, seen), w.options({.interval = 5ms})).value();
  const opens at_the_end{at};
  REQUIRE(soon([&] { return running.summary().restarts == 1; }));
  CHECK(running.summary().failed_checkpoints == 1);
  // The store is busy with the one that was given up: no other is begun.
  REQUIRE(soon([&] { return seen_some(running, 1'000); }));
  CHECK(running.summary().failed_checkpoints == 1);
  CHECK(running.summary().checkpoints == 0);
  at->open();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.checkpoints >= 1);
  check(seen, keys);
  CHECK(w.left_overs() == 0);
}

TEST_CASE("a store that hangs while it is handed parts is told of, and the stream goes on") {
  constexpr std::uint64_t keys = 1'000;
  watched w;
  const auto at = std::make_shared<gate>();
  w.store->before_add = [at] { at->pass(); };
  std::map<std::uint64_t, std::uint64_t> seen;
  const auto busy = std::make_shared<gate>();
  const auto waits = [busy] {
    busy->pass();
    return false;
  };
  auto running =
      runtime::start(sums(keys, 0, 0, waits, seen), w.options({.interval = 5ms, .timeout = 2s}))
          .value();
  const opens at_the_end{at};
  const opens busy_until_then{busy};
  // It is given up for the stage that is busy, and then the store does not drop what it has.
  REQUIRE(soon([&] { return w.log->count("was given up") == 1; }));
  REQUIRE(soon([&] { return w.log->count("the store does not answer") == 1; }));
  CHECK(running.summary().checkpoints == 0);
  CHECK(running.summary().failed_checkpoints == 1);
  at->open();
  busy->open();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.checkpoints >= 1);
  check(seen, keys);
  CHECK(w.left_overs() == 0);
}

TEST_CASE("a run that is aborted while a checkpoint is written leaves nothing of it") {
  watched w;
  const auto at = std::make_shared<gate>();
  w.store->before_add = [at] { at->pass(); };
  std::map<std::uint64_t, std::uint64_t> seen;
  {
    // A stage that is busy with the first event takes no part in the checkpoint.
    const auto busy = std::make_shared<gate>();
    const auto waits = [busy] {
      busy->pass();
      return false;
    };
    auto running =
        runtime::start(sums(1'000, 0, 0, waits, seen), w.options({.interval = 5ms})).value();
    const opens at_the_end{at};
    const opens busy_until_then{busy};
    REQUIRE(soon([&] { return at->came() == 1 && busy->came() > 0; }));
    running.abort();
    busy->open();
    const run_summary done = running.wait();
    REQUIRE(done.failure);
  }
  CHECK(w.left_overs() == 0);
  CHECK(w.store->list().value().empty());
}

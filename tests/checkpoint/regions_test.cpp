// SPDX-License-Identifier: BSD-3-Clause
// One of two parts of a pipeline fails, and the other goes on.
#include "checkpoint/two_parts.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace weir;
using namespace weir::test;

namespace {

using attempts = std::set<std::uint32_t>;

}  // namespace

TEST_CASE("a part that fails goes on from the newest checkpoint, and the other is not disturbed") {
  two_parts parts;
  parts.push(0, 1'000);
  parts.wait_for_work(1'000);
  parts.running->savepoint();
  parts.wait_for_savepoints(1);
  parts.left->fail_at(1'500);
  parts.push(1'000, 2'000);
  parts.wait_for_work(2'000);
  CHECK(parts.running->summary().restarts == 1);
  CHECK(parts.attempts_of("left") == attempts{1});
  CHECK(parts.attempts_of("right") == attempts{0});
  parts.running->savepoint();
  parts.wait_for_savepoints(2);
  parts.push(2'000, 3'000);
  const run_summary done = parts.finish();
  CHECK(done.restarts == 1);
  CHECK(done.checkpoints == 3);
  CHECK(done.failed_checkpoints == 0);
  // What is before the checkpoint did not come again, and of the other part nothing did.
  CHECK(parts.left->all_taken(0, 1'000, 1));
  CHECK(parts.left->times(1'000) == 2);
  CHECK(parts.right->all_taken(0, 3'000, 1));
  parts.check_files(3'000);
}

TEST_CASE("a checkpoint is given up that a part fails in before it has taken its share") {
  two_parts parts;
  parts.push(0, 1'000);
  parts.wait_for_work(1'000);
  parts.running->savepoint();
  parts.wait_for_savepoints(1);
  const auto at = std::make_shared<gate>();
  parts.left->wait_at(1'200, at);
  parts.left->fail_at(1'200);
  parts.push(1'000, 2'000);
  REQUIRE(soon([&] { return at->came() == 1 && parts.right->times(1'999) != 0; }));
  parts.running->savepoint();
  REQUIRE(soon([&] { return parts.right->prepared == 2; }));
  CHECK(parts.left->prepared == 1);
  at->open();
  // It was asked for, so another takes its place.
  parts.wait_for_savepoints(2);
  CHECK(parts.attempts_of("right") == attempts{0});
  parts.push(2'000, 3'000);
  const run_summary done = parts.finish();
  CHECK(done.restarts == 1);
  CHECK(done.failed_checkpoints == 1);
  CHECK(done.checkpoints == 3);
  CHECK(parts.left->all_taken(0, 1'000, 1));
  CHECK(parts.right->all_taken(0, 3'000, 1));
  parts.check_files(3'000);
}

TEST_CASE("a checkpoint is given up that a part fails in while the other has yet to take part") {
  two_parts parts;
  parts.push(0, 1'000);
  parts.wait_for_work(1'000);
  parts.running->savepoint();
  parts.wait_for_savepoints(1);
  const auto at = std::make_shared<gate>();
  parts.right->wait_at(1'200, at);
  parts.push(1'000, 2'000);
  REQUIRE(soon([&] { return at->came() == 1 && parts.left->times(1'999) != 0; }));
  parts.running->savepoint();
  REQUIRE(soon([&] { return parts.left->prepared == 2; }));
  parts.left->fail_at(2'000);
  parts.push(2'000, 3'000);
  parts.wait_for_restarts(1);
  // The barrier that was given up is still before the other part's events.
  at->open();
  parts.wait_for_savepoints(2);
  const run_summary done = parts.finish();
  CHECK(done.restarts == 1);
  CHECK(done.failed_checkpoints == 1);
  CHECK(done.checkpoints == 3);
  // What the left part prepared for it is gone: that comes again.
  CHECK(parts.left->all_taken(0, 1'000, 1));
  CHECK(parts.left->all_taken(1'000, 2'000, 2));
  CHECK(parts.right->all_taken(0, 3'000, 1));
  parts.check_files(3'000);
}

TEST_CASE("a part that fails while a checkpoint is stored waits for what comes of it") {
  const bool store_fails = GENERATE(false, true);
  INFO((store_fails ? "it can't be stored" : "it is stored"));
  two_parts parts;
  parts.push(0, 1'000);
  parts.wait_for_work(1'000);
  parts.running->savepoint();
  parts.wait_for_savepoints(1);
  const auto at = std::make_shared<gate>();
  parts.store->hold(2, at, store_fails);
  parts.push(1'000, 2'000);
  parts.wait_for_work(2'000);
  parts.running->savepoint();
  REQUIRE(soon([&] { return at->came() == 1; }));
  parts.left->fail_at(2'500);
  parts.push(2'000, 3'000);
  parts.wait_for_restarts(1);
  REQUIRE(soon([&] { return parts.right->times(2'999) != 0; }));
  CHECK(parts.left->times(2'999) == 0);
  at->open();
  REQUIRE(soon([&] { return parts.left->times(2'999) != 0; }));
  parts.running->savepoint();
  parts.wait_for_savepoints(store_fails ? 2 : 3);
  const run_summary done = parts.finish();
  CHECK(done.restarts == 1);
  CHECK(done.failed_checkpoints == (store_fails ? 1 : 0));
  CHECK(parts.left->all_taken(0, 1'000, 1));
  CHECK(parts.left->all_taken(1'000, 2'000, store_fails ? 2 : 1));
  CHECK(parts.right->all_taken(0, 3'000, 1));
  parts.check_files(3'000);
}

TEST_CASE("a part whose sink fails in the last checkpoint does not take the other back") {
  const bool commits = GENERATE(false, true);
  INFO((commits ? "at the commit" : "at the pre-commit"));
  two_parts parts;
  parts.push(0, 1'000);
  parts.wait_for_work(1'000);
  parts.running->savepoint();
  parts.wait_for_savepoints(1);
  REQUIRE(soon([&] { return lines(parts.dir / "left.jsonl").size() == 1'000; }));
  if (commits)
    parts.left->fails_to_commit = 2;
  else
    parts.left->fails_to_prepare = true;
  parts.push(1'000, 2'000);
  const run_summary done = parts.finish();
  CHECK(done.restarts == 1);
  CHECK(parts.left->all_taken(0, 1'000, 1));
  CHECK(parts.left->all_taken(1'000, 2'000, commits ? 1 : 2));
  CHECK(parts.right->all_taken(0, 2'000, 1));
  parts.check_files(2'000);
}

TEST_CASE("both parts fail again and again between checkpoints, and each event counts once") {
  const temporary_directory dir;
  const auto left = std::make_shared<work>(), right = std::make_shared<work>();
  for (const std::uint64_t n : {0, 5'000, 5'001, 17'000, 29'999}) left->fail_at(n);
  for (const std::uint64_t n : {5'000, 12'000, 17'000, 29'998}) right->fail_at(n);
  pipeline p{"parts", {.parallelism = 2}};
  const generator source{reading_of, {.events = 30'000, .rate = 60'000}};
  add_part(p, source, "left", dir / "left.jsonl", left);
  add_part(p, source, "right", dir / "right.jsonl", right);
  runtime_options options{
      .restarts = {.restarts = 20, .first_backoff = 1ms, .longest_backoff = 5ms}};
  options.checkpoints.store = directory_store::open(dir / "state").value();
  options.checkpoints.timing.interval = 5ms;
  const run_summary done = start(std::move(p), std::move(options)).wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.restarts == 9);
  CHECK(done.events_lost == 0);
  CHECK(done.checkpoints > 2);
  CHECK(mistakes_in(dir / "left.jsonl", 30'000) == "");
  CHECK(mistakes_in(dir / "right.jsonl", 30'000) == "");
}

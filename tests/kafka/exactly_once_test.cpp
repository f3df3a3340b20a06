// SPDX-License-Identifier: BSD-3-Clause
#include "kafka/sample.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

#include <memory>
#include <optional>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

using writer = std::unique_ptr<sink_writer<std::string>>;
using texts = std::vector<std::string>;

/// A sink of several instances that write to one topic, as a stage makes them.
struct sink {
  std::string topic;
  kafka::sink_options options{.delivery = kafka::delivery::exactly_once};

  [[nodiscard]] writer open(std::uint32_t instance = 0, std::uint32_t parallelism = 1,
                            sink_start how = sink_start::restored, duration interval = 1s) const {
    sink_instance place{"sink-of-" + topic, instance, parallelism, 0, {}, how, "tests", interval};
    return kafka::to_topic(quiet(), topic, options).make_writer<std::string>(place);
  }
};

void put(const writer& to, const texts& rows) {
  const std::vector<timestamp> times(rows.size(), timestamp{1s});
  CHECK(to->write(rows, times).events == rows.size());
}

bytes prepared(const writer& w, std::uint64_t checkpoint, const texts& rows) {
  put(w, rows);
  return w->pre_commit(checkpoint).value();
}

}  // namespace

TEST_CASE("rows are seen once they are committed, and not before") {
  const sink s{fresh_topic()};
  const writer w = s.open();
  const bytes first = prepared(w, 1, {"a", "b"});
  CHECK(committed(s.topic).empty());
  w->commit(first).value();
  CHECK(committed(s.topic) == texts{"a", "b"});
  w->commit(first).value();
  CHECK(committed(s.topic) == texts{"a", "b"});
}

TEST_CASE("an epoch is pre-committed while the next one fills") {
  const sink s{fresh_topic()};
  const writer w = s.open();
  const bytes first = prepared(w, 1, {"a"});
  put(w, {"b"});
  w->commit(first).value();
  CHECK(committed(s.topic) == texts{"a"});
  w->commit(w->pre_commit(2).value()).value();
  CHECK(committed(s.topic) == texts{"a", "b"});
}

TEST_CASE("an epoch without rows needs no transaction") {
  const sink s{fresh_topic()};
  const writer w = s.open();
  w->commit(w->pre_commit(1).value()).value();
  w->commit(prepared(w, 2, {"a"})).value();
  w->commit(w->pre_commit(3).value()).value();
  CHECK(committed(s.topic) == texts{"a"});
}

TEST_CASE("what a dead run had pre-committed is written again from the checkpoint") {
  const sink s{fresh_topic()};
  writer w = s.open();
  w->commit(prepared(w, 1, {"a"})).value();
  const bytes second = prepared(w, 2, {"b", "c"});
  put(w, {"lost: it comes again"});
  w.reset();
  w = s.open();
  w->commit(second).value();
  CHECK(committed(s.topic) == texts{"a", "b", "c"});
  w->commit(prepared(w, 3, {"d"})).value();
  CHECK(committed(s.topic) == texts{"a", "b", "c", "d"});
}

TEST_CASE("what a dead run had committed is not written again") {
  const sink s{fresh_topic()};
  writer w = s.open();
  const bytes first = prepared(w, 1, {"a"});
  w->commit(first).value();
  w.reset();
  w = s.open();
  w->commit(first).value();
  CHECK(committed(s.topic) == texts{"a"});
  // A second death before anything is committed changes nothing.
  w.reset();
  w = s.open();
  w->commit(first).value();
  CHECK(committed(s.topic) == texts{"a"});
}

TEST_CASE(
    "a run that was restored and one that began anew don't take each other's rows for theirs") {
  const sink s{fresh_topic()};
  writer w = s.open();
  w->commit(prepared(w, 1, {"a"})).value();
  const bytes second = prepared(w, 2, {"b"});
  w.reset();
  // Begins anew: the same checkpoint numbers, other rows.
  w = s.open(0, 1, sink_start::fresh);
  w->commit(prepared(w, 1, {"x"})).value();
  CHECK(committed(s.topic) == texts{"a", "x"});
  w.reset();
  // Someone goes back to the first run's checkpoint.
  w = s.open();
  w->commit(second).value();
  CHECK(committed(s.topic) == texts{"a", "x", "b"});
}

TEST_CASE("a running sink fences the one before it") {
  const sink s{fresh_topic()};
  const writer old = s.open();
  put(old, {"old"});
  const writer young = s.open();
  young->commit(prepared(young, 1, {"young"})).value();
  const auto late = old->pre_commit(1);
  const auto done = late ? old->commit(*late) : result<void>{late.error()};
  REQUIRE_FALSE(done);
  CHECK_THAT(done.error().message, ContainsSubstring("another run has taken over"));
  CHECK(committed(s.topic) == texts{"young"});
}

TEST_CASE("checkpoints that fail leave more epochs than transactions, and all rows are there") {
  const sink s{fresh_topic()};
  const writer w = s.open();
  std::vector<bytes> all;
  for (std::uint64_t i = 1; i <= 5; ++i) all.push_back(prepared(w, i, {std::to_string(i)}));
  put(w, {"6"});
  for (const bytes& one : all) w->commit(one).value();
  // Those that were written again stand behind the first row of the sixth.
  w->commit(w->pre_commit(6).value()).value();
  CHECK(sorted(committed(s.topic)) == texts{"1", "2", "3", "4", "5", "6"});
}

TEST_CASE("a transaction that timed out is written again") {
  sink s{fresh_topic()};
  s.options.transaction_timeout = 3s;
  const writer w = s.open();
  const bytes first = prepared(w, 1, {"a"});
  // The broker aborts it; a marker takes an offset of its own.
  const auto aborted = [&] {
    std::int64_t end = 0, low = 0;
    rd_kafka_t* rk = raw::make_client(RD_KAFKA_CONSUMER, broker(), {});
    rd_kafka_query_watermark_offsets(rk, s.topic.c_str(), 0, &low, &end, 5000);
    rd_kafka_destroy(rk);
    return end == 2;
  };
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (!aborted()) REQUIRE(std::chrono::steady_clock::now() < until);
  w->commit(first).value();
  CHECK(committed(s.topic) == texts{"a"});
  w->commit(prepared(w, 2, {"b"})).value();
  CHECK(committed(s.topic) == texts{"a", "b"});
}

TEST_CASE("fewer instances take over, and fence, those that are gone") {
  const sink s{fresh_topic()};
  std::vector<bytes> second;
  {
    const writer a = s.open(0, 2), b = s.open(1, 2);
    a->commit(prepared(a, 1, {"a1"})).value();
    b->commit(prepared(b, 1, {"b1"})).value();
    second = {prepared(a, 2, {"a2"}), prepared(b, 2, {"b2"})};
    put(b, {"open when it died"});
  }
  const writer w = s.open(0, 1);
  for (const bytes& one : second) w->commit(one).value();
  w->commit(prepared(w, 3, {"w3"})).value();
  // Readers would wait before a transaction that is still open.
  CHECK(sorted(committed(s.topic)) == texts{"a1", "a2", "b1", "b2", "w3"});
}

TEST_CASE("a run that begins anew with fewer instances ends what those of others left") {
  const sink s{fresh_topic()};
  {
    // The first has no rows; the third dies before any of its rows are committed.
    const writer a = s.open(0, 3), b = s.open(1, 3), c = s.open(2, 3);
    b->commit(prepared(b, 1, {"b1"})).value();
    (void)prepared(b, 2, {"never committed"});
    (void)prepared(c, 2, {"nor this"});
  }
  const writer w = s.open(0, 1, sink_start::fresh);
  w->commit(prepared(w, 1, {"w1"})).value();
  // Else a reader of committed records would wait for the broker to end them.
  CHECK(sorted(committed(s.topic)) == texts{"b1", "w1"});
}

TEST_CASE("a run with fewer transactions an instance ends those of one that had more") {
  sink s{fresh_topic()};
  s.options.transactions = 4;
  bytes last;
  {
    const writer w = s.open();
    w->commit(prepared(w, 1, {"a"})).value();
    for (std::uint64_t i = 2; i <= 5; ++i) last = prepared(w, i, {std::to_string(i)});
  }
  s.options.transactions = 2;
  const auto began = std::chrono::steady_clock::now();
  const writer w = s.open();
  CHECK(std::chrono::steady_clock::now() - began < 25s);
  w->commit(last).value();
  CHECK(committed(s.topic) == texts{"a", "5"});
  s.options.transactions = 17;
  CHECK_THROWS_WITH(s.open(), ContainsSubstring("16 at most"));
}

TEST_CASE("settings that can't work are refused") {
  sink s{fresh_topic()};
  const auto why = [&](duration interval) -> std::string {
    try {
      (void)s.open(0, 1, sink_start::fresh, interval);
      return "";
    } catch (const exception& e) {
      return e.why().message;
    }
  };
  CHECK_THAT(why(20min), ContainsSubstring("take checkpoints more often"));
  s.options.transaction_timeout = 2s;
  CHECK_THAT(why(1s), ContainsSubstring("transactions of 2 s at most"));
  s.options.transaction_timeout = 60min;
  CHECK_THAT(why(1s), ContainsSubstring("the broker allows 900 s"));
  pipeline p{"no checkpoints"};
  p.from(memory_source<std::string>({"a"})).to(kafka::to_topic(quiet(), s.topic, s.options));
  const auto started = runtime::start(std::move(p));
  REQUIRE_FALSE(started);
  CHECK_THAT(started.error().message, ContainsSubstring("wants checkpoints"));
}

TEST_CASE("a row that is too large fails alone") {
  sink s{fresh_topic()};
  s.options.max_record = 2'000;
  const writer w = s.open();
  const texts rows{"a", std::string(5'000, 'x'), "b"};
  const std::vector<timestamp> times(3);
  const written first = w->write(rows, times);
  CHECK(first.events == 1);
  REQUIRE(first.failure);
  CHECK_THAT(first.failure->message, ContainsSubstring("can't be sent"));
  CHECK(w->write(std::span{rows}.subspan(2), std::span{times}.subspan(2)).events == 1);
  w->commit(w->pre_commit(1).value()).value();
  CHECK(committed(s.topic) == texts{"a", "b"});
}

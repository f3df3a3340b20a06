// SPDX-License-Identifier: BSD-3-Clause
// Windows, joins and patterns go on from state whose types were others.
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/runtime/push_source.hpp"
#include "weir/runtime/runtime.hpp"
#include "weir/stream.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct sample {
  std::uint32_t number = 0;
  std::string gone;
  std::uint64_t key = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(sample, (), (number, gone, key, at))

struct later_sample {
  std::uint64_t key = 0;
  std::uint64_t number = 0;
  double weight = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(later_sample, (), (key, number, weight, at))

struct other_sample {
  std::string number;
  std::uint64_t key = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(other_sample, (), (number, key, at))

template <class Sample>
Sample sample_of(std::uint64_t i) {
  Sample s;
  if constexpr (std::is_same_v<Sample, other_sample>)
    s.number = std::to_string(i);
  else
    s.number = static_cast<decltype(s.number)>(i);
  s.key = i % 5;
  s.at = timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(i)}};
  return s;
}

template <class Samples>
std::string text_of(const Samples& samples) {
  std::string text;
  for (const auto& s : samples)
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(s.number)>>)
      text += std::to_string(s.number) + " ";
    else
      text += s.number + " ";
  return text;
}

using lines = std::vector<std::string>;

/// A window or join of every engine, under `kind`.
template <class Sample>
pipeline made_of(const std::string& kind, const push_source<Sample>& from,
                 const memory_sink<std::string>& to, std::uint32_t parallelism) {
  pipeline p{"samples", {.parallelism = parallelism}};
  auto read = p.from(from)
                  .named("samples")
                  .event_time(&Sample::at, bounded_out_of_orderness{0s})
                  .named("times");
  auto keyed = read.key_by(&Sample::key);
  const auto end = [&](auto stream) { std::move(stream).to(to).named("out"); };
  const auto gathered = [&](auto windowed) {
    end(windowed.aggregate(collect{}).named("gathered").map([](const auto& r) {
      return std::to_string(r.key) + ": " + text_of(r.value);
    }));
  };
  const auto joined = [&](auto join) {
    end(std::move(join)
            .apply([](const Sample& a, const Sample& b) {
              return text_of(std::vector{a, b});
            })
            .named("gathered"));
  };
  const auto big = [&] {
    return read.filter([](const Sample& s) { return s.at.time_since_epoch() % 3ms == 0us; })
        .key_by(&Sample::key);
  };
  if (kind == "tumbling") gathered(keyed.window(tumbling{70ms}));
  if (kind == "hopping") gathered(keyed.window(hopping{90ms, 30ms}));
  if (kind == "lenient") gathered(keyed.window(hopping{90ms, 30ms}).allowed_lateness(30ms));
  if (kind == "sliding") gathered(keyed.window(sliding{50ms}));
  if (kind == "session") gathered(keyed.window(session{40ms}));
  if (kind == "count") gathered(keyed.window(sliding_count{9, 3}));
  if (kind == "gathering") gathered(keyed.local_pre_aggregate().window(tumbling{70ms}));
  if (kind == "gathering sessions") gathered(keyed.local_pre_aggregate().window(session{40ms}));
  if (kind == "sorted")
    end(keyed.sort_by_time().named("gathered").map([](const Sample& s) {
      return text_of(std::vector{s});
    }));
  if (kind == "contents")
    end(keyed.window(session{40ms})
            .template process<std::string>(
                [](std::uint64_t key, const weir::window&, std::span<const Sample> all, auto emit) {
                  emit(std::to_string(key) + ": " + text_of(all));
                })
            .named("gathered"));
  if (kind == "pattern")
    end(keyed
            .detect(pattern<Sample>("first")
                        .where([](const Sample& s) { return s.at.time_since_epoch() % 3ms == 0us; })
                        .followed_by("last")
                        .where([](const Sample& s) { return s.at.time_since_epoch() % 4ms == 0us; })
                        .within(60ms))
            .named("gathered")
            .map([](const match<Sample>& m) { return text_of(m["first"]) + text_of(m["last"]); }));
  if (kind == "interval join") joined(keyed.join(big()).within(-40ms, 40ms));
  if (kind == "window join") joined(keyed.join(big()).window(tumbling{80ms}));
  return p;
}

/// What a run emits; `refused` gets the reason if it can't start.
template <class Sample>
lines run(const std::string& kind, std::uint64_t first, std::uint64_t last, bool ends,
          const std::string& state, std::string* refused = nullptr, std::uint32_t parallelism = 2) {
  const push_source<Sample> from{1'000};
  const memory_sink<std::string> out;
  pipeline p = made_of(kind, from, out, parallelism);
  for (std::uint64_t i = first; i < last; ++i) REQUIRE(from.push(sample_of<Sample>(i)));
  if (ends) from.close();
  runtime_options options;
  options.log = [](const std::string&) {};
  if (!state.empty()) options.checkpoints.store = directory_store::open(state).value();
  options.checkpoints.timing.interval = 1h;
  auto running = runtime::start(std::move(p), std::move(options));
  if (!running) {
    if (refused == nullptr) FAIL(running.error().message);
    *refused = running.error().message;
    return {};
  }
  if (!ends) running->stop();
  const run_summary done = running->wait();
  if (done.failure) FAIL(done.failure->message);
  lines all = out.values();
  std::sort(all.begin(), all.end());
  return all;
}

const lines kinds{"tumbling",    "hopping",   "lenient",           "sliding", "session",
                  "count",       "contents",  "pattern",           "sorted",  "interval join",
                  "window join", "gathering", "gathering sessions"};

}  // namespace

TEST_CASE("open windows and waiting rows are read though their events have other members now") {
  for (const std::string& kind : kinds) {
    INFO(kind);
    const temporary_directory dir;
    lines both = run<sample>(kind, 0, 333, false, dir / "state");
    const lines rest = run<later_sample>(kind, 333, 800, true, dir / "state", nullptr, 3);
    both.insert(both.end(), rest.begin(), rest.end());
    std::sort(both.begin(), both.end());
    CHECK(both == run<later_sample>(kind, 0, 800, true, ""));
  }
}

TEST_CASE("a change in open windows and waiting rows that can't be read is refused by its member") {
  for (const std::string& kind : kinds) {
    INFO(kind);
    const temporary_directory dir;
    (void)run<sample>(kind, 0, 333, false, dir / "state");
    std::string why;
    (void)run<other_sample>(kind, 333, 800, true, dir / "state", &why);
    INFO(why);
    CHECK(why.find("number' was uint32, and is text now") != std::string::npos);
    CHECK(why.find("' can't be restored") != std::string::npos);
    CHECK(why.find('\n') == std::string::npos);
  }
}

TEST_CASE("a checkpoint that knows the form of the keys alone is read as it was written") {
  for (const std::string& kind : kinds) {
    if (kind == "sorted" || kind.starts_with("gathering")) continue;  // knew no form at all
    INFO(kind);
    const temporary_directory dir;
    lines both = run<sample>(kind, 0, 333, false, dir / "state");
    {
      // As earlier builds wrote them.
      const auto store = directory_store::open(dir / "state").value();
      checkpoint c = read_newest(*store, [](const auto&, const auto&) {}).value().value();
      for (snapshot_part& p : c.parts) {
        if (!p.state.starts_with("@form of @")) continue;
        byte_reader in{p.data};
        schema form;
        REQUIRE(decode_schema(in, form));
        form.fields.resize(1);
        p.data.clear();
        encode_schema(form, p.data);
      }
      ++c.manifest.id;
      REQUIRE(store->write(c));
    }
    const lines rest = run<sample>(kind, 333, 800, true, dir / "state");
    both.insert(both.end(), rest.begin(), rest.end());
    std::sort(both.begin(), both.end());
    CHECK(both == run<sample>(kind, 0, 800, true, ""));
  }
}

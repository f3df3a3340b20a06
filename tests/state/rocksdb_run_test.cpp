// SPDX-License-Identifier: BSD-3-Clause
// Pipelines whose state is in RocksDB, through failures, restarts and other backends.
#include "state/runs.hpp"
#include "support/temporary_directory.hpp"

#include <catch2/generators/catch_generators.hpp>

#include <sys/stat.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t keys = 2'000;

struct numbered {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(numbered, (), (key, count, number))

reading keyed_reading(std::uint64_t i) {
  reading r = reading_of(i);
  r.key = (i * 7919) % keys;
  return r;
}

/// Counts the readings of each key in several ways; each must be counted once.
struct counting {
  using output = numbered;
  using context = process_context<std::uint64_t, numbered>;
  value_state<std::uint64_t> seen{"seen"};
  list_state<std::uint64_t> newest{"newest"};
  map_state<std::uint64_t, std::uint64_t> odd{"odd"};
  value_state<std::uint64_t> recent{"recent", time_to_live{5s}};
  auto states() { return std::tie(seen, newest, odd, recent); }

  void on_event(const reading& r, context& c) {
    seen.update([](std::uint64_t& n) { ++n; });
    odd.update(r.number % 2, [](std::uint64_t& n) { ++n; });
    recent.update([](std::uint64_t& n) { ++n; });
    if (newest.get().size() == 3) newest.erase();
    newest.append(r.number);
    std::uint64_t sum = 0;
    for (const auto& [half, n] : *odd.get()) sum += n;
    const bool whole = sum == *seen.get() && newest.get().size() == (*seen.get() - 1) % 3 + 1;
    c.emit({r.key, whole ? *seen.get() : 0, r.number});
    c.set_event_timer(c.at() + 40s);
  }
  void on_timer(timestamp, context& c) {
    // The last of a key's timers: nothing came for long.
    if (seen.get() && !recent.get()) c.emit({c.key(), 1'000'000 + *seen.get(), 0});
  }
};

struct run_settings {
  std::uint64_t events = 30'000;
  double rate = 0;
  std::set<std::uint64_t> fails_at{};
  std::uint32_t parallelism = 2;
};

pipeline counts(const std::string& directory, const run_settings& how) {
  pipeline p{"counts", {.parallelism = how.parallelism}};
  auto read = p.from(generator{keyed_reading, {.events = how.events, .rate = how.rate}})
                  .event_time(&reading::at, bounded_out_of_orderness{0s})
                  .named("readings")
                  .map(fails_once{how.fails_at})
                  .on_error(directive::restart());
  auto keyed = std::move(read).key_by(&reading::key);
  keyed.process(counting{})
      .named("counting")
      .to(to_file(directory + "/counts.jsonl"))
      .named("counts file");
  keyed
      .reduce([](const reading& a, const reading& b) {
        reading r = b;
        r.number = a.number + b.number;
        return r;
      })
      .named("sums")
      .map([](const reading& r) {
        return numbered{r.key, r.number, 0};
      })
      .to(to_file(directory + "/sums.jsonl"))
      .named("sums file");
  return p;
}

/// Whether the files hold what counting by hand gives.
void check_results(const std::string& directory, const run_settings& how) {
  std::map<std::uint64_t, std::uint64_t> seen, sums;
  std::map<std::uint64_t, std::vector<timestamp>> times;
  std::vector<std::string> wanted, wanted_sums;
  for (std::uint64_t i = 0; i < how.events; ++i) {
    const reading r = keyed_reading(i);
    times[r.key].push_back(r.at);
    wanted.push_back(to_json(numbered{r.key, ++seen[r.key], i}));
    wanted_sums.push_back(to_json(numbered{r.key, sums[r.key] += i, 0}));
  }
  // Timers that come when the newest count has been forgotten.
  for (const auto& [key, at] : times)
    for (const timestamp t : at)
      if (t + 40s >= at.back() + 5s)
        wanted.push_back(to_json(numbered{key, 1'000'000 + seen[key], 0}));
  std::sort(wanted.begin(), wanted.end());
  std::sort(wanted_sums.begin(), wanted_sums.end());
  CHECK(lines(directory + "/counts.jsonl") == wanted);
  CHECK(lines(directory + "/sums.jsonl") == wanted_sums);
}

std::string newest_of(const std::string& directory) {
  return list_checkpoints(directory).value().front().place;
}

/// Files of a kind in a checkpoint, the largest first.
std::vector<fs::path> tables_in(const std::string& place, const std::string& extension = ".sst") {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator{place})
    if (entry.path().extension() == extension) found.push_back(entry.path());
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return fs::file_size(a) > fs::file_size(b); });
  return found;
}

}  // namespace

TEST_CASE("a run with its state in RocksDB that fails goes on from the newest checkpoint") {
  for (const std::size_t memory : {std::size_t{128} << 10, ample}) {
    INFO(memory << " bytes");
    const temporary_directory dir;
    const run_settings how{.rate = 60'000, .fails_at = {10'000, 20'000}};
    const run_summary done =
        run_whole(counts(dir / "out", how), in_rocksdb(dir / "state", 30ms, memory));
    CHECK(done.restarts == 2);
    CHECK(done.checkpoints > 2);
    std::size_t logs = 0;  // the newest may be a full one
    const auto kept = list_checkpoints(dir / "state").value();
    for (const auto& c : kept) logs += tables_in(c.place, ".changes").size();
    if (memory == ample && done.checkpoints > 6) CHECK(logs != 0);  // two of each attempt
    check_results(dir / "out", how);
    CHECK_FALSE(fs::exists(dir / "state/.weir-state"));
  }
}

TEST_CASE("a run without checkpoints may have its state in RocksDB") {
  const temporary_directory dir;
  const run_settings how{};
  runtime_options options = in_rocksdb(dir / "unused", 1h);
  options.checkpoints.store = nullptr;
  options.state.directory = dir / "work";
  run_whole(counts(dir / "out", how), std::move(options));
  check_results(dir / "out", how);
  CHECK_FALSE(fs::exists(dir / "work/.weir-state"));
}

TEST_CASE("state in RocksDB goes on at another parallelism, and in memory, and back") {
  const temporary_directory dir;
  run_settings how{.events = 60'000, .rate = 100'000};
  struct stretch {
    std::uint32_t parallelism;
    bool rocksdb;
  };
  std::uint64_t until = 0;
  for (const stretch s : {stretch{2, true},
                          {2, true},
                          {3, true},
                          {1, true},
                          {2, false},
                          {2, true},
                          {4, false},
                          {1, true}}) {
    how.parallelism = s.parallelism;
    until = 5'000;  // since its start
    const std::size_t memory = s.parallelism == 2 ? ample : std::size_t{128} << 10;
    const run_summary done = run_a_while(
        counts(dir / "out", how),
        s.rocksdb ? in_rocksdb(dir / "state", 20ms, memory) : in_memory(dir / "state", 20ms),
        until);
    CHECK(tables_in(newest_of(dir / "state")).empty() != s.rocksdb);
  }
  how.rate = 0;
  run_whole(counts(dir / "out", how), in_rocksdb(dir / "state", 20ms));
  check_results(dir / "out", how);
}

TEST_CASE("of a checkpoint in RocksDB a damaged file is found, and the one before is used") {
  const temporary_directory dir;
  const run_settings how{.rate = 100'000};
  run_a_while(counts(dir / "out", how), in_rocksdb(dir / "state", 50ms), 20'000);
  const std::string newest = newest_of(dir / "state");
  REQUIRE_FALSE(tables_in(newest).empty());
  const fs::path only_here = tables_in(newest).front();
  // Older checkpoints may link it, too: they keep the whole one.
  fs::copy_file(only_here, only_here.string() + ".copy");
  fs::rename(only_here.string() + ".copy", only_here);
  SECTION("a bit of it is flipped") {
    std::fstream file{only_here, std::ios::in | std::ios::out | std::ios::binary};
    file.seekg(static_cast<std::streamoff>(fs::file_size(only_here) / 2));
    const int c = file.peek();
    file.seekp(file.tellg());
    file.put(static_cast<char>(c ^ 4));
  }
  SECTION("it is cut") { fs::resize_file(only_here, fs::file_size(only_here) - 1); }
  SECTION("it is gone") { fs::remove(only_here); }
  const auto read = read_checkpoint(newest);
  REQUIRE_FALSE(read);
  CHECK(read.error().message.find(only_here.filename().string()) != std::string::npos);
  const auto store = directory_store::open(dir / "state").value();
  const auto before = read_newest(*store, [](const auto&, const auto&) {}).value();
  REQUIRE(before);
  std::vector<snapshot_part> parts = before->parts;
  expand_files(parts, [](const snapshot_part& p, const cold_store::row_visitor&) {
    CHECK(p.files->list().value().names.size() > 2);
  });
}

TEST_CASE(
    "of a checkpoint in RocksDB a bit that is flipped anywhere, or a file cut anywhere, is found") {
  const std::size_t memory = GENERATE(std::size_t{128} << 10, ample);
  const temporary_directory dir;
  run_a_while(counts(dir / "out", {.events = 1'000'000, .rate = 100'000}),
              in_rocksdb(dir / "state", 10ms, memory), 1'000, 3);
  const std::string newest = newest_of(dir / "state");
  REQUIRE_FALSE(tables_in(newest).empty());
  if (memory == ample) REQUIRE_FALSE(tables_in(newest, ".changes").empty());
  std::vector<fs::path> all;
  for (const auto& entry : fs::recursive_directory_iterator{newest})
    if (entry.is_regular_file()) all.push_back(entry.path());
  const auto write = [](const fs::path& to, const std::string& text) {
    std::ofstream{to, std::ios::binary | std::ios::trunc} << text;
  };
  std::mt19937_64 random{7};
  for (const fs::path& path : all) {
    std::ifstream in{path, std::ios::binary};
    const std::string whole{std::istreambuf_iterator<char>{in}, {}};
    const std::size_t step = 1 + whole.size() / 100;
    for (std::size_t i = 0; i < whole.size(); i += 1 + random() % step) {
      INFO(path.string() << " byte " << i << " of " << whole.size());
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << random() % 8));
      write(path, flipped);
      CHECK_FALSE(read_checkpoint(newest));
      write(path, whole.substr(0, i));
      CHECK_FALSE(read_checkpoint(newest));
    }
    write(path, whole);
    REQUIRE(read_checkpoint(newest));
  }
}

TEST_CASE("a checkpoint in RocksDB shares the tables that have not changed with the one before") {
  const temporary_directory dir;
  const run_settings how{.events = 200'000, .rate = 100'000};
  auto running = start(counts(dir / "out", how), in_rocksdb(dir / "state", 40ms));
  bool shared = false;
  while (!shared && !running.wait_for(10ms)) {
    std::error_code gone;
    std::map<std::uint64_t, std::set<std::string>> in;  // the checkpoints of a file, by its number
    for (fs::recursive_directory_iterator at{dir / "state", gone}, end; !gone && at != end;
         at.increment(gone)) {
      const std::string path = at->path().string();
      const auto from = path.find("/checkpoint-");
      struct ::stat file {};
      if (from == std::string::npos || at->path().extension() != ".sst" ||
          ::stat(path.c_str(), &file) != 0)
        continue;
      auto& checkpoints = in[file.st_ino];
      checkpoints.insert(path.substr(from, path.find('/', from + 1) - from));
      shared = shared || checkpoints.size() > 1;
    }
  }
  CHECK(shared);
  running.abort();
  running.wait();
}

TEST_CASE("a state directory is used by one run at a time") {
  const temporary_directory dir;
  runtime_options options = in_rocksdb(dir / "one", 1h);
  options.state.directory = dir / "work";
  auto running = start(counts(dir / "out", {.events = 100'000'000}), std::move(options));
  runtime_options second = in_rocksdb(dir / "two", 1h);
  second.state.directory = dir / "work";
  const auto refused = runtime::start(counts(dir / "out2", {}), std::move(second));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("work") != std::string::npos);
  running.abort();
  running.wait();
}

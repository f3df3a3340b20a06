// SPDX-License-Identifier: BSD-3-Clause
// A checkpoint with files of RocksDB that an earlier version wrote is read by this one. See
// data/README.md.
#include "checkpoint/saved_runs.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::test;

namespace {

namespace fs = std::filesystem;

/// A pipeline of operators that keep their state in the backend; what they emit as lines, with a
/// name before.
pipeline kept_in_files(const push_source<reading>& from, const memory_sink<std::string>& to,
                       std::uint32_t parallelism) {
  pipeline p{"kept in files", {.parallelism = parallelism}};
  auto keyed = p.from(from)
                   .named("readings")
                   .event_time(&reading::at, bounded_out_of_orderness{3ms})
                   .named("times")
                   .key_by(&reading::key);
  const auto write = [&](auto stream, const std::string& name) {
    std::move(stream)
        .named(name)
        .map([name](const auto& result) { return name + " " + to_json(result); })
        .to(to)
        .named(name + " out");
  };
  write(keyed.process(remembering{}), "process");
  write(keyed.reduce([](const reading& a, const reading& b) {
    return reading{a.number + b.number, a.key, b.at};
  }),
        "reduce");
  write(keyed.window(tumbling{40ms}).aggregate(count{}, sum(&reading::number)), "tumbling");
  write(keyed.window(session{25ms}).aggregate(count{}), "session");
  const auto rest = [](std::uint64_t n) {
    return [n](const reading& r) { return r.number % 5 == n; };
  };
  write(keyed
            .detect(pattern<reading>("one").where(rest(1)).followed_by("two").where(rest(2)).within(
                100ms))
            .select([](const match<reading>& m) {
              return std::pair{m["one"].front().number, m["two"].front().number};
            }),
        "pattern");
  return p;
}

/// What a run emits that takes up the checkpoint at `place`, or begins anew.
std::vector<std::string> run(std::uint64_t first, std::uint64_t last, bool ends, bool in_rocksdb,
                             const std::string& state, const std::string& place = "",
                             std::uint32_t parallelism = 2) {
  const push_source<reading> from{1'000};
  const memory_sink<std::string> out;
  runtime_options options;
  options.checkpoints.store = directory_store::open(state).value();
  options.checkpoints.timing.interval = 1h;
  if (!place.empty()) options.checkpoints.from = read_checkpoint(place).value();
  if (in_rocksdb) options.state = {.keep_in = state_options::place::rocksdb, .memory = 64 << 10};
  return play(from, kept_in_files(from, out, parallelism), out, first, last, ends,
              std::move(options));
}

const fs::path data = fs::path{WEIR_SAVED_FORMATS} / "rocksdb";

}  // namespace

TEST_CASE("the checkpoint with files that this version writes is kept for later ones",
          "[.make-files]") {
  const temporary_directory dir;
  const char* to = std::getenv("WEIR_FILES_DIRECTORY");
  REQUIRE(to != nullptr);
  (void)run(0, before, false, true, dir / "state");
  const auto stored = list_checkpoints(dir / "state").value();
  REQUIRE(stored.size() == 1);
  fs::copy(stored[0].place, to, fs::copy_options::recursive);
}

TEST_CASE("every format with files is restored into either backend, as if nothing had happened") {
  const temporary_directory dir;
  const std::vector<std::string> whole = run(0, all, true, false, dir / "whole");
  const std::vector<std::string> head = run(0, before, false, false, dir / "head");
  std::vector<std::string> tail;
  std::set_difference(whole.begin(), whole.end(), head.begin(), head.end(),
                      std::back_inserter(tail));
  REQUIRE(tail.size() + head.size() == whole.size());
  std::size_t formats = 0;
  for (const auto& entry : fs::directory_iterator{data}) {
    ++formats;
    INFO(entry.path());
    // Files are gone on with as they are at the same parallelism, and read row by row at others.
    REQUIRE(fs::exists(entry.path() / "files"));
    for (const std::uint32_t parallelism : {1U, 2U, 3U})
      for (const bool in_rocksdb : {true, false}) {
        INFO(parallelism << (in_rocksdb ? " in RocksDB" : " in memory"));
        const std::string name = entry.path().filename().string() + "-" +
                                 std::to_string(parallelism) + (in_rocksdb ? "-r" : "-m");
        const auto found =
            run(before, all, true, in_rocksdb, dir / name, entry.path().string(), parallelism);
        REQUIRE(found == tail);
      }
  }
  CHECK(formats >= 1);
}

TEST_CASE("a file of a saved format that is damaged is found") {
  const temporary_directory dir;
  for (const auto& entry : fs::directory_iterator{data}) {
    const fs::path copy = dir / entry.path().filename().string();
    fs::copy(entry.path(), copy, fs::copy_options::recursive);
    REQUIRE(read_checkpoint(copy.string()));
    for (const auto& file : fs::recursive_directory_iterator{copy / "files"})
      if (file.path().extension() == ".sst") fs::resize_file(file.path(), file.file_size() - 1);
    const auto read = read_checkpoint(copy.string());
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find(".sst' is damaged") != std::string::npos);
  }
}

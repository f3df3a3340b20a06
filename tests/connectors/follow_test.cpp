// SPDX-License-Identifier: BSD-3-Clause
#include "connectors/reading.hpp"
#include "connectors/temporary.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// A followed file and who follows it.
class followed {
public:
  explicit followed(const char* name = "a.jsonl") : path_(dir_ / name) {}

  void start(std::uint64_t offset = 0) {
    reader_ = files<reading>(path_, {.follow = true}).make_reader();
    reader_->assign(0, {path_}, offset);
  }
  /// Reads what is there now, one poll interval later.
  everything later() {
    time_.advance(100ms);
    return now();
  }
  everything now() {
    everything all = drain(*reader_, time_);
    CHECK(all.failure.empty());
    CHECK(all.ended == 0);
    return all;
  }
  [[nodiscard]] timestamp next_poll() const { return reader_->next_poll(); }
  [[nodiscard]] const manual_clock& time() const { return time_; }

  void append(std::int64_t number) { append_file(path_, line(number)); }
  static std::string line(std::int64_t number) { return as_jsonl({{"x", number, {}}}); }
  static std::vector<std::int64_t> numbers(const everything& all) {
    std::vector<std::int64_t> out;
    for (const reading& r : all.events) out.push_back(r.number);
    return out;
  }
  void rename_away() { std::filesystem::rename(path_, path_ + ".1"); }

  [[nodiscard]] const std::string& path() const { return path_; }

private:
  temporary_directory dir_;
  std::string path_;
  manual_clock time_;
  std::unique_ptr<source_reader<reading>> reader_;
};

using list = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a followed file gives what is appended to it") {
  followed f;
  f.append(1);
  f.start();
  CHECK(f.numbers(f.now()) == list{1});
  CHECK(f.numbers(f.later()).empty());
  CHECK(f.next_poll() == f.time().wall() + 100ms);
  f.append(2);
  f.append(3);
  CHECK(f.numbers(f.later()) == list{2, 3});
}

TEST_CASE("a line of a followed file is given when its end has come") {
  followed f;
  f.start();
  append_file(f.path(), "{\"name\":\"x\",\"num");
  CHECK(f.later().events.empty());
  append_file(f.path(), "ber\":7}");
  CHECK(f.later().events.empty());
  append_file(f.path(), "\r");
  CHECK(f.later().events.empty());
  append_file(f.path(), "\n");
  CHECK(f.numbers(f.later()) == list{7});
}

TEST_CASE("a followed directory is searched again, and a file that was only renamed isn't new") {
  const temporary_directory dir;
  append_file(dir / "app.jsonl", followed::line(1));
  const auto enumerator = files<reading>(dir.path(), {.follow = true}).make_enumerator();
  CHECK(enumerator->find_again_every() == 1s);
  const auto names = [&] {
    std::vector<std::string> all;
    const std::vector<split> found = enumerator->discover().value();
    for (const split& s : found) all.push_back(std::filesystem::path{s.id}.filename());
    return all;
  };
  CHECK(names() == std::vector<std::string>{"app.jsonl"});
  std::filesystem::rename(dir / "app.jsonl", dir / "app-1.jsonl");
  append_file(dir / "app.jsonl", followed::line(2));
  append_file(dir / "other.jsonl", followed::line(3));
  append_file(dir / "app-2.jsonl.gz", "a rotation's compressed copy");
  CHECK(names() == std::vector<std::string>{"app.jsonl", "other.jsonl"});
}

TEST_CASE("a followed directory that goes away is still searched at the same pace") {
  std::unique_ptr<source_enumerator> enumerator;
  {
    const temporary_directory dir;
    append_file(dir / "app.jsonl", followed::line(1));
    enumerator = files<reading>(dir.path(), {.follow = true}).make_enumerator();
    REQUIRE(enumerator->discover());
  }
  CHECK_FALSE(enumerator->discover());
  CHECK(enumerator->find_again_every() == 1s);
}

TEST_CASE("a file that takes the identity of one that is gone is new") {
  const temporary_directory dir;
  append_file(dir / "a.jsonl", followed::line(1));
  append_file(dir / "b.jsonl", followed::line(2));
  const auto enumerator = files<reading>(dir.path(), {.follow = true}).make_enumerator();
  CHECK(enumerator->discover()->size() == 2);
  std::filesystem::rename(dir / "b.jsonl", dir / "hidden");
  std::filesystem::rename(dir / "hidden", dir / ".hidden");
  CHECK(enumerator->discover()->size() == 1);  // its identity is in use, but not here
  std::filesystem::rename(dir / ".hidden", dir / "c.jsonl");
  CHECK(enumerator->discover()->size() == 2);
}

TEST_CASE("what can't grow is not searched again") {
  const temporary_directory dir;
  append_file(dir / "app.jsonl", followed::line(1));
  CHECK(files<reading>(dir.path()).make_enumerator()->find_again_every() == 0s);
  CHECK(files<reading>(dir / "app.jsonl", {.follow = true}).make_enumerator()->find_again_every() ==
        0s);
}

TEST_CASE("a followed file may be missing at first") {
  followed f;
  REQUIRE(files<reading>(f.path(), {.follow = true}).make_enumerator()->discover()->size() == 1);
  f.start();
  CHECK(f.now().events.empty());
  f.append(1);
  CHECK(f.numbers(f.later()) == list{1});
}

TEST_CASE("after a rename the old file is read to its end, then the new one from 0") {
  followed f;
  f.append(1);
  f.start();
  f.now();
  f.append(2);
  f.rename_away();
  f.append(3);
  CHECK(f.numbers(f.now()) == list{2});
  append_file(f.path() + ".1", followed::line(4));  // by a writer that has not noticed yet
  CHECK(f.numbers(f.now()) == list{4});
  const everything all = f.later();
  CHECK(f.numbers(all) == list{3});
  CHECK(all.before == std::vector<std::uint64_t>{0});
  CHECK(all.end_offset == followed::line(3).size());
  f.append(5);
  CHECK(f.numbers(f.later()) == list{5});
}

TEST_CASE("a followed file may be missing for a moment") {
  followed f;
  f.append(1);
  f.start();
  f.now();
  f.rename_away();
  append_file(f.path() + ".1", followed::line(2));
  CHECK(f.numbers(f.later()) == list{2});
  CHECK(f.later().events.empty());
  f.append(3);
  CHECK(f.later().events.empty());
  CHECK(f.numbers(f.later()) == list{3});
}

TEST_CASE("a line that a rotation has cut off is the last record of the old file") {
  followed f;
  f.append(1);
  f.start();
  f.now();
  const std::string cut = f.line(2);
  const bool whole = GENERATE(true, false);
  append_file(f.path(), cut.substr(0, cut.size() - (whole ? 1 : 5)));
  f.rename_away();
  f.append(3);
  f.later();
  const everything all = f.later();
  CHECK(f.numbers(all) == (whole ? list{2, 3} : list{3}));
  CHECK(all.rejected.size() == (whole ? 0 : 1));
}

TEST_CASE("a followed file that is truncated begins again at 0") {
  followed f;
  f.append(100);
  f.append(200);
  f.start();
  f.now();
  write_file(f.path(), "");
  CHECK(f.later().events.empty());
  f.append(3);
  CHECK(f.numbers(f.later()) == list{3});
  write_file(f.path(), "\n");
  f.append(4);
  const everything all = f.later();
  CHECK(f.numbers(all).size() <= 1);  // as long as before: not to be told from an append of nothing
}

TEST_CASE("a truncated file that is written at once begins again at 0") {
  followed f;
  f.append(100);
  f.append(200);
  f.start();
  f.now();
  write_file(f.path(), followed::line(3));
  const everything all = f.later();
  CHECK(f.numbers(all) == list{3});
  CHECK(all.before == std::vector<std::uint64_t>{0});
}

TEST_CASE("following goes on at an offset, or at 0 if the file is another one") {
  followed f;
  f.append(1);
  f.append(2);
  f.start(followed::line(1).size());
  CHECK(f.numbers(f.now()) == list{2});

  f.start(10 * followed::line(1).size());
  CHECK(f.numbers(f.now()) == list{1, 2});
  f.start(followed::line(1).size() + 1);
  CHECK(f.numbers(f.now()) == list{1, 2});
  f.start(2 * followed::line(1).size());
  CHECK(f.now().events.empty());
  f.append(3);
  CHECK(f.numbers(f.later()) == list{3});
}

TEST_CASE("a followed CSV file has a header after each rotation") {
  followed f{"a.csv"};
  f.start();
  append_file(f.path(), "name,num");
  CHECK(f.later().events.empty());
  append_file(f.path(), "ber\na,1\n");
  CHECK(f.numbers(f.later()) == list{1});
  append_file(f.path(), "\"b\n");
  CHECK(f.later().events.empty());
  append_file(f.path(), "c\",2\n");
  CHECK(f.numbers(f.later()) == list{2});
  f.rename_away();
  write_file(f.path(), "number,name\n3,a\n");
  f.later();
  CHECK(f.numbers(f.later()) == list{3});

  f.start(16);
  append_file(f.path(), "4,a\n");
  CHECK(f.numbers(f.now()) == list{4});
  f.start(1000);
  CHECK(f.numbers(f.now()) == list{3, 4});
}

TEST_CASE("several files are followed at a time") {
  const temporary_directory dir;
  manual_clock time;
  const auto reader = files<reading>("", {.follow = true, .files_at_once = 1}).make_reader();
  for (std::size_t i = 0; i < 3; ++i) reader->assign(i, {dir / (std::to_string(i) + ".jsonl")}, 0);
  CHECK(drain(*reader, time).events.empty());
  write_file(dir / "2.jsonl", followed::line(2));
  write_file(dir / "0.jsonl", followed::line(0));
  time.advance(100ms);
  CHECK(drain(*reader, time).events.size() == 2);
}

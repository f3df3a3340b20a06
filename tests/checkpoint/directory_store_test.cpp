// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/directory_store.hpp"

#include "support/temporary_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <fstream>
#include <iterator>

using namespace weir;
using weir::test::temporary_directory;
namespace fs = std::filesystem;

namespace {

bytes text_bytes(std::string_view text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

checkpoint sample(std::uint64_t id,
                  flow::checkpoint_kind kind = flow::checkpoint_kind::checkpoint) {
  checkpoint c;
  c.manifest.pipeline = "sample";
  c.manifest.id = id;
  c.manifest.kind = kind;
  c.manifest.key_groups = 128;
  c.manifest.shape = ~std::uint64_t{0} - 5;
  c.manifest.taken_at = timestamp{std::chrono::seconds{1'700'000'000}};
  c.manifest.operators = {{"count by shop", "window", true, true}};
  c.parts.push_back({"count by shop", "pane", state_kind::keyed, 77, text_bytes("seven")});
  c.parts.push_back({"out", "committable", state_kind::list, 0, {}});
  c.parts.push_back({"in", "@split", state_kind::union_list, 0, text_bytes(std::to_string(id))});
  return c;
}

std::shared_ptr<directory_store> open(const std::string& path) {
  return directory_store::open(path).value();
}

std::string read_text(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void write_text(const std::string& path, const std::string& text) {
  std::ofstream{path, std::ios::binary} << text;
}

bool same(const checkpoint& a, const checkpoint& b) {
  const auto equal = [](const snapshot_part& x, const snapshot_part& y) {
    return x.operator_id == y.operator_id && x.state == y.state && x.kind == y.kind &&
           x.group == y.group && x.data == y.data;
  };
  return a.manifest.id == b.manifest.id && a.manifest.shape == b.manifest.shape &&
         a.manifest.taken_at == b.manifest.taken_at && a.manifest.pipeline == b.manifest.pipeline &&
         a.parts.size() == b.parts.size() &&
         std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), equal);
}

}  // namespace

TEST_CASE("parts of any size, and names, come back as they were") {
  const temporary_directory dir;
  checkpoint c = sample(1);
  const std::size_t sizes[] = {0, 1, 4'000, 524'287, 524'288, 1'048'575, 1'048'576, 3'500'000, 7};
  for (const std::size_t n : sizes) {
    bytes data(n);
    for (std::size_t i = 0; i < n; ++i) data[i] = static_cast<std::byte>(i * 7 + i / 255 + n);
    c.parts.push_back({std::string(n / 2'000, 'x'), "s", state_kind::keyed, 3, std::move(data)});
  }
  c.parts.push_back({std::string(1'500'000, 'y'), "s", state_kind::list, 0, text_bytes("end")});
  const auto store = open(dir.path());
  REQUIRE(store->write(c));
  CHECK(same(store->read(store->list().value().at(0)).value(), c));
}

TEST_CASE("a checkpoint may be written while it is taken, and one that is dropped leaves nothing") {
  const temporary_directory dir;
  const auto store = open(dir.path());
  const auto entries = [&] {
    return std::distance(fs::directory_iterator{dir.path()}, fs::directory_iterator{});
  };
  const auto before = entries();
  checkpoint whole = sample(4);
  whole.parts.push_back({"in", "large", state_kind::keyed, 1, bytes(3'000'000, std::byte{5})});
  {
    const auto draft = store->begin(3);
    draft->add(whole.parts);
    CHECK(entries() == before + 1);
    CHECK(store->list().value().empty());
  }
  CHECK(entries() == before);
  const auto draft = store->begin(4);
  for (const snapshot_part& p : whole.parts) draft->add({p});
  const std::uint64_t size = draft->commit(whole.manifest).value();
  CHECK(same(store->read(store->list().value().at(0)).value(), whole));
  whole.manifest.id = 5;
  CHECK(store->write(whole).value() == size);
  CHECK(read_text(dir / "checkpoint-4/state") == read_text(dir / "checkpoint-5/state"));
}

TEST_CASE("two drafts of one number do not meet") {
  const temporary_directory dir;
  const auto store = open(dir.path());
  auto given_up = store->begin(4);
  given_up->add(sample(4).parts);
  const auto draft = store->begin(4);
  draft->add(sample(4).parts);
  given_up.reset();
  REQUIRE(draft->commit(sample(4).manifest));
  CHECK(same(store->read(store->list().value().at(0)).value(), sample(4)));
}

TEST_CASE("what goes wrong while a checkpoint is written is told by its commit") {
  const temporary_directory dir;
  const auto store = open(dir / "gone");
  const auto draft = store->begin(1);
  fs::remove_all(dir / "gone");
  draft->add(sample(1).parts);
  draft->add(sample(1).parts);
  const auto done = draft->commit(sample(1).manifest);
  REQUIRE(!done);
  CHECK(done.error().message.find("cannot make the directory") != std::string::npos);
}

TEST_CASE("a checkpoint that is read is the one that was written") {
  const temporary_directory dir;
  const auto store = open(dir.path());
  CHECK(store->list().value().empty());
  const std::uint64_t size = store->write(sample(3)).value();
  auto listed = store->list().value();
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].id == 3);
  CHECK(same(store->read(listed[0]).value(), sample(3)));
  std::uint64_t on_disk = 0;
  for (const auto& entry : fs::directory_iterator{listed[0].place}) on_disk += entry.file_size();
  CHECK(size == on_disk);
}

TEST_CASE("the newest comes first, and old ones go, but savepoints stay") {
  const temporary_directory dir;
  const auto store = open(dir.path());
  for (const std::uint64_t id : {2, 9, 10, 11}) REQUIRE(store->write(sample(id)));
  REQUIRE(store->write(sample(1, flow::checkpoint_kind::savepoint)));
  const auto ignore = [](const std::string& line) { FAIL(line); };
  CHECK(take_newest(*store, ignore).value()->manifest.id == 11);
  CHECK(next_id(*store).value() == 12);
  remove_old(*store, 2, ignore);
  std::vector<std::uint64_t> left;
  auto listed = store->list().value();
  for (const stored_checkpoint& s : listed) left.push_back(s.id);
  CHECK(left == std::vector<std::uint64_t>{11, 10, 1});
}

TEST_CASE(
    "a bit that is flipped anywhere, or a file cut anywhere, is found, and the checkpoint "
    "before is used") {
  const temporary_directory dir;
  const auto store = open(dir.path());
  REQUIRE(store->write(sample(1)));
  REQUIRE(store->write(sample(2)));
  for (const char* name :
       {"/checkpoint-2/manifest.json", "/checkpoint-2/manifest.sum", "/checkpoint-2/state"}) {
    const std::string path = dir.path() + name;
    const std::string whole = read_text(path);
    REQUIRE(!whole.empty());
    const auto expect_the_one_before = [&] {
      int warnings = 0;
      const auto found = read_newest(*store, [&](const auto&, const auto&) { ++warnings; });
      REQUIRE(found);
      REQUIRE((*found)->manifest.id == 1);
      REQUIRE(same(**found, sample(1)));
      REQUIRE(warnings == 1);
    };
    for (std::size_t i = 0; i < whole.size(); ++i) {
      INFO(name << " byte " << i);
      for (const int bit : {0, 3, 5, 7}) {
        std::string flipped = whole;
        flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
        write_text(path, flipped);
        expect_the_one_before();
      }
      write_text(path, whole.substr(0, i));
      expect_the_one_before();
    }
    write_text(path, whole + "\n");
    expect_the_one_before();
    fs::remove(path);
    expect_the_one_before();
    write_text(path, whole);
    REQUIRE(read_newest(*store, [](const auto&, const auto&) {}).value()->manifest.id == 2);
  }
}

TEST_CASE("where no checkpoint is whole, nothing is begun anew in silence") {
  const temporary_directory dir;
  const auto store = open(dir.path());
  REQUIRE(store->write(sample(1)));
  fs::remove(dir / "checkpoint-1/state");
  const auto found = read_newest(*store, [](const auto&, const auto&) {});
  REQUIRE(!found);
  CHECK(found.error().message.find("--fresh") != std::string::npos);
}

TEST_CASE("what a crash left half-written is no checkpoint, and is cleared away") {
  const temporary_directory dir;
  fs::create_directory(dir / ".weir-checkpoint-4");
  write_text(dir / ".weir-checkpoint-4/state", "half");
  const auto store = open(dir.path());
  CHECK(store->list().value().empty());
  CHECK(!fs::exists(dir / ".weir-checkpoint-4"));
}

TEST_CASE("a directory serves one run at a time, and the refusal names the process that has it") {
  const temporary_directory dir;
  auto first = open(dir.path());
  const auto second = directory_store::open(dir.path());
  REQUIRE(!second);
  CHECK(second.error().code == errc::already_running);
  CHECK(second.error().message.find(std::to_string(getpid())) != std::string::npos);
  first.reset();
  CHECK(directory_store::open(dir.path()));
}

TEST_CASE("a checkpoint of a later format is refused by its number") {
  const temporary_directory dir;
  const auto store = open(dir.path());
  checkpoint c = sample(1);
  c.manifest.format = 3;
  REQUIRE(store->write(c));
  const auto listed = store->list().value();
  const auto found = store->read(listed[0]);
  REQUIRE(!found);
  CHECK(found.error().message.find("format 3") != std::string::npos);
}

TEST_CASE(
    "a disk that is full, or a directory that is gone, is an error and leaves nothing behind") {
  const temporary_directory dir;
  const auto store = open(dir / "state");
  fs::remove_all(dir / "state");
  const auto written = store->write(sample(1));
  REQUIRE(!written);
  CHECK(written.error().message.find("state") != std::string::npos);
}

TEST_CASE("a damaged checkpoint is set aside when the one before it is taken, and not in the way") {
  const temporary_directory dir;
  const auto store = open(dir.path());
  REQUIRE(store->write(sample(1)));
  REQUIRE(store->write(sample(2)));
  fs::resize_file(dir / "checkpoint-2/state", 5);
  int warnings = 0;
  const auto warn = [&](const std::string&) { ++warnings; };
  CHECK(take_newest(*store, warn).value()->manifest.id == 1);
  CHECK(warnings == 1);
  CHECK(fs::exists(dir / "damaged-checkpoint-2"));
  REQUIRE(store->write(sample(2)));
  CHECK(take_newest(*store, warn).value()->manifest.id == 2);
  CHECK(warnings == 1);
}

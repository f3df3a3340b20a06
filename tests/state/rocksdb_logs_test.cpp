// SPDX-License-Identifier: BSD-3-Clause
// Checkpoints that are the one before and a log of what has changed since.
#include "support/temporary_directory.hpp"
#include "weir/codec/binary.hpp"
#include "weir/rocksdb/rocksdb.hpp"
#include "weir/state/cold_table.hpp"
#include "weir/state/keyed_table.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

using namespace weir;
using namespace weir::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t groups = 16;
constexpr std::size_t mib = std::size_t{1} << 20;
using model = std::map<std::uint64_t, std::string>;
using text_table = cold_table<std::uint64_t, std::string>;

/// A table over a store of some groups.
class instance {
public:
  instance(state_backend& of, std::uint32_t first, std::uint32_t end,
           std::vector<snapshot_part> restored = {})
      : first_(first),
        end_(end),
        store_(of.open({"i" + std::to_string(++number), {"op"}, first, end}, std::move(restored))),
        table_(*store_, "op", "value", groups) {}

  [[nodiscard]] bool owns(std::uint64_t key) const {
    const std::uint32_t g = group_of_hash(key_hash(key), groups);
    return first_ <= g && g < end_;
  }
  text_table& table() { return table_; }
  cold_store& store() { return *store_; }
  void put(std::uint64_t key, std::string value) { table_.put(key, std::move(value)); }

  void begin() {
    to_.cancel();
    parts_.clear();
    store_->begin_checkpoint();
    to_.bind("op");
    table_.save(to_, "value");
  }
  void give_up() {
    to_.cancel();
    store_->cancel_checkpoint();
  }
  snapshot_part end() {
    to_.write_rest();
    return store_->end_checkpoint().value();
  }
  snapshot_part take() {
    begin();
    return end();
  }

private:
  static inline int number = 0;

  std::uint32_t first_, end_;
  std::unique_ptr<cold_store> store_;
  text_table table_;
  std::vector<snapshot_part> parts_;
  snapshot_writer to_{parts_};
};

std::vector<std::string> names_of(const snapshot_part& part, const std::string& extension) {
  std::vector<std::string> all = part.files->list().value().names;
  std::erase_if(all, [&](const std::string& n) { return fs::path{n}.extension() != extension; });
  return all;
}
std::size_t logs_of(const snapshot_part& part) { return names_of(part, ".changes").size(); }

std::size_t logs_in(const std::string& directory) {
  std::size_t n = 0;
  for (const auto& entry : fs::directory_iterator{directory})
    n += entry.path().extension() == ".changes" ? 1 : 0;
  return n;
}

/// The rows of parts as another backend reads them.
model rows_of(std::vector<snapshot_part> parts) {
  expand_files(parts, visit_rocksdb_rows);
  snapshot_reader from{parts};
  from.bind("op");
  model all;
  from.each("value", [&](key_group, std::span<const std::byte> data) {
    byte_reader in{data};
    std::pair<std::uint64_t, std::string> row;
    while (in.remaining() != 0) {
      REQUIRE(decode(in, row));
      CHECK(all.insert(row).second);
    }
  });
  return all;
}

void check_holds(instance& i, const model& m, std::uint64_t keys) {
  for (std::uint64_t k = 0; k < keys; ++k) {
    if (!i.owns(k)) continue;
    const auto at = m.find(k);
    const std::string* found = i.table().find(k);
    REQUIRE((found != nullptr) == (at != m.end()));
    if (found != nullptr) REQUIRE(*found == at->second);
  }
}

std::string text_of(std::uint64_t n) { return std::string(n % 40, 'x') + std::to_string(n); }

bytes encoded(std::uint64_t key) {
  bytes b;
  encode(key, b);
  return b;
}
std::span<const std::byte> span_of(const std::string& s) {
  return std::as_bytes(std::span{s.data(), s.size()});
}

}  // namespace

TEST_CASE("a checkpoint has the tables of the one before, and a log of what has changed since") {
  const temporary_directory dir;
  const auto backend = open_rocksdb({dir.path(), 64 * mib}).value();
  instance i{*backend, 0, groups};
  for (std::uint64_t k = 0; k < 1'000; ++k) i.put(k, text_of(k));
  const snapshot_part first = i.take();
  CHECK(logs_of(first) == 0);
  i.put(7, "seven");
  i.table().erase(8);
  i.put(2'000, "new");
  const snapshot_part second = i.take();
  CHECK(logs_of(second) == 1);
  CHECK(names_of(second, ".sst") == names_of(first, ".sst"));
  i.put(7, "seven again");
  i.put(8, "eight again");
  i.table().erase(2'000);
  const snapshot_part third = i.take();
  CHECK(logs_of(third) == 2);
  const snapshot_part nothing_since = i.take();
  CHECK(logs_of(nothing_since) == 3);

  model expected;
  for (std::uint64_t k = 0; k < 1'000; ++k) expected[k] = text_of(k);
  CHECK(rows_of({first}) == expected);
  model at_second = expected;
  at_second[7] = "seven";
  at_second.erase(8);
  at_second[2'000] = "new";
  CHECK(rows_of({second}) == at_second);
  expected[7] = "seven again";
  expected[8] = "eight again";
  CHECK(rows_of({third}) == expected);
  CHECK(rows_of({nothing_since}) == expected);
  for (const std::uint32_t end : {groups, groups / 2}) {  // as it is, and row by row
    instance again{*backend, 0, end, {third}};
    check_holds(again, expected, 2'100);
    again.put(9, "nine");
    CHECK(logs_of(again.take()) == 0);  // the first of a store is a full one
  }
}

TEST_CASE("of any checkpoint goes on what was there at its barrier, at any parallelism") {
  constexpr std::uint64_t keys = 500;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    const temporary_directory dir;
    // With little memory rows leave while there are logs.
    const auto backend = open_rocksdb({dir.path(), seed == 3 ? 128'000 : 16 * mib}).value();
    std::mt19937_64 random{seed};
    struct taken {
      std::vector<snapshot_part> parts;
      model rows;
    };
    std::vector<taken> all(1);
    std::size_t with_logs = 0;
    for (int run = 0; run < 4; ++run) {
      const auto& from = all[random() % all.size()];
      const auto parallelism = static_cast<std::uint32_t>(1 + random() % 3);
      std::vector<std::unique_ptr<instance>> on;
      for (std::uint32_t n = 0; n < parallelism; ++n)
        on.push_back(std::make_unique<instance>(*backend, n * groups / parallelism,
                                                (n + 1) * groups / parallelism, from.parts));
      model now = from.rows;
      std::vector<taken> of_run;
      for (int c = 0; c < 25; ++c) {
        for (std::uint64_t change = random() % 60; change != 0; --change) {
          const std::uint64_t k = random() % keys;
          for (auto& i : on) {
            if (!i->owns(k)) continue;
            if (random() % 4 == 0) {
              i->table().erase(k);
              now.erase(k);
            } else {
              i->put(k, now[k] = text_of(random()));
            }
          }
        }
        if (random() % 5 == 0) {
          for (auto& i : on) i->begin();
          for (auto& i : on) i->give_up();
          continue;
        }
        taken t;
        t.rows = now;
        for (auto& i : on) t.parts.push_back(i->take());
        with_logs += logs_of(t.parts.front()) != 0 ? 1 : 0;
        of_run.push_back(std::move(t));
      }
      for (const taken& t : of_run) CHECK(rows_of(t.parts) == t.rows);
      for (auto& i : on) check_holds(*i, now, keys);
      std::move(of_run.begin(), of_run.end(), std::back_inserter(all));
    }
    CHECK(with_logs > 20);
  }
}

TEST_CASE("a store begins anew with a full checkpoint") {
  const temporary_directory dir;
  const auto backend = open_rocksdb({dir.path(), 64 * mib}).value();
  const auto store = backend->open({"store", {"op"}, 0, groups}, {});
  const auto table = store->open_table("op", {"value"}, false);
  const auto name = [&](const bytes& key) { return row_name{table.number, 0, key}; };
  const auto take = [&](std::uint64_t key, const std::string& row) {
    store->begin_checkpoint();
    store->save(name(encoded(key)), span_of(row));
    snapshot_part made = store->end_checkpoint().value();
    store->wait();
    return made;
  };
  const auto texts_of = [](const snapshot_part& part) {
    std::map<bytes, std::string> all;
    visit_rocksdb_rows(part, [&](const row_name& n, std::span<const std::byte> row) {
      all[bytes(n.key.begin(), n.key.end())] =
          std::string(reinterpret_cast<const char*>(row.data()), row.size());
    });
    return all;
  };
  take(1, "one");
  REQUIRE(logs_of(take(2, "two")) == 1);

  SECTION("after sixteen logs") {
    for (std::uint64_t n = 2; n <= 16; ++n) REQUIRE(logs_of(take(n, "two")) == n);
    CHECK(store->saved() > store->stored());
    CHECK(logs_of(take(3, "three")) == 0);
    CHECK(store->saved() == 1);  // of what the logs had it wants to be told again
    CHECK(logs_of(take(3, "three")) == 1);
  }
  SECTION("after a row came into the database, which a log has an older one of") {
    store->put(name(encoded(2)), span_of("newer"));
    const snapshot_part made = take(3, "three");
    CHECK(logs_of(made) == 0);
    CHECK(texts_of(made) == std::map<bytes, std::string>{
                                {encoded(1), "one"}, {encoded(2), "newer"}, {encoded(3), "three"}});
  }
  SECTION("after a row left the database") {
    store->erase(name(encoded(1)));
    CHECK(logs_of(take(3, "three")) == 0);
  }
  SECTION("when tables have little room") {
    store->cached = store->cache_limit() * 3 / 4;
    CHECK(logs_of(take(3, "three")) == 0);
  }
  SECTION("after one that could not be made") {
    const snapshot_part before = take(3, "three");
    fs::remove_all(before.files->list().value().directory);
    store->begin_checkpoint();
    store->save(name(encoded(4)), span_of("four"));
    const snapshot_part failed = store->end_checkpoint().value();
    CHECK_FALSE(failed.files->list());
    CHECK(logs_in(dir.path() + "/store") == 0);
    CHECK(logs_of(take(5, "five")) == 0);
    CHECK(store->saved() == 1);
  }
  SECTION("but not after one that was given up, whose log is gone") {
    store->begin_checkpoint();
    store->save(name(encoded(4)), span_of(std::string(5 * mib, 'x')));
    store->cancel_checkpoint();
    CHECK(logs_of(take(4, "four")) == 2);
    CHECK(logs_in(dir.path() + "/store") == 0);
  }
}

TEST_CASE("a log of many rows is written while it is told") {
  constexpr std::uint64_t keys = 30'000;
  const temporary_directory dir;
  const auto backend = open_rocksdb({dir.path(), 256 * mib}).value();
  const auto value_of = [](std::uint64_t k) {
    return std::string(300, static_cast<char>('a' + k % 26)) + std::to_string(k);
  };
  instance i{*backend, 0, groups};
  const snapshot_part first = i.take();
  model expected;
  for (std::uint64_t k = 0; k < keys; ++k) i.put(k, expected[k] = value_of(k));
  i.begin();
  i.put(3, "changed since");
  const snapshot_part second = i.end();
  REQUIRE(logs_of(second) == 1);
  CHECK(rows_of({second}) == expected);
  instance again{*backend, 0, groups, {second}};
  check_holds(again, expected, keys + 10);
}

TEST_CASE("a log with a damaged byte anywhere, or cut anywhere, is read or refused") {
  const temporary_directory dir;
  const auto backend = open_rocksdb({dir.path(), 64 * mib}).value();
  instance i{*backend, 0, groups};
  i.take();
  for (std::uint64_t k = 0; k < 5; ++k) i.put(k, text_of(k));
  const snapshot_part part = i.take();
  const auto files = part.files->list().value();
  const std::string path = files.directory + "/" + names_of(part, ".changes").front();
  std::ifstream in{path, std::ios::binary};
  const std::string whole{std::istreambuf_iterator<char>{in}, {}};
  REQUIRE(whole.size() > 50);
  std::size_t refused = 0;
  const auto read = [&](const std::string& text) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << text;
    try {
      std::size_t rows = 0;
      visit_rocksdb_rows(part, [&](const row_name&, std::span<const std::byte>) { ++rows; });
      CHECK(rows <= 5);
    } catch (const exception& e) {
      CHECK(e.why().message.find(".changes") != std::string::npos);
      ++refused;
    }
  };
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {1, 0x80}) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ bit);
      read(flipped);
    }
    read(whole.substr(0, at));
  }
  CHECK(refused > whole.size());
  read(whole);
}

// SPDX-License-Identifier: BSD-3-Clause
// Tables over a cold store, with next to no room in memory.
#include "weir/state/cold_table.hpp"
#include "support/temporary_directory.hpp"
#include "weir/rocksdb/rocksdb.hpp"
#include "weir/state/keyed_table.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <random>

using namespace weir;
using namespace weir::test;

namespace {

constexpr std::uint32_t groups = 16;
using text_table = cold_table<std::uint64_t, std::string>;
using model = std::map<std::uint64_t, std::string>;

/// One instance after the other, of which each goes on from the checkpoint of some before it.
class instance {
public:
  instance(state_backend& of, std::uint32_t first, std::uint32_t end,
           std::vector<snapshot_part> restored, const std::string& state = "value")
      : state_(state),
        first_(first),
        end_(end),
        store_(of.open({"i" + std::to_string(++number), {"op"}, first, end}, std::move(restored))),
        table_(std::make_unique<text_table>(*store_, "op", state, groups)) {}

  [[nodiscard]] bool owns(std::uint64_t key) const {
    const std::uint32_t g = group_of_hash(key_hash(key), groups);
    return first_ <= g && g < end_;
  }
  text_table& table() { return *table_; }
  cold_store& store() { return *store_; }

  void begin() {
    to_.cancel();
    parts_.clear();
    store_->begin_checkpoint();
    to_.bind("op");
    table_->save(to_, state_);
  }
  bool write_some(std::size_t n) { return to_.write_some(n); }
  /// The part of the store, once all is written.
  snapshot_part end() {
    to_.write_rest();
    return store_->end_checkpoint().value();
  }
  void give_up() {
    to_.cancel();
    store_->cancel_checkpoint();
  }

private:
  static inline int number = 0;

  std::string state_;
  std::uint32_t first_, end_;
  std::unique_ptr<cold_store> store_;
  std::unique_ptr<text_table> table_;
  std::vector<snapshot_part> parts_;
  snapshot_writer to_{parts_};
};

struct price {
  std::uint32_t cents = 0;
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(price, (), (cents, currency))
struct price_since {
  std::string currency;
  std::uint64_t cents = 0;
  std::int32_t vat = 19;
};
BOOST_DESCRIBE_STRUCT(price_since, (), (currency, cents, vat))

std::string long_text(std::uint64_t n) {
  return std::string(20 + n % 100, 'x') + std::to_string(n);
}

/// Whether an instance has what the model has for it, and nothing else of `keys`.
void check_holds(instance& i, const model& m, std::uint64_t keys) {
  for (std::uint64_t k = 0; k < keys; ++k) {
    if (!i.owns(k)) continue;
    const auto at = m.find(k);
    const auto [value, fresh] = i.table().try_emplace(k, "none");
    REQUIRE(*value == (at == m.end() ? "none" : at->second));
  }
}

std::shared_ptr<state_backend> tiny(const std::string& directory) {
  return open_rocksdb({directory, 32'768}).value();  // some hundred keys
}

}  // namespace

TEST_CASE("a table with little memory holds what a map holds, through checkpoints and restarts") {
  constexpr std::uint64_t keys = 3'000;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    INFO("seed " << seed);
    const temporary_directory dir;
    const auto backend = tiny(dir.path());
    std::mt19937_64 random{seed};
    std::vector<snapshot_part> newest;  // of all instances
    model at_newest;
    model now;
    for (int run = 0; run < 3; ++run) {
      const auto parallelism = static_cast<std::uint32_t>(1 + random() % 3);
      std::vector<std::unique_ptr<instance>> all;
      for (std::uint32_t i = 0; i < parallelism; ++i)
        all.push_back(std::make_unique<instance>(*backend, i * groups / parallelism,
                                                 (i + 1) * groups / parallelism, newest));
      now = at_newest;
      model at_barrier;
      bool taking = false;
      for (int step = 0; step < 12'000; ++step) {
        const std::uint64_t k = random() % 5 == 0 ? random() % keys : random() % 300;
        for (auto& i : all)
          if (i->owns(k)) {
            const auto [value, fresh] = i->table().try_emplace(k, "new ");
            REQUIRE(fresh == !now.contains(k));
            if (fresh) now[k] = "new ";
            REQUIRE(*value == now[k]);
            *value = now[k] = long_text(random());
          }
        const auto what = random() % 1'000;
        if (what == 0 && !taking) {
          for (auto& i : all) i->begin();
          at_barrier = now;
          taking = true;
        } else if (what == 1 && taking) {
          for (auto& i : all) i->give_up();
          taking = false;
        } else if (what < 5 && taking) {
          newest.clear();
          for (auto& i : all) newest.push_back(i->end());
          at_newest = at_barrier;
          taking = false;
        } else if (taking && what < 300) {
          for (auto& i : all) i->write_some(random() % 20);
        }
      }
      for (auto& i : all) i->give_up();
      for (const snapshot_part& p : newest) REQUIRE(p.files->list());
    }
    instance whole{*backend, 0, groups, newest};
    check_holds(whole, at_newest, keys);

    // The rows of a part become those of every backend.
    std::vector<snapshot_part> neutral = newest;
    expand_files(neutral, visit_rocksdb_rows);
    keyed_table<std::uint64_t, std::string> in_memory;
    snapshot_reader from{neutral};
    from.bind("op");
    in_memory.restore(from, "value");
    CHECK(in_memory.size() == at_newest.size());
    for (const auto& [k, v] : at_newest) {
      REQUIRE(in_memory.find(k) != nullptr);
      CHECK(*in_memory.find(k) == v);
    }
    // ... and the other way round.
    instance back{*backend, 0, groups, {}};
    back.table().restore(from, "value");
    check_holds(back, at_newest, keys);
  }
}

TEST_CASE("a table over a cold store keeps to its memory") {
  const temporary_directory dir;
  const auto backend = tiny(dir.path());
  instance i{*backend, 0, groups, {}};
  for (std::uint64_t k = 0; k < 20'000; ++k) *i.table().try_emplace(k, "").first = long_text(k);
  CHECK(i.store().cached <= i.store().cache_limit() * 5 / 4);
  CHECK(*i.table().try_emplace(7, "none").first == long_text(7));
}

TEST_CASE("a checkpoint of many rows goes into table files of its own, one after the other") {
  constexpr std::uint64_t keys = 45'000;
  const temporary_directory dir;
  const auto backend = open_rocksdb({dir.path(), std::size_t{256} << 20}).value();
  const auto value_of = [](std::uint64_t k) {
    return std::string(800, static_cast<char>('a' + k % 26)) + std::to_string(k);
  };
  std::vector<snapshot_part> saved;
  {
    instance i{*backend, 0, groups, {}};
    for (std::uint64_t k = 0; k < keys; ++k) *i.table().try_emplace(k, "").first = value_of(k);
    i.begin();
    for (int n = 0; n < 5; ++n) i.write_some(1'000);
    *i.table().try_emplace(3, "").first = "changed since";
    *i.table().try_emplace(keys - 3, "").first = "changed since";
    saved.push_back(i.end());
    REQUIRE(saved.back().files->list());
    CHECK(*i.table().try_emplace(3, "").first == "changed since");
  }
  instance again{*backend, 0, groups, saved};
  for (std::uint64_t k = 0; k < keys; ++k) {
    const auto [value, fresh] = again.table().try_emplace(k, "none");
    REQUIRE(*value == value_of(k));
  }
}

TEST_CASE("a checkpoint's table files are in order where all keys begin alike, too") {
  constexpr std::uint64_t keys = 20'000;  // more than go by way of the write buffer
  using table = cold_table<std::string, std::uint64_t>;
  const temporary_directory dir;
  const auto backend = open_rocksdb({dir.path(), std::size_t{64} << 20}).value();
  const auto key_of = [](std::uint64_t k) {
    return "the same for all " + std::to_string(100'000 + k);
  };
  std::vector<snapshot_part> saved;
  {
    const auto store = backend->open({"first", {"op"}, 0, groups}, {});
    table t{*store, "op", "value", groups};
    for (std::uint64_t k = 0; k < keys; ++k) *t.try_emplace(key_of(k), 0).first = k;
    std::vector<snapshot_part> parts;
    snapshot_writer to{parts};
    store->begin_checkpoint();
    to.bind("op");
    t.save(to, "value");
    to.write_rest();
    saved.push_back(store->end_checkpoint().value());
    REQUIRE(saved.back().files->list());
  }
  const auto store = backend->open({"second", {"op"}, 0, groups}, saved);
  table t{*store, "op", "value", groups};
  for (std::uint64_t k = 0; k < keys; ++k) REQUIRE(*t.try_emplace(key_of(k), keys).first == k);
}

TEST_CASE("rows of a state that has another name are not found under the new one") {
  const temporary_directory dir;
  const auto backend = tiny(dir.path());
  std::vector<snapshot_part> saved;
  {
    instance i{*backend, 0, groups, {}};
    *i.table().try_emplace(1, "").first = "one";
    i.begin();
    saved.push_back(i.end());
  }
  instance renamed{*backend, 0, groups, saved, "other"};
  CHECK(*renamed.table().try_emplace(1, "none").first == "none");
  instance same{*backend, 0, groups, saved};
  CHECK(*same.table().try_emplace(1, "none").first == "one");
}

TEST_CASE("rows that an operator gave up are in no backend any more") {
  const temporary_directory dir;
  const auto backend = tiny(dir.path());
  std::vector<snapshot_part> saved;
  {
    instance i{*backend, 0, groups, {}};
    *i.table().try_emplace(1, "").first = "one";
    i.begin();
    saved.push_back(i.end());
  }
  give_up_rows(saved, "op");
  instance again{*backend, 0, groups, saved};
  CHECK(*again.table().try_emplace(1, "none").first == "none");
  expand_files(saved, visit_rocksdb_rows);
  CHECK(saved.empty());
}

TEST_CASE(
    "rows whose type has one member more since get its default, at the same groups and others") {
  const temporary_directory dir;
  const auto backend = tiny(dir.path());
  std::vector<snapshot_part> saved;
  snapshot_writer to{saved};
  to.bind("op");
  {
    const auto store = backend->open({"before", {"op"}, 0, groups}, {});
    cold_table<std::uint64_t, price> table{*store, "op", "value", groups};
    for (std::uint32_t k = 0; k < 1'000; ++k) *table.try_emplace(k).first = {k, "eur"};
    store->begin_checkpoint();
    table.save(to, "value");
    to.write_rest();
    saved.push_back(store->end_checkpoint().value());
  }
  snapshot_reader from{saved};
  from.bind("op");
  const std::vector<snapshot_part> files{saved.back()};
  for (const std::uint32_t end : {groups, groups / 2}) {
    const auto store = backend->open({"after", {"op"}, 0, end}, files);
    cold_table<std::uint64_t, price_since> table{*store, "op", "value", groups};
    table.restore(from, "value");
    for (std::uint32_t k = 0; k < 1'000; ++k)
      if (group_of_hash(key_hash(std::uint64_t{k}), groups) < end) {
        const auto [value, fresh] = table.try_emplace(k);
        REQUIRE_FALSE(fresh);
        REQUIRE(value->cents == k);
        REQUIRE(value->currency == "eur");
        REQUIRE(value->vat == 19);
      }
  }
}

TEST_CASE("a row says when it is over, by one clock") {
  bytes row;
  row_writer out{row};
  encode(std::uint64_t{7}, out.begin(3));
  out.keep_until(row_expiry::event_time, timestamp{duration{100}});
  out.end();
  CHECK(row_is_over(row, timestamp{duration{100}}, min_timestamp));
  CHECK_FALSE(row_is_over(row, timestamp{duration{99}}, timestamp{duration{500}}));
  std::uint64_t read = 0;
  CHECK(each_column(row, [&](std::uint8_t column, std::span<const std::byte> data) {
    byte_reader in{data};
    return column == 3 && decode(in, read);
  }));
  CHECK(read == 7);
  for (std::size_t n = 0; n < row.size(); ++n)
    if (n != row_writer::head)  // a row without columns
      CHECK_FALSE(each_column(std::span{row}.first(n), [](auto, auto) { return true; }));
}

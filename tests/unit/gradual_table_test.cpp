// SPDX-License-Identifier: BSD-3-Clause
// Tables and slots that are saved while they go on changing.
#include "weir/state/gradual_table.hpp"
#include "weir/state/key_index.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>

#include <map>
#include <random>

using namespace weir;

namespace {

/// Grows by and by from a few entries on.
using number_table = gradual_table<std::uint64_t, std::int64_t, 8>;

template <class Table>
std::map<std::uint64_t, std::int64_t> walked(Table& t) {
  std::map<std::uint64_t, std::int64_t> all;
  for (auto w = t.begin_walk(); !t.ended(w);) {
    const auto [k, v] = t.take(w);
    REQUIRE(all.emplace(k, v).second);
  }
  return all;
}

}  // namespace

TEST_CASE("a table that changes while it is saved keeps its changes, and saves what it had") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    number_table t;
    std::map<std::uint64_t, std::int64_t> model;
    std::map<std::uint64_t, std::int64_t> at_save;
    std::vector<snapshot_part> parts;
    snapshot_writer to{parts};
    bool saving = false;
    const std::uint64_t reach = seed % 2 == 0 ? 60 : 1'000;  // few keys, or ever new ones
    const auto check_saved = [&] {
      number_table loaded;
      loaded.restore(snapshot_reader{parts}, "s");
      REQUIRE(walked(loaded) == at_save);
    };
    for (int i = 0; i < 300; ++i) {
      const auto what = random() % 20;
      if (what < 14) {
        const std::uint64_t k = random() % reach;
        const auto [v, fresh] = t.try_emplace(k, 0);
        REQUIRE(fresh == !model.contains(k));
        *v += static_cast<std::int64_t>(i);
        model[k] += i;
        REQUIRE(*v == model[k]);
      } else if (what == 14 && !saving) {
        parts.clear();
        to.bind("");
        t.save(to, "s", 8);
        at_save = model;
        saving = true;
      } else if (what == 15 && saving && random() % 4 == 0) {
        to.cancel();
        saving = false;
      } else if (what == 16) {
        REQUIRE(walked(t) == model);
      } else if (what == 17) {
        number_table moved{std::move(t)};
        t = std::move(moved);
      } else if (what == 18 && random() % 8 == 0) {
        number_table copy = t;
        REQUIRE(walked(copy) == model);
        for (std::uint64_t k = 0; k < 200; ++k) *copy.try_emplace(k).first = 1;
        std::vector<snapshot_part> copied;
        snapshot_writer also{copied};
        also.bind("");
        const auto then = walked(copy);
        copy.save(also, "s", 8);
        for (std::uint64_t k = 0; k < 600; ++k) *copy.try_emplace(k).first = 2;
        also.write_rest();
        number_table loaded;
        loaded.restore(snapshot_reader{copied}, "s");
        REQUIRE(walked(loaded) == then);
      } else if (what == 19 && random() % 32 == 0) {
        t.clear();
        model.clear();
      } else if (saving && to.write_some(1 + random() % 8)) {
        saving = false;
        check_saved();
      }
    }
    if (saving) {
      to.write_rest();
      check_saved();
    }
    REQUIRE(walked(t) == model);
  }
}

TEST_CASE("a table that grows while it is saved, or the other way round, saves what it had") {
  for (const std::uint64_t entries : {30'000U, 40'000U, 53'000U, 54'000U, 60'000U, 100'000U}) {
    INFO(entries << " entries");
    std::mt19937_64 random{entries};
    gradual_table<std::uint64_t, std::int64_t> t;
    std::map<std::uint64_t, std::int64_t> model;
    const auto change = [&](std::uint64_t n) {
      for (std::uint64_t i = 0; i < n; ++i) {
        const std::uint64_t k = random() % 1'000'000;
        *t.try_emplace(k, 0).first += 1;
        model[k] += 1;
      }
    };
    while (model.size() < entries) change(1);
    for (const std::size_t changes : {100U, 1'000U}) {
      const auto at_save = model;
      std::vector<snapshot_part> parts;
      snapshot_writer to{parts};
      to.bind("");
      t.save(to, "s", 8);
      while (!to.write_some(300)) change(changes);
      CHECK(walked(t) == model);
      gradual_table<std::uint64_t, std::int64_t> loaded;
      loaded.restore(snapshot_reader{parts}, "s");
      CHECK(walked(loaded) == at_save);
    }
    REQUIRE(model.size() > 3 * entries / 2);
  }
}

TEST_CASE("what is large of a key group is saved in pieces") {
  gradual_table<std::uint64_t, std::int64_t> t;
  std::map<std::uint64_t, std::int64_t> model;
  for (std::uint64_t k = 0; k < 300'000; ++k) {
    *t.try_emplace(k).first = static_cast<std::int64_t>(3 * k);
    model[k] = static_cast<std::int64_t>(3 * k);
  }
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  to.bind("");
  const bytes prefix(5, std::byte{7});
  t.save(to, "s", 2, prefix);
  to.write_rest();
  REQUIRE(parts.size() > 40);  // each of two groups has 2.4 MB; and the form
  gradual_table<std::uint64_t, std::int64_t> loaded;
  snapshot_reader from{parts};
  const auto form = decltype(loaded)::form(from, "s");
  saved_entries<std::uint64_t, std::int64_t> saved{"s", form};
  from.each("s", [&](key_group g, std::span<const std::byte> piece) {
    REQUIRE(piece.size() < 80'000);
    REQUIRE(std::equal(prefix.begin(), prefix.end(), piece.begin()));
    saved.add(g, byte_reader{piece.subspan(prefix.size())});
  });
  saved.read_into(loaded);
  CHECK(walked(loaded) == model);
}

TEST_CASE("a save whose table is gone fails") {
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  to.bind("");
  {
    number_table t;
    t.try_emplace(1, 1);
    t.save(to, "s", 8);
  }
  CHECK_THROWS_WITH(to.write_rest(), "state 's' was gone before it was saved");
}

TEST_CASE("a table that is walked over while it is saved is saved as far as it was not taken") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    std::vector<snapshot_part> parts;
    snapshot_writer to{parts};
    to.bind("");
    std::map<std::uint64_t, std::int64_t> model, saved_first, left;
    std::vector<snapshot_part> first_parts;
    snapshot_writer first{first_parts};
    first.bind("");
    std::map<std::uint64_t, std::int64_t> taken;
    {
      number_table t;
      const auto change = [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
          const std::uint64_t k = random() % 80;
          *t.try_emplace(k, 0).first += 1;
          model[k] += 1;
        }
      };
      change(random() % 100);
      const bool saves_before = random() % 2 == 0;
      if (saves_before) {
        t.save(first, "s", 8);
        saved_first = model;
        first.write_some(random() % 30);
        change(random() % 50);
      }
      const bool gives_up = saves_before && random() % 3 == 0;
      left = model;
      const std::uint64_t at = random() % 80;
      number_table::walk w = t.begin_walk();
      bool saved = false;
      for (std::uint64_t i = 0; !t.ended(w); ++i) {
        if (i >= at && !std::exchange(saved, true)) {
          if (gives_up) first.cancel();
          t.save(to, "s", 8, {}, &w);
        }
        const auto [k, v] = t.take(w);
        REQUIRE(taken.emplace(k, v).second);
        if (!saved) left.erase(k);
        if (random() % 4 == 0) to.write_some(2);
      }
      REQUIRE(taken == model);
      if (!saved) left.clear();
      if (gives_up) saved_first.clear();
      t.clear();
      REQUIRE(t.empty());
    }
    // The table is gone, what was saved of it is not.
    to.write_rest();
    first.write_rest();
    const auto loaded = [](const std::vector<snapshot_part>& from) {
      number_table t;
      t.restore(snapshot_reader{from}, "s");
      return walked(t);
    };
    REQUIRE(loaded(parts) == left);
    if (!saved_first.empty()) REQUIRE(loaded(first_parts) == saved_first);
  }
}

namespace {

/// A value whose codec refuses some.
struct brittle {
  std::int64_t value = 0;
};

}  // namespace

template <>
struct weir::codec<brittle> {
  static void encode(const brittle& x, bytes& out) {
    if (x.value < 0) throw exception({errc::invalid_argument, "a brittle value"});
    weir::encode(x.value, out);
  }
  static bool decode(byte_reader& in, brittle& x) { return weir::decode(in, x.value); }
  static std::size_t dynamic_size(const brittle&) { return 0; }
  static schema describe() { return schema_of<std::int64_t>(); }
};

TEST_CASE("what can't be encoded fails the checkpoint, and not the event that comes to it") {
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  to.bind("");
  gradual_table<std::uint64_t, brittle> t;
  *t.try_emplace(1).first = {-1};
  t.save(to, "s", 8);
  auto w = t.begin_walk();
  REQUIRE(!t.ended(w));
  CHECK_NOTHROW(t.take(w));
  CHECK_THROWS_WITH(to.write_rest(), "a brittle value");

  key_index<std::uint64_t> index;
  const auto slot = index.enter(7);
  snapshot_writer again{parts};
  again.bind("");
  index.save<std::tuple<std::uint64_t, brittle>>(
      again, "s", 8, [](std::uint32_t, bytes& part) { encode(brittle{-1}, part); });
  CHECK_NOTHROW(index.touch(slot));
  CHECK_NOTHROW(index.enter(8));
  CHECK_THROWS_WITH(again.write_rest(), "a brittle value");
}

TEST_CASE("slots that keys leave and others take while they are saved are saved as they were") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    key_index<std::uint64_t> index;
    std::vector<std::int64_t> values(400);
    std::map<std::uint64_t, std::int64_t> model, at_save;
    std::vector<snapshot_part> parts;
    snapshot_writer to{parts};
    bool saving = false;
    for (int i = 0; i < 600; ++i) {
      const auto what = random() % 10;
      const std::uint64_t k = random() % 300;
      if (what < 5) {
        const auto slot = index.enter(k);
        if (!model.contains(k)) values[slot] = 0;
        values[slot] += i;
        model[k] += i;
      } else if (what < 7 && model.contains(k)) {
        index.leave(index.slot_of(k));
        model.erase(k);
      } else if (what == 7 && !saving && random() % 5 == 0) {
        parts.clear();
        to.bind("");
        index.save<std::tuple<std::uint64_t, std::int64_t>>(
            to, "s", 8, [&](std::uint32_t slot, bytes& part) { encode(values[slot], part); });
        at_save = model;
        saving = true;
      } else if (saving && to.write_some(random() % 20)) {
        saving = false;
        std::map<std::uint64_t, std::int64_t> seen;
        read_keyed_parts<std::tuple<std::uint64_t, std::int64_t>>(
            snapshot_reader{parts}, "s", [&](std::uint64_t key, byte_reader& in) {
              REQUIRE(!seen.contains(key));
              return decode(in, seen[key]);
            });
        REQUIRE(seen == at_save);
      }
    }
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// A table whose store is still making a checkpoint while keys come that have no room.
#include "weir/state/cold_table.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace weir;

namespace {

/// A store that makes a checkpoint for as long as nobody waits for all of it.
class busy_store final : public cold_store {
public:
  int waits = 0, short_waits = 0;

  opened_table open_table(std::string_view, const std::vector<std::string>&, bool) override {
    return {1, {0}};
  }
  bool get(const row_name& name, bytes& row) override {
    const auto at = rows_.find(bytes(name.key.begin(), name.key.end()));
    if (at == rows_.end()) return false;
    row = at->second;
    return true;
  }
  void put(const row_name& name, std::span<const std::byte> row) override {
    REQUIRE_FALSE(busy());
    rows_[bytes(name.key.begin(), name.key.end())] = bytes(row.begin(), row.end());
  }
  void erase(const row_name& name) override {
    REQUIRE_FALSE(busy());
    rows_.erase(bytes(name.key.begin(), name.key.end()));
  }
  void each_row(std::uint16_t, const row_visitor&) override {}
  void tell_time(timestamp, timestamp) override {}
  void begin_checkpoint() override {
    taking_ = true;
    saved_ = stored();
    ++epoch_;
  }
  void save(const row_name&, std::span<const std::byte>) override {}
  std::optional<snapshot_part> end_checkpoint() override {
    taking_ = false;
    making_ = true;
    return std::nullopt;
  }
  void cancel_checkpoint() noexcept override { taking_ = false; }
  void wait() override {
    ++waits;
    making_ = false;
    stored_ = epoch_ - 1;
  }
  void wait_for(std::chrono::milliseconds) override { ++short_waits; }
  [[nodiscard]] std::size_t cache_limit() const override { return 64'000; }
  [[nodiscard]] std::optional<error> failure() const override { return std::nullopt; }

private:
  std::map<bytes, bytes> rows_;
};

}  // namespace

TEST_CASE("keys come in slowly where a checkpoint has to be made first, and others are not held") {
  busy_store store;
  cold_table<std::uint64_t, std::uint64_t> table{store, "op", "sum", 16};
  const auto add = [&](std::uint64_t key) { ++*table.try_emplace(key, 0U).first; };
  std::uint64_t n = 0;
  while (store.cached < store.cache_limit() / 2) add(n++);
  store.begin_checkpoint();
  (void)store.end_checkpoint();
  while (store.cached <= store.cache_limit() * 3 / 2) add(n++);
  CHECK(store.short_waits == 0);
  for (std::uint64_t i = 0; i < 10; ++i) add(n++);
  CHECK(store.short_waits >= 9);
  const int before = store.short_waits;
  for (std::uint64_t k = n - 10; k < n; ++k) add(k);
  CHECK(store.short_waits == before);
  CHECK(store.waits == 0);
  store.wait();
  for (std::uint64_t i = 0; i < 4 * n; ++i) add(n + i);
  CHECK(store.short_waits == before);
  CHECK(store.cached <= store.cache_limit() * 5 / 4);
  for (std::uint64_t k = n - 10; k < n; ++k) CHECK(*table.try_emplace(k, 0U).first == 2);
}

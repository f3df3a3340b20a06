// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/core/time.hpp"
#include "weir/state/snapshot.hpp"

#include <boost/describe/class.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Whose a row of a cold store is.
struct row_name {
  std::uint16_t table = 0;
  key_group group = 0;
  std::span<const std::byte> key;
};

/// Where one stage instance keeps state that does not fit in memory: rows of columns, by table and
/// key. Tables go in front of it (`slot_cache`), so that it is asked for keys that are not in
/// memory alone. Used by the stage's thread; what it writes for checkpoints, others write.
///
/// Changes are counted in epochs: a checkpoint begins a new one, and is made of the rows there are
/// and of those that tables `save` for it. Until it is made, or given up, nothing else is written.
/// A store may keep what it was told for one checkpoint for those that follow (`saved`) before it
/// has it in its rows (`stored`).
class cold_store {
public:
  struct opened_table {
    std::uint16_t number = 0;
    std::vector<std::uint8_t> columns;  ///< The numbers of the columns, in the order asked for.
  };
  using row_visitor = std::function<void(const row_name&, std::span<const std::byte> row)>;

  cold_store() = default;
  cold_store(const cold_store&) = delete;
  cold_store& operator=(const cold_store&) = delete;
  virtual ~cold_store() = default;

  /// Returns the table of an operator; the one that was restored if there is one. With `expires`
  /// rows are removed once the time in them has come.
  virtual opened_table open_table(std::string_view operator_id,
                                  const std::vector<std::string>& columns, bool expires) = 0;

  // Reading and writing throw `weir::exception` if the store is broken; `failure()` says so, too.

  [[nodiscard]] virtual bool get(const row_name& name, bytes& row) = 0;
  /// @pre not busy()
  virtual void put(const row_name& name, std::span<const std::byte> row) = 0;
  /// @pre not busy()
  virtual void erase(const row_name& name) = 0;
  /// Visits the rows of a table; the visitor may `put` the row in hand.
  virtual void each_row(std::uint16_t table, const row_visitor& visit) = 0;
  /// How far time has come, for rows that are forgotten.
  virtual void tell_time(timestamp watermark, timestamp wall) = 0;

  /// Begins a checkpoint, and an epoch; waits for the one before to be made.
  virtual void begin_checkpoint() = 0;
  /// A row of the checkpoint that has changed since `saved()`: one that is empty is erased.
  virtual void save(const row_name& name, std::span<const std::byte> row) = 0;
  /// Has the checkpoint made by others, and returns at once. Nothing if there is no table.
  [[nodiscard]] virtual std::optional<snapshot_part> end_checkpoint() = 0;
  virtual void cancel_checkpoint() noexcept = 0;
  /// Waits for a checkpoint that is being made.
  virtual void wait() = 0;
  /// ... for so long at most.
  virtual void wait_for(std::chrono::milliseconds time) = 0;

  /// Bytes that tables of the instance may hold in memory.
  [[nodiscard]] virtual std::size_t cache_limit() const = 0;
  [[nodiscard]] virtual std::optional<error> failure() const = 0;

  /// Whether a checkpoint is being taken or made.
  [[nodiscard]] bool busy() const noexcept { return taking_ || making_.load(); }
  [[nodiscard]] bool taking() const noexcept { return taking_; }
  /// Whether tables hold so much more than they may that keys must come in slowly, until the
  /// checkpoint is made.
  [[nodiscard]] bool crowded() const {
    return busy() && !taking() && cached > cache_limit() + cache_limit() / 2;
  }
  [[nodiscard]] std::uint32_t epoch() const noexcept { return epoch_; }
  /// The last epoch whose changes are all in the store's rows.
  [[nodiscard]] std::uint32_t stored() const noexcept { return stored_.load(); }
  /// The last epoch whose changes the checkpoint that is being taken has without being told: that
  /// of `stored()`, or a later one.
  [[nodiscard]] std::uint32_t saved() const noexcept { return saved_; }

  std::size_t cached = 0;  ///< Bytes that tables hold; they keep it.

protected:
  bool taking_ = false;
  std::uint32_t epoch_ = 1;
  std::atomic<std::uint32_t> stored_{0};
  std::uint32_t saved_ = 0;
  std::atomic<bool> making_{false};
};

/// A table of a cold store in a checkpoint; its number is its place in the list.
struct saved_table {
  std::string operator_id;
  std::vector<std::string> columns;  ///< Names of states, by column number.
};
BOOST_DESCRIBE_STRUCT(saved_table, (), (operator_id, columns))

/// What `data` of a part with files holds.
struct cold_part {
  std::string backend;
  std::uint32_t first_group = 0;
  std::uint32_t end_group = 0;
  std::vector<saved_table> tables;
};
BOOST_DESCRIBE_STRUCT(cold_part, (), (backend, first_group, end_group, tables))

/// Reads the head of a part with files. Throws `weir::exception` if it is none.
[[nodiscard]] cold_part read_cold_part(const snapshot_part& part);

/// Which instance a cold store is of.
struct instance_place {
  std::string name;  ///< Of no other instance or attempt of the run; fit for a file name.
  std::vector<std::string> operators;  ///< Ids of those of its stage.
  std::uint32_t first_group = 0;
  std::uint32_t end_group = 0;
};

/// Makes the cold stores of a process, under one budget of memory. Safe from any thread.
class state_backend {
public:
  state_backend() = default;
  state_backend(const state_backend&) = delete;
  state_backend& operator=(const state_backend&) = delete;
  virtual ~state_backend() = default;

  /// Opens a store that begins with those rows of `restored`, parts with files, that belong to its
  /// groups and to operators that ask for a table. Throws `weir::exception`.
  [[nodiscard]] virtual std::unique_ptr<cold_store> open(instance_place where,
                                                         std::vector<snapshot_part> restored) = 0;
};

/// Has nobody take the rows of an operator in parts with files.
void give_up_rows(std::vector<snapshot_part>& parts, std::string_view operator_id);

/// Takes the parts with files out of `parts` and puts what `rows_of(part, visit)` finds in them
/// there, as parts of every backend. Throws what `rows_of` throws.
using rows_of_part = std::function<void(const snapshot_part&, const cold_store::row_visitor&)>;
void expand_files(std::vector<snapshot_part>& parts, const rows_of_part& rows_of);

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/clock.hpp"
#include "weir/core/error.hpp"
#include "weir/sink/plain_writer.hpp"
#include "weir/state/saved_form.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

namespace flow {

/// The rows that one sink instance was given between two checkpoints, under a name of their own.
struct row_unit {
  std::string name;
  bytes form;  ///< The schema of a row.
  bytes rows;
};
BOOST_DESCRIBE_STRUCT(row_unit, (), (name, form, rows))

/// Reads the rows of a unit, which a program may have saved whose type was another.
template <class T>
[[nodiscard]] result<std::vector<T>> rows_of(const row_unit& unit) {
  const auto refused = [&](const std::string& why) {
    return error{errc::incompatible, "the rows of '" + unit.name +
                                         "', which a checkpoint has, can't be written: " + why};
  };
  byte_reader form{unit.form};
  schema then;
  if (!decode_schema(form, then)) return refused("their schema is damaged");
  saved_form how;
  if (fingerprint(then) != fingerprint<T>()) {
    auto change = change_to<T>(std::move(then));
    if (!change) return refused(change.error().message);
    how = saved_form{*std::move(change)};
  }
  std::vector<T> rows;
  byte_reader in{unit.rows};
  if (!how.each_entry(in, [&](byte_reader& row) { return decode(row, rows.emplace_back()); }))
    return refused("they are damaged");
  return rows;
}

}  // namespace flow

/// Keeps rows in the checkpoint, and hands those between two checkpoints over at once when the
/// later one is complete: `apply(unit, rows)`, where `unit` is a name that no other rows ever have,
///
///     <pipeline>/<operator>/<instance>/<checkpoint>/<microseconds since 1970>
///
/// It may come again after a failure, with the same rows. So a database with transactions is
/// written exactly once if `apply`, in one transaction, inserts `unit` into a table whose unique
/// key it is, does nothing more if it is there already, and writes the rows:
///
///     totals.to(weir::write_ahead_sink{[db](const std::string& unit, std::span<const total> rows)
///     {
///       transaction t{*db};
///       if (!t.insert_if_new("units", unit)) return;
///       for (const total& r : rows) t.insert("totals", r);
///       t.commit();
///     }});
///
/// A name may be deleted once every checkpoint and savepoint that is kept was begun after the name
/// was inserted. Units of one instance come in order, but for those that come again; those of
/// several instances in any order. If `apply` throws, the region restarts and calls it again.
///
/// Rows wait in memory as binary, and are in the checkpoint with their schema: their type may
/// change as that of other state. More than `holding(bytes)`, 1 GiB unless said otherwise, fail the
/// stage; 4 GiB are the most. Refuses to begin without checkpoints by the clock. Runs on a thread
/// of its own, since a database blocks, unless `blocking(false)` says otherwise.
///
/// The method is the write-ahead sink of Flink (GenericWriteAheadSink).
template <class Apply>
class write_ahead_sink {
public:
  explicit write_ahead_sink(Apply apply) : apply_(std::move(apply)) {}

  [[nodiscard]] write_ahead_sink blocking(bool may_block) && {
    blocking_ = may_block;
    return std::move(*this);
  }
  /// An instance's rows between two checkpoints may take this many bytes.
  [[nodiscard]] write_ahead_sink holding(std::size_t most_bytes) && {
    constexpr std::size_t encodable = UINT32_MAX - (std::size_t{1} << 20U);
    most_bytes_ = std::min(most_bytes, encodable);
    return std::move(*this);
  }

  template <class T>
  requires std::is_invocable_v<Apply&, const std::string&, std::span<const T>>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance& at) const {
    static_assert(!std::is_empty_v<T>, "weir: write_ahead_sink wants rows that have members");
    // A replay of dead letters goes on from a checkpoint, and takes one at its end.
    if (!at.checkpoint_interval && at.start != sink_start::restored)
      throw exception(
          {errc::invalid_argument, "the sink '" + at.id +
                                       "' writes what checkpoints have: say where they are kept "
                                       "(--checkpoints DIR)"});
    return std::make_unique<writer<T>>(apply_, most_bytes_, at);
  }
  [[nodiscard]] std::string kind() const { return "write-ahead"; }
  [[nodiscard]] bool blocking() const { return blocking_; }

private:
  template <class T>
  class writer final : public sink_writer<T> {
  public:
    writer(Apply apply, std::size_t most_bytes, const sink_instance& at)
        : apply_(std::move(apply)),
          most_bytes_(most_bytes),
          id_(at.id),
          place_(at.pipeline + "/" + at.id + "/" + std::to_string(at.instance) + "/") {
      encode_schema(schema_of<T>(), form_);
    }

    written write(std::span<const T> events, std::span<const timestamp>) override {
      for (const T& e : events) encode(e, rows_);
      if (rows_.size() > most_bytes_)
        throw exception({errc::stage_failed,
                         "the sink '" + id_ + "' holds " + std::to_string(rows_.size()) +
                             " bytes of rows that wait for a checkpoint: take them more often, or "
                             "allow more by holding()"});
      return {events.size(), std::nullopt};
    }

    result<bytes> pre_commit(std::uint64_t checkpoint) override {
      bytes data;
      if (rows_.empty()) return data;
      // A run that goes back to an older checkpoint gives its numbers a second time.
      const auto now = system_clock{}.wall().time_since_epoch().count();
      encode(flow::row_unit{place_ + std::to_string(checkpoint) + "/" + std::to_string(now), form_,
                            std::exchange(rows_, {})},
             data);
      return data;
    }

    result<void> commit(std::span<const std::byte> committable) override {
      flow::row_unit unit;
      byte_reader in{committable};
      if (!decode(in, unit) || in.remaining() != 0)
        return error{errc::incompatible,
                     "a saved committable of the sink '" + id_ + "' is damaged"};
      const auto rows = flow::rows_of<T>(unit);
      if (!rows) return rows.error();
      const std::span<const T> all{*rows};
      const written done =
          write_each(std::span<const std::span<const T>>{&all, 1},
                     [&](std::span<const T> together) { apply_(unit.name, together); });
      if (done.failure) return *done.failure;
      return {};
    }

  private:
    Apply apply_;
    std::size_t most_bytes_;
    std::string id_;
    std::string place_;
    bytes form_;
    bytes rows_;
  };

  Apply apply_;
  std::size_t most_bytes_ = std::size_t{1} << 30;
  bool blocking_ = true;
};

}  // namespace weir

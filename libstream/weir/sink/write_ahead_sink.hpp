// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/clock.hpp"
#include "weir/sink/plain_writer.hpp"

#include <boost/describe/class.hpp>

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
template <class T>
struct row_unit {
  std::string name;
  std::vector<T> rows;

  BOOST_DESCRIBE_CLASS(row_unit, (), (name, rows), (), ())
};

}  // namespace flow

/// Keeps rows in the checkpoint, and hands those between two checkpoints over at once when the
/// later one is complete: `apply(unit, rows)`, where `unit` is a name that no other rows ever have,
///
///     <pipeline>/<operator>/<instance>/<checkpoint>/<microseconds since 1970>
///
/// It may come again after a failure, with the same rows. So a database with transactions is
/// written exactly once if `apply`, in one transaction, inserts `unit` into a table of the names,
/// does nothing more if it is there already, and writes the rows:
///
///     totals.to(weir::write_ahead_sink{[db](const std::string& unit, std::span<const total> rows)
///     {
///       transaction t{*db};
///       if (!t.insert_if_new("units", unit)) return;
///       for (const total& r : rows) t.insert("totals", r);
///       t.commit();
///     }});
///
/// A name may be deleted once no checkpoint is kept any more that is as old as its time. If `apply`
/// throws, the region restarts and calls it again. Rows wait in memory, and are in the checkpoint
/// as binary: an interval's worth of them. Without checkpoints they come when the run ends. Runs on
/// a thread of its own, since a database blocks, unless `blocking(false)` says otherwise.
///
/// The method is the write-ahead sink of Flink (GenericWriteAheadSink).
template <class Apply>
class write_ahead_sink {
public:
  explicit write_ahead_sink(Apply apply) : apply_(std::move(apply)) {}

  write_ahead_sink blocking(bool may_block) && {
    blocking_ = may_block;
    return std::move(*this);
  }

  template <class T>
  requires std::is_invocable_v<Apply&, const std::string&, std::span<const T>>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance& at) const {
    return std::make_unique<writer<T>>(apply_, at);
  }
  [[nodiscard]] std::string kind() const { return "write-ahead"; }
  [[nodiscard]] bool blocking() const { return blocking_; }

private:
  template <class T>
  class writer final : public sink_writer<T> {
  public:
    writer(Apply apply, const sink_instance& at)
        : apply_(std::move(apply)),
          place_(at.pipeline + "/" + at.id + "/" + std::to_string(at.instance) + "/"),
          began_(system_clock{}.wall()) {}

    written write(std::span<const T> events, std::span<const timestamp>) override {
      rows_.insert(rows_.end(), events.begin(), events.end());
      return {events.size(), std::nullopt};
    }

    result<bytes> pre_commit(std::uint64_t checkpoint) override {
      bytes data;
      if (rows_.empty()) return data;
      // A run that goes back to an older checkpoint gives its numbers a second time.
      flow::row_unit<T> unit{place_ + std::to_string(checkpoint) + "/" +
                                 std::to_string(began_.time_since_epoch().count()),
                             std::move(rows_)};
      encode(unit, data);
      rows_ = std::move(unit.rows);
      rows_.clear();
      return data;
    }

    result<void> commit(std::span<const std::byte> committable) override {
      flow::row_unit<T> unit;
      byte_reader in{committable};
      if (!decode(in, unit))
        return error{errc::incompatible, "a saved committable of a write-ahead sink is damaged"};
      const std::span<const T> rows{unit.rows};
      const written done = write_each(std::span<const std::span<const T>>{&rows, 1},
                                      [&](std::span<const T> all) { apply_(unit.name, all); });
      if (done.failure) return *done.failure;
      return {};
    }

  private:
    Apply apply_;
    std::string place_;
    timestamp began_;
    std::vector<T> rows_;
  };

  Apply apply_;
  bool blocking_ = true;
};

}  // namespace weir

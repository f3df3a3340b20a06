// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "random.hpp"
#include "weir/codec/json_write.hpp"
#include "weir/codec/key_hash.hpp"
#include "weir/event/change.hpp"
#include "weir/sink/plain_writer.hpp"

#include <bit>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace nexmark {

/// A number that stands for a value; equal ones have equal numbers.
template <class T>
[[nodiscard]] std::uint64_t hash_part(const T& x) {
  if constexpr (std::is_floating_point_v<T>)
    return std::bit_cast<std::uint64_t>(static_cast<double>(x));
  else if constexpr (std::is_integral_v<T>)
    return static_cast<std::uint64_t>(x);
  else if constexpr (weir::detail::text<T>)
    return weir::key_hash(std::string_view{x});
  else if constexpr (weir::detail::optional_type<T>)
    return x ? hash_part(*x) + 1 : 0;
  else
    return static_cast<std::uint64_t>(weir::detail::number_of(x));
}

/// The hash of a row: of its members in order.
template <class Row>
[[nodiscard]] std::uint64_t row_hash(const Row& row) {
  std::uint64_t hash = 0x9ddfea08eb382d69ULL;
  weir::for_each_member<Row>([&](auto d) {
    hash = random_numbers::fold(hash ^ hash_part(row.*d.pointer), 0xa0761d6478bd642fULL) + hash;
  });
  return hash;
}

/// Rows in a file, a line of JSON each. Rows that are taken back are not in it. For any thread.
class row_file {
public:
  explicit row_file(const std::string& path);
  ~row_file();
  void add(const std::string& row, std::int64_t times);

private:
  std::mutex mutex_;
  std::map<std::string, std::int64_t> rows_;
  std::ofstream out_;
};

/// What a query came to: how many rows its result has, and the sum of their hashes, which does not
/// depend on their order. A change of a result adds the row that comes and takes off the one that
/// goes, so that the sums are those of the table that is there in the end.
class tally {
public:
  explicit tally(row_file* to = nullptr) : to_(to) {}

  template <class Row>
  void add(const Row& row) {
    hash_ += row_hash(row);
    ++rows_;
    ++written_;
    if (to_ != nullptr) [[unlikely]]
      to_->add(weir::to_json(row), 1);
  }
  template <class Row>
  void remove(const Row& row) {
    hash_ -= row_hash(row);
    --rows_;
    if (to_ != nullptr) [[unlikely]]
      to_->add(weir::to_json(row), -1);
  }
  template <class Row>
  void replace(const Row& before, const Row& now) {
    remove(before);
    add(now);
  }
  template <class Row>
  void add(const weir::change<Row>& c) {
    if (c.kind == weir::change_kind::remove) return remove(c.value);
    if (c.previous) remove(*c.previous);
    add(c.value);
  }
  void add(const tally& other) {
    rows_ += other.rows_;
    hash_ += other.hash_;
    written_ += other.written_;
  }

  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  /// Rows that were written, those that were replaced later included.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

private:
  row_file* to_;
  std::int64_t rows_ = 0;
  std::uint64_t hash_ = 0;
  std::uint64_t written_ = 0;
};

/// A sink that tallies the rows of a query, or the changes of its rows.
class tally_sink {
public:
  explicit tally_sink(row_file* to = nullptr) : shared_(std::make_shared<shared>()), to_(to) {}

  [[nodiscard]] tally total() const {
    std::lock_guard lock{shared_->mutex};
    return shared_->all;
  }

  template <class T>
  [[nodiscard]] std::unique_ptr<weir::sink_writer<T>> make_writer(
      const weir::sink_instance&) const {
    return std::make_unique<writer<T>>(shared_, to_);
  }
  [[nodiscard]] std::string kind() const { return "tally"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  /// The writers' sums, added up once a batch.
  struct shared {
    std::mutex mutex;
    tally all;
  };

  template <class T>
  class writer final : public weir::plain_writer<T> {
  public:
    writer(std::shared_ptr<shared> to, row_file* rows) : shared_(std::move(to)), rows_(rows) {}

    weir::written write(std::span<const T> events, std::span<const weir::timestamp>) override {
      tally mine{rows_};
      for (const T& e : events) mine.add(e);
      std::lock_guard lock{shared_->mutex};
      shared_->all.add(mine);
      return {events.size(), std::nullopt};
    }

  private:
    std::shared_ptr<shared> shared_;
    row_file* rows_;
  };

  std::shared_ptr<shared> shared_;
  row_file* to_;
};

}  // namespace nexmark

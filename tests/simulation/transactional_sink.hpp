// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/clock.hpp"
#include "weir/sink/sink.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// What a transactional sink has written between two checkpoints.
template <class T>
struct transaction {
  std::string sink;
  std::uint32_t instance = 0;
  std::uint64_t checkpoint = 0;
  std::vector<T> rows;
  std::vector<timestamp> times;    ///< Of the rows, in event time.
  std::vector<timestamp> written;  ///< On the clock of the run.

  BOOST_DESCRIBE_CLASS(transaction, (), (sink, instance, checkpoint, rows, times, written), (), ())
};

/// What the outside world sees of a transactional sink: the rows of committed transactions, each
/// once.
template <class T>
struct ledger {
  std::vector<T> rows;
  std::vector<timestamp> times;
  std::vector<timestamp> written;
  std::set<std::pair<std::uint32_t, std::uint64_t>> done;
  const weir::clock* time = nullptr;  ///< Of the run.
  std::uint64_t repeated_commits = 0;
  std::uint64_t writes_put_off = 0;
};

/// How a sink holds the pipeline up.
struct reluctance {
  std::uint32_t refusals = 0;         ///< Writes that answer "no room" before each that takes some.
  std::uint32_t at_most = 1'000'000;  ///< Rows that one write takes.
};

/// Shows rows only once their checkpoint is committed, and each transaction once: what a crash
/// leaves uncommitted is lost with its writer. So a run is exactly once if and only if the ledger
/// is exact.
template <class T>
class transactional_sink {
public:
  explicit transactional_sink(reluctance how = {})
      : how_(how), ledger_(std::make_shared<ledger<T>>()) {}

  [[nodiscard]] ledger<T>& seen() const noexcept { return *ledger_; }

  template <class U>
  requires std::same_as<U, T>
  [[nodiscard]] std::unique_ptr<sink_writer<U>> make_writer(const sink_instance& at) const {
    return std::make_unique<writer>(at, how_, ledger_);
  }
  [[nodiscard]] std::string kind() const { return "transactional"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  class writer final : public sink_writer<T> {
  public:
    writer(const sink_instance& at, reluctance how, std::shared_ptr<ledger<T>> to)
        : how_(how), left_(how.refusals), ledger_(std::move(to)) {
      open_.sink = at.id;
      open_.instance = at.instance;
    }

    written write(std::span<const T> events, std::span<const timestamp> times) override {
      if (left_ != 0) {
        --left_;
        ++ledger_->writes_put_off;
        return {};
      }
      left_ = how_.refusals;
      const std::size_t n = std::min<std::size_t>(events.size(), how_.at_most);
      const timestamp now = ledger_->time != nullptr ? ledger_->time->wall() : timestamp{};
      open_.rows.insert(open_.rows.end(), events.begin(),
                        events.begin() + static_cast<std::ptrdiff_t>(n));
      open_.times.insert(open_.times.end(), times.begin(),
                         times.begin() + static_cast<std::ptrdiff_t>(n));
      open_.written.insert(open_.written.end(), n, now);
      return {n, std::nullopt};
    }

    result<bytes> pre_commit(std::uint64_t checkpoint) override {
      open_.checkpoint = checkpoint;
      bytes data;
      encode(open_, data);
      open_.rows.clear();
      open_.times.clear();
      open_.written.clear();
      return data;
    }

    result<void> commit(std::span<const std::byte> committable) override {
      transaction<T> t;
      byte_reader in{committable};
      if (!decode(in, t)) return error{errc::decode_failed, "a committable is damaged"};
      if (!ledger_->done.insert({t.instance, t.checkpoint}).second) {
        ++ledger_->repeated_commits;
        return {};
      }
      auto& l = *ledger_;
      l.rows.insert(l.rows.end(), t.rows.begin(), t.rows.end());
      l.times.insert(l.times.end(), t.times.begin(), t.times.end());
      l.written.insert(l.written.end(), t.written.begin(), t.written.end());
      return {};
    }
    result<void> abort(std::span<const std::byte>) override { return {}; }

  private:
    reluctance how_;
    std::uint32_t left_;
    transaction<T> open_;
    std::shared_ptr<ledger<T>> ledger_;
  };

  reluctance how_;
  std::shared_ptr<ledger<T>> ledger_;
};

}  // namespace weir::test

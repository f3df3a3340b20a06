// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/clock.hpp"
#include "weir/sink/sink.hpp"
#include "weir/test/timed.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::test {

/// What a test sink has written between two checkpoints.
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

/// What the outside world sees of a test sink: the rows of committed transactions, each once.
template <class T>
struct ledger {
  std::vector<T> rows;
  std::vector<timestamp> times;
  std::vector<timestamp> written;  ///< Noted if `time` is set.
  /// Sink, instance and checkpoint of what is committed.
  std::set<std::tuple<std::string, std::uint32_t, std::uint64_t>> done;
  const weir::clock* time = nullptr;  ///< Of the run, if the test has given it.
  std::uint64_t repeated_commits = 0;
  std::uint64_t writes_put_off = 0;
};

/// How a sink holds the pipeline up.
struct reluctance {
  /// Writes that answer "no room" before each that takes some. A sink is asked again after 10 ms.
  std::uint32_t refusals = 0;
  std::uint32_t at_most = 1'000'000;  ///< Rows that one write takes.
};

/// A reluctant writer's way through its writes.
class reluctant_turns {
public:
  explicit reluctant_turns(reluctance how) : how_(how), left_(how.refusals) {}

  /// Answers how many of the `offered` rows the next write takes; 0 if it refuses.
  [[nodiscard]] std::size_t room(std::size_t offered) noexcept {
    if (left_ != 0) return --left_, 0;
    left_ = how_.refusals;
    return std::min<std::size_t>(offered, how_.at_most);
  }

private:
  reluctance how_;
  std::uint32_t left_;
};

/// A sink for simulated runs. Shows rows only once their checkpoint is committed, and each
/// transaction once: what a crash leaves uncommitted is lost with its writer. So a run is exactly
/// once if and only if what is shown is exact. A run that ends takes a last checkpoint, so that all
/// rows are shown then. Copies share what they show; what several runs bring adds up. Not
/// thread-safe.
template <class T>
class test_sink {
public:
  /// Slow, if it is told to be.
  explicit test_sink(reluctance how = {}) : how_(how), ledger_(std::make_shared<ledger<T>>()) {}

  /// Refuses the events that `which` holds for: they follow the sink's directive.
  [[nodiscard]] test_sink failing(std::function<bool(const T&)> which,
                                  std::string why = "refused by the test") && {
    fails_ = std::move(which);
    why_ = std::move(why);
    return std::move(*this);
  }

  /// What is shown, in the order of its commits.
  [[nodiscard]] const std::vector<T>& values() const noexcept { return ledger_->rows; }
  /// ... with the timestamps.
  [[nodiscard]] std::vector<timed<T>> entries() const {
    std::vector<timed<T>> all;
    for (std::size_t i = 0; i < ledger_->rows.size(); ++i)
      all.push_back({ledger_->rows[i], ledger_->times[i]});
    return all;
  }
  [[nodiscard]] ledger<T>& seen() const noexcept { return *ledger_; }

  template <class U>
  requires std::same_as<U, T>
  [[nodiscard]] std::unique_ptr<sink_writer<U>> make_writer(const sink_instance& at) const {
    if (at.start == sink_start::fresh) ledger_->done.clear();  // a new run numbers anew
    return std::make_unique<writer>(at, *this);
  }
  [[nodiscard]] std::string kind() const { return "test-sink"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  class writer final : public sink_writer<T> {
  public:
    writer(const sink_instance& at, test_sink of) : of_(std::move(of)), turns_(of_.how_) {
      open_.sink = at.id;
      open_.instance = at.instance;
    }

    written write(std::span<const T> events, std::span<const timestamp> times) override {
      ledger<T>& l = *of_.ledger_;
      std::size_t n = turns_.room(events.size());
      if (n == 0) {
        ++l.writes_put_off;
        return {};
      }
      written done;
      if (of_.fails_) {
        const auto bad = std::find_if(events.begin(), events.begin() + offset(n), of_.fails_);
        if (bad != events.begin() + offset(n)) done.failure = {errc::stage_failed, of_.why_};
        n = static_cast<std::size_t>(bad - events.begin());
      }
      open_.rows.insert(open_.rows.end(), events.begin(), events.begin() + offset(n));
      open_.times.insert(open_.times.end(), times.begin(), times.begin() + offset(n));
      open_.written.insert(open_.written.end(), n,
                           l.time != nullptr ? l.time->wall() : timestamp{});
      done.events = n;
      return done;
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
      ledger<T>& l = *of_.ledger_;
      if (!l.done.insert({t.sink, t.instance, t.checkpoint}).second) {
        ++l.repeated_commits;
        return {};
      }
      l.rows.insert(l.rows.end(), t.rows.begin(), t.rows.end());
      l.times.insert(l.times.end(), t.times.begin(), t.times.end());
      l.written.insert(l.written.end(), t.written.begin(), t.written.end());
      return {};
    }

  private:
    static std::ptrdiff_t offset(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

    test_sink of_;
    reluctant_turns turns_;
    transaction<T> open_;
  };

  reluctance how_;
  std::function<bool(const T&)> fails_;
  std::string why_;
  std::shared_ptr<ledger<T>> ledger_;
};

}  // namespace weir::test

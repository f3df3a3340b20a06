// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/redis/pipe.hpp"
#include "weir/sink/plain_writer.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::redis {

/// Writes events as commands, all of a batch in one round trip. An event is written once the server
/// has answered; when the connection is lost before that the batch is sent again, so commands that
/// give the same when they are repeated are written once in effect. `Encode(event, commands)`
/// appends an event's commands.
template <class T, class Encode>
class command_writer final : public plain_writer<T> {
public:
  command_writer(pipe to, Encode encode) : to_(std::move(to)), encode_(std::move(encode)) {}

  written write(std::span<const T> events, std::span<const timestamp>) override {
    if (failed_at_ != nullptr) return go_on(events);
    return send(events, events.size());
  }
  [[nodiscard]] bool takes_whole_batches() const override { return true; }

private:
  /// Sends the first `n` events.
  written send(std::span<const T> events, std::size_t n) {
    ends_.clear();
    commands_.clear();
    for (std::size_t i = 0; i < n; ++i) {
      if (auto bad = encode_one(events[i])) {
        if (i == 0) return {0, std::move(bad)};
        commands_.truncate(ends_.back());  // what it had added already
        break;                             // the next call begins with it
      }
      ends_.push_back(commands_.size());
    }
    auto got = to_.run(commands_);
    if (!got) return away(got.error());
    outcomes_.clear();
    std::size_t from = 0;
    for (const std::size_t end : ends_) {
      outcomes_.push_back(outcome(*got, from, end));
      from = end;
    }
    return report(events, 0);
  }

  std::optional<error> encode_one(const T& event) {
    try {
      encode_(event, commands_);
      return {};
    } catch (const exception& e) {
      return e.why();
    } catch (const std::exception& e) {
      return error{errc::stage_failed, e.what()};
    }
  }

  std::optional<error> outcome(const std::vector<reply>& got, std::size_t from, std::size_t end) {
    for (std::size_t i = from; i < end; ++i)
      if (got[i].failed()) return explain(to_.at().shown(), got[i].text);
    return {};
  }

  /// Tells how the events from number `first` of `outcomes_` on went.
  written report(std::span<const T> events, std::size_t first) {
    std::size_t i = first;
    while (i < outcomes_.size() && !outcomes_[i]) ++i;
    written done{i - first, std::nullopt};
    failed_at_ = nullptr;
    if (i == outcomes_.size()) return done;
    done.failure = outcomes_[i];
    failed_at_ = events.data() + (i - first);
    next_ = i + 1;
    return done;
  }

  /// Behind an event that failed: those after it have been sent, and must not be sent again.
  written go_on(std::span<const T> events) {
    const T* const failed = std::exchange(failed_at_, nullptr);
    if (events.data() == failed) {  // it is tried again, alone
      std::vector<std::optional<error>> rest(outcomes_.begin() + static_cast<std::ptrdiff_t>(next_),
                                             outcomes_.end());
      written again = send(events, 1);
      if (again.events == 1 && !again.failure) {
        outcomes_ = std::move(rest);
        written more = report(events.subspan(1), 0);
        return {1 + more.events, std::move(more.failure)};
      }
      failed_at_ = failed;
      outcomes_.assign(1, again.failure);
      outcomes_.insert(outcomes_.end(), rest.begin(), rest.end());
      next_ = 1;
      return again;
    }
    if (events.data() == failed + 1 && next_ < outcomes_.size()) return report(events, next_);
    return send(events, events.size());
  }

  written away(const error& why) {
    const bool waits =
        why.code == errc::io_failed && to_.options().while_away == redis::while_away::wait;
    if (waits) return {};  // no room: asked again
    return {0, why};
  }

  pipe to_;
  Encode encode_;
  command_list commands_;
  std::vector<std::size_t> ends_;  ///< Behind which command an event ends.
  std::vector<std::optional<error>> outcomes_;
  const T* failed_at_ = nullptr;  ///< The event that was said to have failed last.
  std::size_t next_ = 0;          ///< The outcome behind it.
};

}  // namespace weir::redis

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/redis/answers.hpp"
#include "weir/connectors/redis/client.hpp"
#include "weir/sink/answered_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir::redis {

/// Writes events as commands; those of a batch are sent in one go, behind those of earlier batches
/// and without waiting for their answers. An event is written once the server has answered; what is
/// under way when the connection is lost is sent again, so commands that give the same when they
/// are repeated are written once in effect. `Encode(event, commands)` appends an event's commands.
///
/// An event that is tried again is sent alone; but where commands `repeat`, with all that came
/// behind it, so that the newest of a key stays the last.
template <class T, class Encode>
class command_writer final : public answered_writer<T> {
public:
  command_writer(client to, std::string at, Encode encode, bool repeat, std::size_t most,
                 std::function<void()> wake)
      : to_(std::move(to)),
        at_(std::move(at)),
        encode_(std::move(encode)),
        repeat_(repeat),
        most_(most),
        answers_(std::make_shared<answers>(std::move(wake))) {}

  void begin(std::span<const T> events) override {
    jobs_.push_back({events});
    send(jobs_.back(), 0, events.size());
  }
  written settle() override {
    answers_->take(came_);
    for (answers::one& a : came_) take(a);
    came_.clear();
    job& j = jobs_.front();
    if (j.waits) return {};
    const failed* next = next_failure(j);
    const std::size_t until = next == nullptr ? j.events.size() : next->event;
    written done{until - std::exchange(j.settled, until), std::nullopt};
    if (next != nullptr)
      done.failure = next->why;
    else
      jobs_.pop_front();
    return done;
  }
  void try_again() override {
    job& first = jobs_.front();
    if (!repeat_) return send(first, first.settled, first.settled + 1);
    for (job& j : jobs_) send(j, j.settled, j.events.size());
  }
  void pass_over() override { ++jobs_.front().settled; }
  [[nodiscard]] bool has_answers() const noexcept override { return answers_->any(); }
  [[nodiscard]] std::size_t most_under_way() const noexcept override { return most_; }

private:
  struct failed {
    std::size_t event;
    error why;
  };
  /// A batch, and how it has gone.
  struct job {
    std::span<const T> events;
    std::size_t settled = 0;            ///< Events that have been dealt with.
    std::uint64_t number = 0;           ///< Of the commands that were sent for it last.
    std::size_t from = 0;               ///< The first event that these are of.
    std::vector<std::uint32_t> ends{};  ///< Behind which of them each of the events ends.
    std::vector<failed> failures{};     ///< In the order of the events.
    bool waits = false;                 ///< For the answer to them.
  };

  /// Sends the events `[from, to)` of a batch.
  void send(job& j, std::size_t from, std::size_t to) {
    std::erase_if(j.failures, [&](const failed& f) { return f.event >= from && f.event < to; });
    j.from = from;
    j.ends.clear();
    j.number = ++sent_;
    j.waits = true;
    command_list commands;
    for (std::size_t i = from; i < to; ++i) {
      const std::size_t before = commands.size();
      if (auto bad = encode_one(j.events[i], commands)) {
        commands.truncate(before);  // what it had added already
        note(j, {i, *std::move(bad)});
      }
      j.ends.push_back(static_cast<std::uint32_t>(commands.size()));
    }
    to_.send(std::move(commands), [to = answers_, number = j.number](replies got) {
      to->put({number, std::move(got)});
    });
  }

  std::optional<error> encode_one(const T& event, command_list& commands) {
    try {
      encode_(event, commands);
      return {};
    } catch (const exception& e) {
      return e.why();
    } catch (const std::exception& e) {
      return error{errc::stage_failed, e.what()};
    }
  }

  /// Takes an answer to what was sent last of a batch; earlier ones are of no interest.
  void take(const answers::one& a) {
    for (job& j : jobs_) {
      if (j.number != a.number) continue;
      j.waits = false;
      std::size_t command = 0;
      for (std::size_t i = 0; i < j.ends.size(); ++i) {
        std::optional<error> why;
        if (!a.got)
          why = a.got.error();
        else
          for (; command < j.ends[i]; ++command)
            if (const reply& r = (*a.got)[command]; r.failed() && !why) why = explain(at_, r.text);
        if (why) note(j, {j.from + i, *std::move(why)});
      }
      return;
    }
  }
  /// An event's first failure stands.
  static void note(job& j, failed f) {
    const auto place =
        std::lower_bound(j.failures.begin(), j.failures.end(), f.event,
                         [](const failed& x, std::size_t event) { return x.event < event; });
    if (place == j.failures.end() || place->event != f.event)
      j.failures.insert(place, std::move(f));
  }
  static const failed* next_failure(const job& j) {
    for (const failed& f : j.failures)
      if (f.event >= j.settled) return &f;
    return nullptr;
  }

  client to_;
  std::string at_;  ///< How the server is shown.
  Encode encode_;
  bool repeat_;
  std::size_t most_;
  std::shared_ptr<answers> answers_;
  std::vector<answers::one> came_;
  std::deque<job> jobs_;  ///< The batches under way, the oldest first.
  std::uint64_t sent_ = 0;
};

}  // namespace weir::redis

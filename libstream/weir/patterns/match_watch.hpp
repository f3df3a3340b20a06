// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// How far a partial match has come.
enum class match_stage : std::uint8_t {
  growing,     ///< Wants further events.
  unless_not,  ///< Complete when its time is over, or with the next event, unless a NOT step's
               ///< event comes before. It may want further events, too.
  in_line,     ///< Complete; a skip strategy lets it out when those that began before it are over.
};
BOOST_DESCRIBE_ENUM(match_stage, growing, unless_not, in_line)

/// A partial match, or a complete one that is not out yet, as others see it: data for a console.
/// Those that are in a cold store are not seen.
struct partial_match {
  std::string pattern;
  match_stage stage = match_stage::growing;
  std::string key;   ///< As JSON, like the events; empty where the stream has no key.
  std::string step;  ///< The step that took the last event.
  std::vector<std::string> waits_for;
  std::vector<std::pair<std::string, std::string>> events;  ///< Step and event, in order.
  timestamp began;
  /// Until it is over, or out, if nothing comes: by `within`, and by the last of its waits to end
  /// if all are bounded. Of one in line the longest it can take. Nothing if there is no bound.
  std::optional<duration> time_left;

  BOOST_DESCRIBE_CLASS(partial_match, (),
                       (pattern, stage, key, step, waits_for, events, began, time_left), (), ())
};

/// Lets any thread see the partial matches of a running `detect()`: `ask()` asks for up to so many,
/// each instance answers with its next watermark or timer, and `answers()` gives what has come. The
/// lock is the only way here: those who ask have no stage to send a message to.
class match_watch {
public:
  void ask(std::size_t at_most = 100) {
    {
      std::lock_guard lock{mutex_};
      answers_.clear();
    }
    at_most_.store(at_most, std::memory_order_relaxed);
    asked_.fetch_add(1, std::memory_order_release);
  }
  [[nodiscard]] std::vector<partial_match> answers() const {
    std::lock_guard lock{mutex_};
    return answers_;
  }

  // For the operator.

  [[nodiscard]] std::uint64_t asked() const noexcept {
    return asked_.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::size_t at_most() const noexcept {
    return at_most_.load(std::memory_order_relaxed);
  }
  void answer(std::vector<partial_match> some) {
    std::lock_guard lock{mutex_};
    for (partial_match& m : some) answers_.push_back(std::move(m));
  }

private:
  std::atomic<std::uint64_t> asked_{0};
  std::atomic<std::size_t> at_most_{100};
  mutable std::mutex mutex_;
  std::vector<partial_match> answers_;
};

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/enrich/task.hpp"

#include <functional>
#include <utility>

namespace weir {

/// Where look-ups run that must not run in the stage's own thread: because they block, or because
/// they wait. Safe to call from any thread.
class executor {
public:
  executor() = default;
  executor(const executor&) = delete;
  executor& operator=(const executor&) = delete;
  virtual ~executor() = default;

  /// Calls `f` soon, in a thread of the executor's.
  virtual void post(std::function<void()> f) = 0;
  /// ... once `d` has passed.
  virtual void post_after(duration d, std::function<void()> f) = 0;
};

/// `co_await resume_on(e)`: goes on in a thread of `e`.
[[nodiscard]] inline auto resume_on(executor& e) {
  return async<std::monostate>([&e](auto done) { e.post([done] { done({}); }); });
}
/// `co_await sleep_for(e, d)`: goes on in a thread of `e` once `d` has passed.
[[nodiscard]] inline auto sleep_for(executor& e, duration d) {
  return async<std::monostate>([&e, d](auto done) { e.post_after(d, [done] { done({}); }); });
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/enrich/executor.hpp"

#include <cstdint>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace weir {

/// Threads of its own for look-ups: connections, timers, and functions that block. What it was
/// given and has not begun is dropped when the last reference to it goes, which may be in one of
/// its threads.
class thread_executor final : public executor {
public:
  explicit thread_executor(std::uint32_t threads = 1);
  ~thread_executor() override;

  void post(std::function<void()> f) override;
  void post_after(duration d, std::function<void()> f) override;
  /// Calls `f` in one of the threads and waits for it; at once where this is one of them.
  void call(const std::function<void()>& f);

  /// Where the library's own connectors wait for their sockets.
  [[nodiscard]] boost::asio::io_context& context() noexcept;

private:
  struct inside;
  std::shared_ptr<inside> inside_;
};

}  // namespace weir

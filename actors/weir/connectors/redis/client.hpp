// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/net/thread_executor.hpp"
#include "weir/connectors/redis/commands.hpp"
#include "weir/connectors/redis/reply.hpp"
#include "weir/connectors/redis/server.hpp"
#include "weir/core/result.hpp"
#include "weir/enrich/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::redis {

/// Replies to commands that were sent together, in their order; or why there are none.
using replies = result<std::vector<reply>>;

/// One connection to a server, with as many commands under way as are given to it. Opened at the
/// first command, and again, after back-offs, when it breaks; commands that were under way are then
/// sent again, so they should be ones that may be repeated. Safe to call from any thread; the
/// executor must have one.
class client {
public:
  client(server at, server_options options, std::shared_ptr<thread_executor> on);
  client(client&&) noexcept = default;
  client& operator=(client&&) noexcept = default;
  /// Ends the connection. What has no answer gets none.
  ~client();

  /// Sends commands together; `done` is called once, in a thread of the executor's.
  void send(command_list commands, std::function<void(replies)> done);
  /// ... and says on which connection they were answered, by number; 0 if they weren't.
  void send_noted(command_list commands, std::function<void(replies, std::uint64_t)> done);

  /// For coroutines: `auto got = co_await connection.ask("GET", key);`
  template <class... Args>
  [[nodiscard]] auto ask(const Args&... args) {
    command_list one;
    one.add(args...);
    return async<replies>(
        [this, one = std::move(one)](auto done) mutable { send(std::move(one), std::move(done)); });
  }

private:
  class core;

  std::shared_ptr<thread_executor> executor_;
  std::shared_ptr<core> core_;
};

}  // namespace weir::redis

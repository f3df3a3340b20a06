// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/redis/commands.hpp"
#include "weir/connectors/redis/reply.hpp"
#include "weir/connectors/redis/server.hpp"
#include "weir/core/result.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::redis {

/// A connection that its user waits for: sends commands together, in one go, and takes their
/// replies. For one thread.
class pipe {
public:
  pipe(server at, server_options options);
  pipe(pipe&&) noexcept;
  pipe& operator=(pipe&&) noexcept;
  ~pipe();

  /// Opens the connection if there is none; an error that `explain`s itself, or `errc::io_failed`
  /// for one that another time may do away with.
  [[nodiscard]] result<void> open();

  /// Sends all commands and waits for their replies. `errc::io_failed`: the connection was lost, or
  /// could not be opened yet; which of the commands were carried out is then unknown.
  [[nodiscard]] result<std::vector<reply>> run(const command_list& commands);

  /// Whether `run` would only say again that the server is away: the back-off isn't over.
  [[nodiscard]] bool backing_off() const;
  [[nodiscard]] const server& at() const noexcept { return at_; }
  [[nodiscard]] const server_options& options() const noexcept { return options_; }

private:
  struct connection;

  [[nodiscard]] result<void> connect();
  [[nodiscard]] error lost(const std::string& why);

  server at_;
  server_options options_;
  net::backoff backoff_;
  std::unique_ptr<connection> connection_;
  std::optional<error> away_;
  std::chrono::steady_clock::time_point again_{};
};

/// Opens a connection, logs in and selects the database, waiting for each; an error that `explain`s
/// itself, or `errc::io_failed` for one that another time may do away with.
[[nodiscard]] result<void> reach(const server& at, const server_options& options);

}  // namespace weir::redis

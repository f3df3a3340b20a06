// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/net/backoff.hpp"
#include "weir/connectors/net/log.hpp"
#include "weir/core/result.hpp"

#include <cstdint>
#include <string>

namespace weir::redis {

/// What is done with what can't reach the server.
enum class while_away : std::uint8_t {
  wait,  ///< It waits until the server is back; the stream is held up.
  fail,  ///< It fails: look-ups by `on_error` after their tries, a sink's events by its directive.
};

/// How to reach a server. Times are wall-clock time.
struct server_options {
  redis::while_away while_away = redis::while_away::wait;
  duration connect_timeout = std::chrono::seconds{2};
  /// The longest wait for a reply; then the connection counts as broken.
  duration timeout = std::chrono::seconds{5};
  net::reconnect_options reconnect{};
  /// For `rediss://`: a PEM file of the authorities that are trusted; the system's unless told.
  std::string tls_authorities{};
  /// A pipeline is refused at its start if the server can't be reached. Otherwise it begins, and
  /// does what `while_away` says.
  bool must_be_there = true;
  net::log_function log = net::log_to_stderr;  ///< A line when the server goes and comes back.
};

/// Where a server is: `redis://[user[:password]@]host[:port][/database]`, or `rediss://` with TLS.
struct server {
  std::string host;
  std::uint16_t port = 6379;
  std::string user;
  std::string password;
  std::uint32_t database = 0;
  bool tls = false;

  /// Throws `weir::exception` if it is not of that form, or asks for TLS where the hiredis that
  /// Weir was built with has none. Errors never hold the password.
  static server parse(const std::string& url);

  /// `redis://host:port/database`, without user and password.
  [[nodiscard]] std::string shown() const;
};

/// Whether this build can speak TLS.
[[nodiscard]] bool has_tls() noexcept;

}  // namespace weir::redis

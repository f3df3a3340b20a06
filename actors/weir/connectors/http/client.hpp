// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/net/thread_executor.hpp"
#include "weir/core/result.hpp"
#include "weir/enrich/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

/// How a server is talked to. Times are wall-clock time.
struct client_options {
  std::size_t connections = 8;                 ///< At most; kept open between requests.
  duration timeout = std::chrono::seconds{5};  ///< For a connection, and for each request.
  std::size_t largest_body = 1 << 20;          ///< Bytes; a larger one is a failure.
  /// Sent with each request: `{{"Authorization", "Bearer …"}}`. Never shown.
  std::vector<std::pair<std::string, std::string>> headers{};
  /// For https: a PEM file of the authorities that are trusted; the system's unless told.
  std::string tls_authorities{};
};

struct request {
  std::string method = "GET";
  std::string target{};  ///< A path with what follows it.
  std::string body{};
  std::string content_type{};
};

struct response {
  unsigned status = 0;
  std::string body;
};

/// Connections to one server over HTTP/1.1, kept alive. Requests wait for a free one. A GET whose
/// reused connection the server had closed meanwhile is sent again on a new one. Safe to call from
/// any thread.
class client {
public:
  /// `base` is `http://host[:port]`, or https with TLS 1.2 or newer, where the server's certificate
  /// must be of that host and of a trusted authority; what comes behind it is not used. Throws
  /// `weir::exception` if it is not of that form, or if the authorities can't be read.
  client(const std::string& base, client_options options, std::shared_ptr<thread_executor> on);
  client(client&&) noexcept = default;
  client& operator=(client&&) noexcept = default;
  /// Ends the connections. What has no answer gets none.
  ~client();

  /// Gets `target`, a path with what follows it; `done` is called once, in a thread of the
  /// executor's.
  void get(std::string target, std::function<void(result<response>)> done) {
    send({.target = std::move(target)}, std::move(done));
  }
  /// Sends any request; `done` as for `get`.
  void send(request what, std::function<void(result<response>)> done);

  /// For coroutines: `auto got = co_await server.get("/users/7");`
  [[nodiscard]] auto get(std::string target) {
    return async<result<response>>([this, target = std::move(target)](auto done) mutable {
      get(std::move(target), std::move(done));
    });
  }

private:
  class core;

  std::shared_ptr<thread_executor> executor_;
  std::shared_ptr<core> core_;
};

/// Throws `weir::exception` unless `base` and its authorities are what a client takes.
void require_address(const std::string& base, const client_options& options = {});

/// Appends `text` as a part of a path or query: what has a meaning there becomes %XX (RFC 3986).
void append_escaped(std::string_view text, std::string& out);

}  // namespace weir::http

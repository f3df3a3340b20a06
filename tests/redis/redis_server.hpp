// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "connectors/temporary.hpp"
#include "weir/connectors/redis/pipe.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace weir::test {

/// A port of the loopback that nobody listens on now.
[[nodiscard]] std::uint16_t free_port();

/// A redis-server of the test's own, on a free port of the loopback, with its files in a temporary
/// directory. What it has answered is on its disk, so that a killed one comes back with all of it.
/// Throws if there is no redis-server: setting the machine up installs it.
class redis_server {
public:
  explicit redis_server(std::vector<std::string> arguments = {});
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;
  ~redis_server();

  /// Ends it at once, as a crash does.
  void kill();
  /// Starts it again with what it knew, and waits until it answers.
  void start();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url(const std::string& login = "", int database = 0) const;

  /// Carries a command out, with the server's own login if it has one.
  template <class... Args>
  redis::reply ask(const Args&... args) const {
    redis::command_list one;
    one.add(args...);
    return ask_all(one).front();
  }
  [[nodiscard]] std::vector<redis::reply> ask_all(const redis::command_list& commands) const;
  void set_login(std::string login) { login_ = std::move(login); }

private:
  temporary_directory dir_;
  std::vector<std::string> arguments_;
  std::uint16_t port_;
  std::string login_;
  pid_t pid_ = -1;
};

/// Options for a server that is near: quick to be missed and to be found again, and silent.
[[nodiscard]] redis::server_options quick(redis::while_away what = redis::while_away::wait);

}  // namespace weir::test

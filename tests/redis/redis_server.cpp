// SPDX-License-Identifier: BSD-3-Clause
#include "redis/redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace weir::test {

using namespace std::chrono_literals;

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&at), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  ::close(fd);
  if (!bound) throw std::runtime_error("no free port on the loopback");
  return ntohs(at.sin_port);
}

redis_server::redis_server(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), port_(free_port()) {
  start();
}

redis_server::~redis_server() { kill(); }

void redis_server::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void redis_server::start() {
  std::vector<std::string> words{
      "redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--dir", dir_.path(),
      "--appendonly", "yes",    "--appendfsync",       "always", "--save",    ""};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  const std::string log = dir_ / "log";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // not to outlive a test that crashes
    const int fd = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < until) {
    // One with a password refuses us, which is an answer, too.
    const auto reached = redis::reach(redis::server::parse(url(login_)), quick());
    if (reached || reached.error().code != errc::io_failed) return;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("redis-server does not start (./dev setup installs it): " +
                               read_file(log));
    }
    std::this_thread::sleep_for(5ms);  // another process; there is nothing to wait on
  }
  throw std::runtime_error("redis-server does not answer");
}

std::string redis_server::url(const std::string& login, int database) const {
  return "redis://" + (login.empty() ? "" : login + "@") + "127.0.0.1:" + std::to_string(port_) +
         "/" + std::to_string(database);
}

std::vector<redis::reply> redis_server::ask_all(const redis::command_list& commands) const {
  redis::pipe to{redis::server::parse(url(login_)), quick()};
  return to.run(commands).value();
}

redis::server_options quick(redis::while_away what) {
  return {.while_away = what,
          .connect_timeout = 1s,
          .timeout = 2s,
          .reconnect = {.backoff = 5ms, .most = 50ms},
          .log = [](const std::string&) {}};
}

}  // namespace weir::test

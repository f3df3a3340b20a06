// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "redis/redis_server.hpp"

#include <boost/asio.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

namespace weir::test {

/// Stands between a client and a server, and hands on what the server says after a delay.
class slow_proxy {
  using tcp = boost::asio::ip::tcp;

public:
  slow_proxy(std::uint16_t to, std::chrono::milliseconds delay)
      : acceptor_(in_, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}),
        to_(to),
        delay_(delay) {
    accept();
    thread_ = std::thread{[this] { in_.run(); }};
  }
  ~slow_proxy() {
    in_.stop();
    thread_.join();
  }

  [[nodiscard]] std::string url() const {
    return "redis://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  /// From now on.
  void set_delay(std::chrono::milliseconds d) { delay_ = d; }
  /// Connections so far.
  [[nodiscard]] int connections() const { return connections_; }

private:
  struct pair : std::enable_shared_from_this<pair> {
    pair(tcp::socket a, boost::asio::io_context& in) : client(std::move(a)), server(in), wait(in) {}
    tcp::socket client, server;
    boost::asio::steady_timer wait;
    std::array<char, 65536> up{}, down{};
  };

  void accept() {
    acceptor_.async_accept([this](auto failed, tcp::socket s) {
      if (failed) return;
      ++connections_;
      auto p = std::make_shared<pair>(std::move(s), in_);
      boost::system::error_code ignored;
      p->server.connect({boost::asio::ip::address_v4::loopback(), to_}, ignored);
      up(p);
      down(p);
      accept();
    });
  }
  void up(const std::shared_ptr<pair>& p) {
    p->client.async_read_some(boost::asio::buffer(p->up), [this, p](auto failed, std::size_t n) {
      if (failed) return close(*p);
      boost::asio::async_write(p->server, boost::asio::buffer(p->up.data(), n),
                               [this, p](auto broken, std::size_t) {
                                 if (broken) return close(*p);
                                 up(p);
                               });
    });
  }
  void down(const std::shared_ptr<pair>& p) {
    p->server.async_read_some(boost::asio::buffer(p->down), [this, p](auto failed, std::size_t n) {
      if (failed) return close(*p);
      p->wait.expires_after(delay_.load());
      p->wait.async_wait([this, p, n](auto) {
        boost::asio::async_write(p->client, boost::asio::buffer(p->down.data(), n),
                                 [this, p](auto broken, std::size_t) {
                                   if (broken) return close(*p);
                                   down(p);
                                 });
      });
    });
  }
  static void close(pair& p) {
    boost::system::error_code ignored;
    p.client.close(ignored);
    p.server.close(ignored);
  }

  boost::asio::io_context in_;
  tcp::acceptor acceptor_;
  std::uint16_t to_;
  std::atomic<std::chrono::milliseconds> delay_;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

}  // namespace weir::test

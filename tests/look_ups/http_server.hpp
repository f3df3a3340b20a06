// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace weir::test {

/// What the test's server answers, and how.
struct http_answer {
  unsigned status = 200;
  std::string body{};
  std::chrono::milliseconds delay{};
  bool close = false;    ///< Says that it closes the connection, and does.
  bool hang_up = false;  ///< Closes after the answer without having said so.
};

/// A small HTTP server in a thread of its own, on a free port of the loopback.
class http_server {
  using tcp = boost::asio::ip::tcp;
  template <class Body>
  using message = boost::beast::http::request<Body>;

public:
  using request = message<boost::beast::http::string_body>;
  using handler = std::function<http_answer(const request&)>;

  explicit http_server(handler answer)
      : acceptor_(in_, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}),
        answer_(std::move(answer)) {
    accept();
    thread_ = std::thread{[this] { in_.run(); }};
  }
  ~http_server() {
    in_.stop();
    thread_.join();
  }

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int requests() const { return requests_; }

private:
  struct session : std::enable_shared_from_this<session> {
    session(tcp::socket s, http_server& of) : socket(std::move(s)), server(of), wait(of.in_) {}

    void read() {
      got = {};
      boost::beast::http::async_read(socket, buffer, got,
                                     [self = shared_from_this()](auto failed, std::size_t) {
                                       if (!failed) self->respond();
                                     });
    }
    void respond() {
      ++server.requests_;
      const http_answer a = server.answer_(got);
      reply = {};
      reply.version(11);
      reply.result(a.status);
      reply.keep_alive(!a.close);
      reply.body() = a.body;
      reply.prepare_payload();
      wait.expires_after(a.delay);
      wait.async_wait([self = shared_from_this(), end = a.close || a.hang_up](auto) {
        boost::beast::http::async_write(
            self->socket, self->reply, [self, end](auto failed, std::size_t) {
              if (!failed && !end) return self->read();
              boost::system::error_code ignored;
              self->socket.shutdown(tcp::socket::shutdown_both, ignored);
            });
      });
    }

    tcp::socket socket;
    http_server& server;
    boost::asio::steady_timer wait;
    boost::beast::flat_buffer buffer;
    request got;
    boost::beast::http::response<boost::beast::http::string_body> reply;
  };

  void accept() {
    acceptor_.async_accept([this](auto failed, tcp::socket s) {
      if (failed) return;
      ++connections_;
      std::make_shared<session>(std::move(s), *this)->read();
      accept();
    });
  }

  boost::asio::io_context in_;
  tcp::acceptor acceptor_;
  handler answer_;
  std::atomic<int> connections_ = 0;
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};

}  // namespace weir::test

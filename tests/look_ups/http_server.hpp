// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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

/// A small HTTP server in a thread of its own, on a free port of the loopback; with a context of
/// TLS it speaks https.
class http_server {
  using tcp = boost::asio::ip::tcp;
  template <class Body>
  using message = boost::beast::http::request<Body>;

public:
  using request = message<boost::beast::http::string_body>;
  using handler = std::function<http_answer(const request&)>;
  using tls_context = boost::asio::ssl::context;

  explicit http_server(handler answer, std::optional<tls_context> tls = {})
      : tls_(std::move(tls)),
        acceptor_(in_, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}),
        answer_(std::move(answer)) {
    accept();
    thread_ = std::thread{[this] { in_.run(); }};
  }
  ~http_server() {
    in_.stop();
    thread_.join();
  }

  [[nodiscard]] std::string url() const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") +
           std::to_string(acceptor_.local_endpoint().port());
  }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int requests() const { return requests_; }

private:
  template <class Stream>
  struct session : std::enable_shared_from_this<session<Stream>> {
    session(Stream s, http_server& of) : stream(std::move(s)), server(of), wait(of.in_) {}

    void read() {
      got = {};
      boost::beast::http::async_read(stream, buffer, got,
                                     [self = this->shared_from_this()](auto failed, std::size_t) {
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
      wait.async_wait([self = this->shared_from_this(), end = a.close || a.hang_up](auto) {
        boost::beast::http::async_write(self->stream, self->reply,
                                        [self, end](auto failed, std::size_t) {
                                          if (!failed && !end) return self->read();
                                          boost::system::error_code ignored;
                                          boost::beast::get_lowest_layer(self->stream)
                                              .shutdown(tcp::socket::shutdown_both, ignored);
                                        });
      });
    }

    Stream stream;
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
      tls_ ? greet(std::move(s))
           : std::make_shared<session<tcp::socket>>(std::move(s), *this)->read();
      accept();
    });
  }
  void greet(tcp::socket s) {
    using secure = boost::asio::ssl::stream<tcp::socket>;
    auto made = std::make_shared<session<secure>>(secure{std::move(s), *tls_}, *this);
    made->stream.async_handshake(secure::server, [made](auto failed) {
      if (!failed) made->read();
    });
  }

  std::optional<tls_context> tls_;
  boost::asio::io_context in_;
  tcp::acceptor acceptor_;
  handler answer_;
  std::atomic<int> connections_ = 0;
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};

}  // namespace weir::test

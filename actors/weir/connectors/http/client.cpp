// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/http/client.hpp"

#include "weir/connectors/net/url.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <deque>
#include <future>
#include <optional>
#include <string_view>

namespace weir::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;

namespace {

net::url parse_base(const std::string& text) {
  const auto refuse = [](errc code, const std::string& what) {
    throw exception({code, "http: " + what});
  };
  auto parts = net::url::parse(text);
  if (!parts) refuse(errc::invalid_argument, parts.error().message);
  if (parts->scheme == "https")
    refuse(errc::unsupported,
           "https://" + parts->host + ": TLS isn't supported; use a local proxy that speaks it");
  if (parts->scheme != "http")
    refuse(errc::invalid_argument, "the URL's scheme is '" + parts->scheme + "'; use http://");
  return *std::move(parts);
}

}  // namespace

void require_address(const std::string& base) { (void)parse_base(base); }

void append_escaped(std::string_view text, std::string& out) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

/// Everything in here runs in the executor's thread.
class client::core : public std::enable_shared_from_this<core> {
public:
  core(net::url base, client_options options, asio::io_context& in)
      : base_(std::move(base)), options_(std::move(options)), in_(in), resolver_(in) {}

  struct job {
    std::string target;
    std::function<void(result<response>)> done;
    bool tried = false;  ///< On a connection that turned out to be closed.
  };

  void take(job j) {
    if (closed_) return j.done(failure("the client is closed"));
    waiting_.push_back(std::move(j));
    begin_next();
  }
  void close() {
    closed_ = true;
    waiting_.clear();
    resolver_.cancel();
    for (const auto& c : open_) c->stream.close();
    open_.clear();
    idle_.clear();
  }

private:
  struct connection {
    explicit connection(asio::io_context& in) : stream(in) {}

    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    beast::http::request<beast::http::empty_body> request;
    std::optional<beast::http::response_parser<beast::http::string_body>> parser;
    std::optional<job> now;
    bool reused = false;
  };
  using pointer = std::shared_ptr<connection>;

  [[nodiscard]] error failure(const std::string& why) const {
    return {errc::io_failed,
            "http://" + base_.host + ":" + std::to_string(base_.port.value_or(80)) + ": " + why};
  }

  void begin_next() {
    while (!waiting_.empty()) {
      pointer c;
      if (!idle_.empty()) {
        c = std::move(idle_.back());  // the one that was used last is the least likely to be closed
        idle_.pop_back();
        c->reused = true;
      } else if (open_.size() < std::max<std::size_t>(1, options_.connections)) {
        c = open_.emplace_back(std::make_shared<connection>(in_));
      } else {
        return;
      }
      c->now = std::move(waiting_.front());
      waiting_.pop_front();
      c->reused ? send(c) : connect(c);
    }
  }

  void connect(const pointer& c) {
    resolver_.async_resolve(
        base_.host, std::to_string(base_.port.value_or(80)),
        [self = weak_from_this(), c](error_code failed, const tcp::resolver::results_type& found) {
          const auto alive = self.lock();
          if (!alive || alive->closed_) return;
          if (failed) return alive->fail(c, failed);
          c->stream.expires_after(alive->options_.timeout);
          c->stream.async_connect(found, [self, c](error_code e, const tcp::endpoint&) {
            const auto there = self.lock();
            if (!there || there->closed_) return;
            if (e) return there->fail(c, e);
            error_code ignored;
            c->stream.socket().set_option(tcp::no_delay{true}, ignored);
            there->send(c);
          });
        });
  }

  void send(const pointer& c) {
    namespace http = beast::http;
    c->request = {http::verb::get, c->now->target, 11};
    c->request.set(http::field::host, base_.host);
    c->request.set(http::field::accept, "application/json");
    c->request.set(http::field::user_agent, "weir");
    for (const auto& [name, value] : options_.headers) c->request.set(name, value);
    c->parser.emplace();
    c->parser->body_limit(options_.largest_body);
    c->stream.expires_after(options_.timeout);
    http::async_write(c->stream, c->request,
                      [self = weak_from_this(), c](error_code e, std::size_t) {
                        const auto alive = self.lock();
                        if (!alive || alive->closed_) return;
                        if (e) return alive->fail(c, e);
                        alive->receive(c);
                      });
  }

  void receive(const pointer& c) {
    beast::http::async_read(c->stream, c->buffer, *c->parser,
                            [self = weak_from_this(), c](error_code e, std::size_t) {
                              const auto alive = self.lock();
                              if (!alive || alive->closed_) return;
                              if (e) return alive->fail(c, e);
                              alive->answer(c);
                            });
  }

  void answer(const pointer& c) {
    auto got = c->parser->release();
    job ended = *std::exchange(c->now, std::nullopt);
    if (got.keep_alive()) {
      c->stream.expires_never();
      idle_.push_back(c);
    } else {
      drop(c);
    }
    ended.done(response{got.result_int(), std::move(got.body())});
    begin_next();
  }

  void fail(const pointer& c, error_code e) {
    drop(c);
    job ended = *std::exchange(c->now, std::nullopt);
    const bool was_closed = e == beast::http::error::end_of_stream ||
                            e == asio::error::connection_reset || e == asio::error::broken_pipe;
    if (c->reused && was_closed && !ended.tried) {
      ended.tried = true;
      waiting_.push_front(std::move(ended));
    } else {
      ended.done(failure(e == beast::error::timeout ? "it does not answer" : e.message()));
    }
    begin_next();
  }

  void drop(const pointer& c) {
    c->stream.close();
    std::erase(open_, c);
  }

  net::url base_;
  client_options options_;
  asio::io_context& in_;
  tcp::resolver resolver_;
  std::deque<job> waiting_;
  std::vector<pointer> open_;
  std::vector<pointer> idle_;
  bool closed_ = false;
};

client::client(const std::string& base, client_options options, std::shared_ptr<thread_executor> on)
    : executor_(std::move(on)),
      core_(std::make_shared<core>(parse_base(base), std::move(options), executor_->context())) {}

client::~client() {
  if (!core_) return;
  if (executor_->context().get_executor().running_in_this_thread()) {
    core_->close();
    return;
  }
  // Waited for, so that no connection outlives the threads that serve it.
  std::promise<void> closed;
  executor_->post([&] {
    core_->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

void client::get(std::string target, std::function<void(result<response>)> done) {
  executor_->post([core = core_, target = std::move(target), done = std::move(done)]() mutable {
    core->take({std::move(target), std::move(done)});
  });
}

}  // namespace weir::http

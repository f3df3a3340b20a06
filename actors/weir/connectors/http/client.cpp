// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/http/client.hpp"

#include "weir/connectors/net/url.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <algorithm>
#include <deque>
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
  if (parts->scheme != "http" && parts->scheme != "https")
    refuse(errc::invalid_argument,
           "the URL's scheme is '" + parts->scheme + "'; use http:// or https://");
  if (!parts->port) parts->port = parts->scheme == "https" ? 443 : 80;
  return *std::move(parts);
}

/// What certificates are checked with, and which versions are spoken: 1.2 and newer.
asio::ssl::context make_tls(const std::string& authorities) {
  using context = asio::ssl::context;
  context made{context::tls_client};
  made.set_options(context::default_workarounds | context::no_sslv2 | context::no_sslv3 |
                   context::no_tlsv1 | context::no_tlsv1_1);
  made.set_verify_mode(asio::ssl::verify_peer);
  error_code failed;
  if (authorities.empty())
    made.set_default_verify_paths(failed);
  else
    made.load_verify_file(authorities, failed);
  if (failed)
    throw exception({errc::invalid_argument,
                     "http: the certificates of authorities can't be read from " +
                         (authorities.empty() ? "the system" : "'" + authorities + "'") + ": " +
                         failed.message() + "; set tls_authorities to a PEM file"});
  return made;
}

}  // namespace

void require_address(const std::string& base, const client_options& options) {
  if (parse_base(base).scheme == "https") (void)make_tls(options.tls_authorities);
}

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
      : base_(std::move(base)), options_(std::move(options)), in_(in), resolver_(in) {
    if (base_.scheme == "https") tls_.emplace(make_tls(options_.tls_authorities));
  }

  struct job {
    http::request what;
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
    for (const auto& c : open_) c->socket().close();
    open_.clear();
    idle_.clear();
  }

private:
  struct connection {
    connection(asio::io_context& in, std::optional<asio::ssl::context>& tls) {
      if (tls)
        secure.emplace(in, *tls);
      else
        plain.emplace(in);
    }
    [[nodiscard]] beast::tcp_stream& socket() {
      return secure ? beast::get_lowest_layer(*secure) : *plain;
    }
    /// Calls `f` with what is written to and read from.
    template <class F>
    void with_stream(F f) {
      secure ? f(*secure) : f(*plain);
    }

    std::optional<beast::tcp_stream> plain;
    std::optional<beast::ssl_stream<beast::tcp_stream>> secure;
    beast::flat_buffer buffer;
    beast::http::request<beast::http::string_body> request;
    std::optional<beast::http::response_parser<beast::http::string_body>> parser;
    std::optional<job> now;
    bool reused = false;
  };
  using pointer = std::shared_ptr<connection>;

  [[nodiscard]] error failure(const std::string& why) const {
    return {errc::io_failed,
            base_.scheme + "://" + base_.host + ":" + std::to_string(*base_.port) + ": " + why};
  }

  void begin_next() {
    while (!waiting_.empty()) {
      pointer c;
      if (!idle_.empty()) {
        c = std::move(idle_.back());  // the one that was used last is the least likely to be closed
        idle_.pop_back();
        c->reused = true;
      } else if (open_.size() < std::max<std::size_t>(1, options_.connections)) {
        c = open_.emplace_back(std::make_shared<connection>(in_, tls_));
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
        base_.host, std::to_string(*base_.port),
        [self = weak_from_this(), c](error_code failed, const tcp::resolver::results_type& found) {
          const auto alive = self.lock();
          if (!alive || alive->closed_) return;
          if (failed) return alive->fail(c, failed);
          c->socket().expires_after(alive->options_.timeout);
          c->socket().async_connect(found, [self, c](error_code e, const tcp::endpoint&) {
            const auto there = self.lock();
            if (!there || there->closed_) return;
            if (e) return there->fail(c, e);
            error_code ignored;
            c->socket().socket().set_option(tcp::no_delay{true}, ignored);
            c->secure ? there->greet(c) : there->send(c);
          });
        });
  }

  /// Agrees on keys with a server whose certificate is of its host, name or address.
  void greet(const pointer& c) {
    c->secure->set_verify_callback(asio::ssl::host_name_verification{base_.host});
    error_code no_address;
    (void)asio::ip::make_address(base_.host, no_address);
    if (no_address) SSL_set_tlsext_host_name(c->secure->native_handle(), base_.host.c_str());
    c->secure->async_handshake(asio::ssl::stream_base::client,
                               [self = weak_from_this(), c](error_code e) {
                                 const auto alive = self.lock();
                                 if (!alive || alive->closed_) return;
                                 e ? alive->fail(c, e) : alive->send(c);
                               });
  }

  void send(const pointer& c) {
    namespace http = beast::http;
    const weir::http::request& what = c->now->what;
    c->request = {};
    c->request.version(11);
    c->request.method_string(what.method);
    c->request.target(what.target);
    c->request.body() = what.body;
    if (!what.content_type.empty()) c->request.set(http::field::content_type, what.content_type);
    if (what.method != "GET") c->request.prepare_payload();
    c->request.set(http::field::host, base_.host + ":" + std::to_string(*base_.port));
    c->request.set(http::field::accept, "application/json");
    c->request.set(http::field::user_agent, "weir");
    for (const auto& [name, value] : options_.headers) c->request.set(name, value);
    c->parser.emplace();
    c->parser->body_limit(options_.largest_body);
    c->socket().expires_after(options_.timeout);
    c->with_stream([&](auto& stream) {
      http::async_write(stream, c->request,
                        [self = weak_from_this(), c](error_code e, std::size_t) {
                          const auto alive = self.lock();
                          if (!alive || alive->closed_) return;
                          if (e) return alive->fail(c, e);
                          alive->receive(c);
                        });
    });
  }

  void receive(const pointer& c) {
    c->with_stream([&](auto& stream) {
      beast::http::async_read(stream, c->buffer, *c->parser,
                              [self = weak_from_this(), c](error_code e, std::size_t) {
                                const auto alive = self.lock();
                                if (!alive || alive->closed_) return;
                                if (e) return alive->fail(c, e);
                                alive->answer(c);
                              });
    });
  }

  void answer(const pointer& c) {
    auto got = c->parser->release();
    job ended = *std::exchange(c->now, std::nullopt);
    if (got.keep_alive()) {
      c->socket().expires_never();
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
                            e == asio::error::connection_reset || e == asio::error::broken_pipe ||
                            e == asio::ssl::error::stream_truncated;
    if (c->reused && was_closed && !ended.tried && ended.what.method == "GET") {
      ended.tried = true;
      waiting_.push_front(std::move(ended));
    } else {
      ended.done(failure(e == beast::error::timeout ? "it does not answer" : e.message()));
    }
    begin_next();
  }

  void drop(const pointer& c) {
    c->socket().close();
    std::erase(open_, c);
  }

  net::url base_;
  client_options options_;
  asio::io_context& in_;
  std::optional<asio::ssl::context> tls_;  ///< For https.
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
  // Waited for, so that no connection outlives the threads that serve it.
  executor_->call([this] { core_->close(); });
}

void client::send(request what, std::function<void(result<response>)> done) {
  executor_->post([core = core_, what = std::move(what), done = std::move(done)]() mutable {
    core->take({std::move(what), std::move(done)});
  });
}

}  // namespace weir::http

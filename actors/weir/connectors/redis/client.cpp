// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/redis/client.hpp"

#include "weir/connectors/redis/convert_reply.hpp"
#include "weir/connectors/redis/socket_events.hpp"
#include "weir/connectors/redis/tls.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <hiredis/hiredis.h>

#include <deque>

namespace weir::redis {

namespace asio = boost::asio;

/// The connection's life, in the executor's thread: away, opening (TCP, login, database), ready.
class client::core : public std::enable_shared_from_this<core> {
public:
  core(server at, server_options options, asio::io_context& in)
      : at_(std::move(at)),
        options_(std::move(options)),
        in_(in),
        backoff_(options_.reconnect),
        again_(in),
        watch_(in) {}
  ~core() { drop(); }

  using taker = std::function<void(replies, std::uint64_t)>;

  void take(command_list commands, taker done) {
    const std::size_t n = commands.size();
    if (closed_) return done(lost("the connection is closed"), 0);
    if (n == 0) return done(std::vector<reply>{}, connection_);
    if (refused_) return done(*refused_, 0);
    if (away_ && options_.while_away == redis::while_away::fail) return done(*away_, 0);
    waiting_.push_back({std::move(commands), std::move(done), {}});
    if (stage_ == stage::ready) return send_waiting();
    if (stage_ == stage::away && !retrying_) open();
  }

  void close() {
    closed_ = true;
    again_.cancel();
    watch_.cancel();
    drop();
    waiting_.clear();
    under_way_.clear();
  }

private:
  enum class stage { away, opening, ready };

  struct job {
    command_list commands;
    taker done;
    std::vector<reply> got;
  };

  [[nodiscard]] error lost(const std::string& why) const {
    return {errc::io_failed, at_.shown() + ": " + why};
  }

  void open() {
    stage_ = stage::opening;
    context_ = redisAsyncConnect(at_.host.c_str(), at_.port);
    if (context_ == nullptr) return gone("out of memory");
    if (context_->err != 0) return gone(context_->errstr);
    if (at_.tls)
      if (const std::string why = begin_tls(&context_->c, at_, options_); !why.empty())
        return gone(why);
    context_->data = this;
    socket_events::attach(in_, context_);
    redisAsyncSetDisconnectCallback(context_, [](const redisAsyncContext* c, int status) {
      // It is freed behind this call, and not by us.
      auto* self = static_cast<core*>(c->data);
      if (self == nullptr) return;
      self->context_ = nullptr;
      self->gone(status == REDIS_OK ? "the server closed the connection" : c->errstr);
    });
    redisAsyncSetConnectCallback(context_, [](const redisAsyncContext* c, int status) {
      auto* self = static_cast<core*>(c->data);
      if (self == nullptr || status == REDIS_OK) return;
      self->context_ = nullptr;
      self->gone(c->errstr);
    });
    watch(options_.connect_timeout, "it takes no connection");
    log_in();
  }

  /// Sends what goes before the first command; hiredis keeps it until the socket is open.
  void log_in() {
    command_list first;
    if (!at_.user.empty())
      first.add("AUTH", at_.user, at_.password);
    else if (!at_.password.empty())
      first.add("AUTH", at_.password);
    if (at_.database != 0) first.add("SELECT", at_.database);
    first.add("PING");
    logins_ = first.size();
    for (std::size_t i = 0; i < first.size() && context_ != nullptr; ++i)
      write(first[i], [](redisAsyncContext*, void* answer, void* to) {
        static_cast<core*>(to)->on_login(static_cast<redisReply*>(answer));
      });
  }

  void on_login(redisReply* answer) {
    if (answer == nullptr || stage_ != stage::opening) return;
    if (answer->type == REDIS_REPLY_ERROR) {
      const std::string why{answer->str, answer->len};
      if (is_busy(why) || !is_refusal(why)) return gone(why);
      return refuse(explain(at_.shown(), why));
    }
    if (--logins_ != 0) return;
    stage_ = stage::ready;
    ++connection_;
    watch_.cancel();
    if (away_) options_.log(at_.shown() + ": the server is back");
    away_.reset();
    backoff_.reset();
    send_waiting();
  }

  void send_waiting() {
    while (!waiting_.empty() && stage_ == stage::ready) {
      if (under_way_.empty()) watch(options_.timeout, "it does not answer");
      under_way_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
      job& j = under_way_.back();
      for (std::size_t i = 0; i < j.commands.size() && context_ != nullptr; ++i)
        write(j.commands[i], [](redisAsyncContext*, void* answer, void* to) {
          static_cast<core*>(to)->on_reply(static_cast<redisReply*>(answer));
        });
    }
  }

  void write(std::string_view command, redisCallbackFn* then) {
    redisAsyncFormattedCommand(context_, then, this, command.data(), command.size());
  }

  void on_reply(redisReply* answer) {
    if (answer == nullptr || stage_ != stage::ready || under_way_.empty()) return;
    if (answer->type == REDIS_REPLY_ERROR) {
      const std::string why{answer->str, answer->len};
      if (is_busy(why)) return gone(why);
    }
    job& j = under_way_.front();
    j.got.push_back(convert(*answer));
    if (j.got.size() < j.commands.size()) return;
    job ended = std::move(j);
    under_way_.pop_front();
    if (under_way_.empty())
      watch_.cancel();
    else
      watch(options_.timeout, "it does not answer");
    ended.done(std::move(ended.got), connection_);
  }

  /// Gives the connection up if nothing has moved on after `d`.
  void watch(duration d, const char* why) {
    watch_.expires_after(d);
    watch_.async_wait([self = weak_from_this(), why](const auto& stopped) {
      if (stopped) return;
      if (const auto alive = self.lock()) alive->gone(why);
    });
  }

  /// Ends what there is of a connection, without calling back. Within a callback of hiredis it is
  /// freed behind that.
  void drop() {
    if (context_ == nullptr) return;
    redisAsyncContext* old = std::exchange(context_, nullptr);
    old->data = nullptr;
    redisAsyncFree(old);
  }

  /// The connection is lost: what was under way is sent again on the next one, or fails.
  void gone(const std::string& why) {
    if (stage_ == stage::away || closed_) return;
    stage_ = stage::away;
    drop();
    watch_.cancel();
    if (!away_) options_.log(at_.shown() + ": the server is away: " + why);
    away_ = lost(why);
    for (; !under_way_.empty(); under_way_.pop_back()) {
      under_way_.back().got.clear();
      waiting_.push_front(std::move(under_way_.back()));
    }
    if (options_.while_away == redis::while_away::fail) fail_all(*away_);
    retrying_ = true;
    again_.expires_after(backoff_.next());
    again_.async_wait([self = weak_from_this()](const auto& stopped) {
      const auto alive = self.lock();
      if (stopped || !alive || alive->closed_) return;
      alive->retrying_ = false;
      alive->open();
    });
  }

  /// The server doesn't let us in, and another time won't help: all that is asked fails.
  void refuse(error why) {
    stage_ = stage::away;
    drop();
    watch_.cancel();
    options_.log(why.message);
    refused_ = std::move(why);
    fail_all(*refused_);
  }

  void fail_all(const error& why) {
    std::deque<job> all = std::exchange(waiting_, {});
    for (job& j : all) j.done(why, 0);
  }

  server at_;
  server_options options_;
  asio::io_context& in_;
  net::backoff backoff_;
  asio::steady_timer again_;
  asio::steady_timer watch_;
  redisAsyncContext* context_ = nullptr;
  stage stage_ = stage::away;
  bool retrying_ = false;
  bool closed_ = false;
  std::uint64_t connection_ = 0;  ///< How many there have been.
  std::size_t logins_ = 0;        ///< Replies that come before the connection is ready.
  std::optional<error> away_;
  std::optional<error> refused_;
  std::deque<job> waiting_;
  std::deque<job> under_way_;  ///< In the order in which replies come.
};

client::client(server at, server_options options, std::shared_ptr<thread_executor> on)
    : executor_(std::move(on)),
      core_(std::make_shared<core>(std::move(at), std::move(options), executor_->context())) {}

client::~client() {
  if (!core_) return;
  // Waited for, so that no connection outlives the threads that serve it.
  executor_->call([this] { core_->close(); });
}

void client::send(command_list commands, std::function<void(replies)> done) {
  send_noted(std::move(commands),
             [done = std::move(done)](replies got, std::uint64_t) { done(std::move(got)); });
}

void client::send_noted(command_list commands, std::function<void(replies, std::uint64_t)> done) {
  executor_->post([core = core_, commands = std::move(commands), done = std::move(done)]() mutable {
    core->take(std::move(commands), std::move(done));
  });
}

}  // namespace weir::redis

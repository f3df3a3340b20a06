// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/redis/pipe.hpp"

#include "weir/connectors/redis/convert_reply.hpp"
#include "weir/connectors/redis/tls.hpp"

#include <hiredis/hiredis.h>

#include <utility>

namespace weir::redis {

namespace {

timeval as_timeval(duration d) {
  timeval t{};
  t.tv_sec = static_cast<time_t>(d.count() / 1'000'000);
  t.tv_usec = static_cast<suseconds_t>(d.count() % 1'000'000);
  return t;
}

command_list login_of(const server& at) {
  command_list first;
  if (!at.user.empty())
    first.add("AUTH", at.user, at.password);
  else if (!at.password.empty())
    first.add("AUTH", at.password);
  if (at.database != 0) first.add("SELECT", at.database);
  first.add("PING");
  return first;
}

}  // namespace

struct pipe::connection {
  explicit connection(redisContext* of) : context(of) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    if (context != nullptr) redisFree(context);
  }

  /// The replies, or none if the connection broke.
  std::optional<std::vector<reply>> run(const command_list& commands) {
    redisAppendFormattedCommand(context, commands.text().data(), commands.text().size());
    std::vector<reply> all;
    all.reserve(commands.size());
    while (all.size() < commands.size()) {
      void* got = nullptr;
      if (redisGetReply(context, &got) != REDIS_OK || got == nullptr) return {};
      all.push_back(convert(*static_cast<redisReply*>(got)));
      freeReplyObject(got);
    }
    return all;
  }

  redisContext* context;
};

pipe::pipe(server at, server_options options)
    : at_(std::move(at)), options_(std::move(options)), backoff_(options_.reconnect) {}
pipe::pipe(pipe&&) noexcept = default;
pipe& pipe::operator=(pipe&&) noexcept = default;
pipe::~pipe() = default;

bool pipe::backing_off() const {
  return !connection_ && away_ && std::chrono::steady_clock::now() < again_;
}

error pipe::lost(const std::string& why) {
  connection_.reset();
  if (!away_) options_.log(at_.shown() + ": the server is away: " + why);
  away_ = error{errc::io_failed, at_.shown() + ": " + why};
  again_ = std::chrono::steady_clock::now() + backoff_.next();
  return *away_;
}

result<void> pipe::open() {
  if (connection_) return {};
  if (backing_off()) return *away_;
  if (auto opened = connect(); !opened) return opened;
  if (away_) options_.log(at_.shown() + ": the server is back");
  away_.reset();
  backoff_.reset();
  return {};
}

result<void> pipe::connect() {
  auto made = std::make_unique<connection>(
      redisConnectWithTimeout(at_.host.c_str(), at_.port, as_timeval(options_.connect_timeout)));
  if (made->context == nullptr) return lost("out of memory");
  if (made->context->err != 0) return lost(made->context->errstr);
  redisSetTimeout(made->context, as_timeval(options_.timeout));
  if (at_.tls)
    if (const std::string why = begin_tls(made->context, at_, options_); !why.empty())
      return lost(why);
  const auto greeted = made->run(login_of(at_));
  if (!greeted) return lost(made->context->errstr);
  for (const reply& r : *greeted) {
    if (!r.failed()) continue;
    if (is_busy(r.text) || !is_refusal(r.text)) return lost(r.text);
    return explain(at_.shown(), r.text);
  }
  connection_ = std::move(made);
  return {};
}

result<std::vector<reply>> pipe::run(const command_list& commands) {
  if (auto opened = open(); !opened) return opened.error();
  auto got = connection_->run(commands);
  if (!got) return lost(connection_->context->errstr);
  for (const reply& r : *got)
    if (r.failed() && is_busy(r.text)) return lost(r.text);
  return std::move(*got);
}

result<void> reach(const server& at, const server_options& options) {
  server_options quiet = options;
  quiet.log = [](const std::string&) {};
  pipe trial{at, quiet};
  if (auto opened = trial.open(); !opened) {
    if (opened.error().code != errc::io_failed) return opened;
    if (!options.must_be_there) return {};
    return error{errc::io_failed, opened.error().message +
                                      "; start the server, check the URL, or set must_be_there = "
                                      "false to wait for it"};
  }
  command_list ask;
  ask.add("INFO", "cluster");
  const auto told = trial.run(ask);
  if (told && told->front().text.find("cluster_enabled:1") != std::string::npos)
    return explain(at.shown(), "CLUSTERDOWN cluster_enabled:1");
  return {};
}

}  // namespace weir::redis

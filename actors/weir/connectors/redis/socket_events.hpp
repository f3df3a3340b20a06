// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <hiredis/async.h>

#include <memory>

namespace weir::redis {

/// Lets hiredis wait for its socket on Boost.Asio. For one thread; lives until hiredis is done with
/// its context, and the waits under way have ended.
class socket_events : public std::enable_shared_from_this<socket_events> {
public:
  socket_events(boost::asio::io_context& in, redisAsyncContext* of)
      : socket_(in, of->c.fd), context_(of) {}

  /// Hands itself to hiredis.
  static void attach(boost::asio::io_context& in, redisAsyncContext* to) {
    auto made = std::make_shared<socket_events>(in, to);
    to->ev.data = new std::shared_ptr<socket_events>(made);
    to->ev.addRead = [](void* p) { of(p).want(of(p).reading_, wait::wait_read); };
    to->ev.delRead = [](void* p) { of(p).reading_.wanted = false; };
    to->ev.addWrite = [](void* p) { of(p).want(of(p).writing_, wait::wait_write); };
    to->ev.delWrite = [](void* p) { of(p).writing_.wanted = false; };
    to->ev.cleanup = [](void* p) {
      of(p).close();
      delete static_cast<std::shared_ptr<socket_events>*>(p);
    };
  }

private:
  using wait = boost::asio::posix::stream_descriptor;

  struct direction {
    bool wanted = false;
    bool under_way = false;
  };

  static socket_events& of(void* p) { return **static_cast<std::shared_ptr<socket_events>*>(p); }

  void want(direction& d, wait::wait_type what) {
    d.wanted = true;
    if (d.under_way || context_ == nullptr) return;
    d.under_way = true;
    socket_.async_wait(what, [self = shared_from_this(), &d, what](const auto& failed) {
      d.under_way = false;
      if (failed || self->context_ == nullptr || !d.wanted) return;
      what == wait::wait_read ? redisAsyncHandleRead(self->context_)
                              : redisAsyncHandleWrite(self->context_);
      if (self->context_ != nullptr && d.wanted) self->want(d, what);
    });
  }
  /// The socket is hiredis's, which closes it.
  void close() {
    context_ = nullptr;
    socket_.release();
  }

  wait socket_;
  redisAsyncContext* context_;
  direction reading_, writing_;
};

}  // namespace weir::redis

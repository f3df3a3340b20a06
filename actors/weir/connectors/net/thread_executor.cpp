// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/net/thread_executor.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <future>
#include <thread>
#include <vector>

namespace weir {

namespace asio = boost::asio;

struct thread_executor::inside {
  explicit inside(std::uint32_t n) : context(static_cast<int>(n)), work(context.get_executor()) {}

  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::vector<std::thread> threads;
};

thread_executor::thread_executor(std::uint32_t threads)
    : inside_(std::make_shared<inside>(std::max(1U, threads))) {
  for (std::uint32_t i = 0; i < std::max(1U, threads); ++i)
    inside_->threads.emplace_back([in = inside_] { in->context.run(); });
}

thread_executor::~thread_executor() {
  inside_->context.stop();
  for (std::thread& t : inside_->threads)
    if (t.get_id() == std::this_thread::get_id())
      t.detach();  // it holds what it still needs
    else
      t.join();
}

void thread_executor::post(std::function<void()> f) { asio::post(inside_->context, std::move(f)); }

void thread_executor::post_after(duration d, std::function<void()> f) {
  auto timer = std::make_shared<asio::steady_timer>(inside_->context, d);
  timer->async_wait([timer, f = std::move(f)](const boost::system::error_code& e) {
    if (!e) f();
  });
}

void thread_executor::call(const std::function<void()>& f) {
  if (inside_->context.get_executor().running_in_this_thread()) return f();
  std::promise<void> returned;
  post([&] {
    f();
    returned.set_value();
  });
  returned.get_future().wait();
}

asio::io_context& thread_executor::context() noexcept { return inside_->context; }

}  // namespace weir

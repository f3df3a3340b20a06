// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/core/result.hpp"

#include <atomic>
#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

namespace weir {

/// A coroutine that comes to one value of `R`, or throws. Begins when it is awaited or started;
/// runs on in whatever thread calls back what it awaits. Must be destroyed before it was begun or
/// after it has ended, which `start` and `co_await` see to.
template <class R>
class [[nodiscard]] task {
public:
  using value_type = R;

  struct promise_type {
    std::variant<std::monostate, R, std::exception_ptr> outcome;
    std::coroutine_handle<> continuation = std::noop_coroutine();

    task get_return_object() {
      return task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct resume_awaiting {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> of) noexcept {
          return of.promise().continuation;
        }
        void await_resume() noexcept {}
      };
      return resume_awaiting{};
    }
    template <class V>
    requires std::convertible_to<V, R>
    void return_value(V&& value) { outcome.template emplace<1>(std::forward<V>(value)); }
    void unhandled_exception() { outcome.template emplace<2>(std::current_exception()); }
  };

  task(task&& other) noexcept : of_(std::exchange(other.of_, {})) {}
  task& operator=(task&& other) noexcept {
    std::swap(of_, other.of_);
    return *this;
  }
  ~task() {
    if (of_) of_.destroy();
  }

  auto operator co_await() && noexcept {
    struct awaiter {
      std::coroutine_handle<promise_type> of;
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        of.promise().continuation = awaiting;
        return of;
      }
      R await_resume() {
        auto& outcome = of.promise().outcome;
        if (outcome.index() == 2) std::rethrow_exception(std::get<2>(outcome));
        return std::move(std::get<1>(outcome));
      }
    };
    return awaiter{of_};
  }

private:
  explicit task(std::coroutine_handle<promise_type> of) : of_(of) {}

  std::coroutine_handle<promise_type> of_;
};

namespace detail {

struct detached_task {
  struct promise_type {
    detached_task get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

template <class R, class Done>
detached_task run_detached(task<R> of, Done done) {
  std::optional<result<R>> got;
  try {
    got.emplace(co_await std::move(of));
  } catch (const exception& e) {
    got.emplace(e.why());
  } catch (const std::exception& e) {
    got.emplace(error{errc::stage_failed, e.what()});
  } catch (...) {
    got.emplace(error{errc::stage_failed, "an exception that is no std::exception"});
  }
  done(std::move(*got));
}

}  // namespace detail

/// Begins a task in this thread, and calls `done(result<R>)` at its end, in the thread where that
/// is. `done` must not throw.
template <class R, class Done>
void start(task<R> of, Done done) {
  detail::run_detached(std::move(of), std::move(done));
}

/// For `co_await async<T>(begin)`: calls `begin(done)`, and goes on with the value that something
/// calls `done` with, once, at any time and from any thread, in that thread.
template <class T, class Begin>
class [[nodiscard]] async_awaiter {
public:
  explicit async_awaiter(Begin begin) : begin_(std::move(begin)) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    begin_([this, awaiting](T value) {
      value_.emplace(std::move(value));
      if (state_.exchange(called, std::memory_order_acq_rel) == suspended) awaiting.resume();
    });
    // Called back already: goes on at once, for whoever called is still within `begin`.
    return state_.exchange(suspended, std::memory_order_acq_rel) != called;
  }
  T await_resume() { return std::move(*value_); }

private:
  enum : int { beginning, suspended, called };

  Begin begin_;
  std::optional<T> value_;
  std::atomic<int> state_ = beginning;
};

template <class T, class Begin>
[[nodiscard]] async_awaiter<T, Begin> async(Begin begin) {
  return async_awaiter<T, Begin>{std::move(begin)};
}

}  // namespace weir

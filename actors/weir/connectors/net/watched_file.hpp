// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/net/log.hpp"
#include "weir/connectors/net/shared_executor.hpp"
#include "weir/core/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace weir::net {

/// What tells one content of a file from another without reading it.
struct file_stamp {
  std::int64_t modified = 0;  ///< Nanoseconds since 1970.
  std::int64_t size = -1;     ///< -1: there is no such file.
  std::uint64_t inode = 0;

  static file_stamp of(const std::string& path);
  friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

/// What was loaded from a file, and is loaded anew when that changes: looked at every so often, in
/// a thread of its own. A content that can't be loaded leaves the old one in place, and is told in
/// one line. Copies share; safe to call from any thread.
template <class T>
class watched_file {
public:
  using loader = std::function<result<T>(const std::string& path)>;

  watched_file(std::string path, loader load, duration check_every, log_function log)
      : held_(std::make_shared<held>(std::move(path), std::move(load), check_every,
                                     std::move(log))) {}

  /// Loads the file if that hasn't been done, and begins to watch it.
  result<std::shared_ptr<const T>> open() const {
    const std::lock_guard lock{held_->mutex};
    if (held_->content) return held_->content;
    held_->stamp = file_stamp::of(held_->path);
    auto loaded = held_->load(held_->path);
    if (!loaded) return loaded.error();
    held_->content = std::make_shared<const T>(*std::move(loaded));
    held_->executor = executor_.get();
    watch(*held_->executor, held_);
    return held_->content;
  }
  /// @pre `open` has succeeded
  [[nodiscard]] std::shared_ptr<const T> current() const {
    const std::lock_guard lock{held_->mutex};
    return held_->content;
  }
  [[nodiscard]] const std::string& path() const noexcept { return held_->path; }

private:
  struct held {
    held(std::string p, loader l, duration e, log_function g)
        : path(std::move(p)), load(std::move(l)), check_every(e), log(std::move(g)) {}

    const std::string path;
    const loader load;
    const duration check_every;
    const log_function log;
    std::mutex mutex;  // readers are stages' threads, the writer is the executor's
    std::shared_ptr<const T> content;
    file_stamp stamp;
    std::shared_ptr<thread_executor> executor;  ///< Ends with the last copy.
  };

  static void watch(thread_executor& on, const std::shared_ptr<held>& of) {
    if (of->check_every <= duration{0}) return;
    on.post_after(of->check_every, [&on, weak = std::weak_ptr{of}] {
      const auto alive = weak.lock();
      if (!alive) return;
      look(*alive);
      watch(on, alive);
    });
  }
  static void look(held& of) {
    const file_stamp now = file_stamp::of(of.path);
    if (now == of.stamp) return;
    of.stamp = now;
    auto loaded = of.load(of.path);
    if (!loaded)
      return of.log(loaded.error().message + "; going on with what the file held before");
    auto content = std::make_shared<const T>(*std::move(loaded));
    const std::lock_guard lock{of.mutex};
    std::swap(of.content, content);
  }

  shared_executor executor_;
  std::shared_ptr<held> held_;
};

}  // namespace weir::net

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"

#include <cstdint>
#include <numeric>

namespace weir {

/// Windows of every `n` events of a key, in the order of their arrival. They need no event time.
class tumbling_count {
public:
  /// Throws `weir::exception` if `n` is 0.
  explicit tumbling_count(std::uint64_t n) : n_(n) {
    if (n == 0)
      throw exception(
          {errc::invalid_argument, "tumbling_count(): a window needs at least 1 event"});
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return n_; }
  [[nodiscard]] std::uint64_t every() const noexcept { return n_; }

private:
  std::uint64_t n_;
};

/// The last `n` events of a key, at every `every`th of them; the first windows hold fewer.
class sliding_count {
public:
  /// Throws `weir::exception` if either is 0, or `every` is more than `n`.
  explicit sliding_count(std::uint64_t n, std::uint64_t every = 1) : n_(n), every_(every) {
    if (n == 0 || every == 0 || every > n)
      throw exception({errc::invalid_argument,
                       "sliding_count(): a window needs at least 1 event, and a result at least "
                       "every n events"});
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return n_; }
  [[nodiscard]] std::uint64_t every() const noexcept { return every_; }

private:
  std::uint64_t n_;
  std::uint64_t every_;
};

}  // namespace weir

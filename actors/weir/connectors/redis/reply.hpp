// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::redis {

/// What a server answers to a command.
struct reply {
  enum class kind : std::uint8_t { none, text, number, list, failure };

  kind what = kind::none;
  std::string text;  ///< Also a failure's.
  std::int64_t number = 0;
  std::vector<reply> items;

  [[nodiscard]] bool failed() const noexcept { return what == kind::failure; }
};

/// Says in one line what a failure that a server answered means for the user.
[[nodiscard]] error explain(const std::string& server, const std::string& failure);
/// Whether a server that answers so can't work for a while: it is loading its data, say.
[[nodiscard]] bool is_busy(const std::string& failure) noexcept;
/// Whether it refuses the user, the password or the database.
[[nodiscard]] bool is_refusal(const std::string& failure) noexcept;

}  // namespace weir::redis

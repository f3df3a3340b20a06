// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

/// The parts of `scheme://[user[:password]@]host[:port][/path]`; user and password are decoded.
struct url {
  std::string scheme;
  std::string user;
  std::string password;
  std::string host;
  std::optional<std::uint16_t> port;
  std::string path;  ///< From the first slash on; empty without one.

  /// Errors never quote the text, which may hold a password.
  [[nodiscard]] static result<url> parse(std::string_view text);
};

}  // namespace weir::net

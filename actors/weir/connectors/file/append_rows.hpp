// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"

#include <cstdint>
#include <string>

namespace weir::file {

/// Appends the lines of file `from` to `to`, behind its first `base` bytes, in writes of whole
/// lines (of up to a mebibyte), and makes them durable. What `to` holds behind `base` is replaced:
/// it is what an interrupted call has left.
[[nodiscard]] result<void> append_rows(const std::string& from, const std::string& to,
                                       std::uint64_t base);

}  // namespace weir::file

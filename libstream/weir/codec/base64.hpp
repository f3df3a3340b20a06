// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"

#include <span>
#include <string>
#include <string_view>

namespace weir {

/// Appends `data` in base64 (RFC 4648, standard alphabet, padded).
void write_base64(std::span<const std::byte> data, std::string& out);

/// Replaces `out` by the bytes that `text` names. Answers false if it is not padded base64 in the
/// standard alphabet, or holds bits beyond its last byte; `out` is then unspecified.
[[nodiscard]] bool read_base64(std::string_view text, bytes& out);

}  // namespace weir

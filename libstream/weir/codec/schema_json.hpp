// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/schema_tree.hpp"
#include "weir/core/bytes.hpp"

#include <string>

namespace weir {

/// Reads one value in the binary form of `type`, and appends it as JSON, for programs that don't
/// have the type itself. As `write_json` writes it, and besides: an alternative of a variant is
/// `{"alternative":1,"value":…}`, and a map whose keys are no texts a list of pairs. Time points
/// are taken for those of the system clock. False if the bytes hold no such value, or for a type
/// with a codec of its own, whose length only that knows; then a part may have been appended.
[[nodiscard]] bool append_json(const schema& type, byte_reader& in, std::string& out);

}  // namespace weir

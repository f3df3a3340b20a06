// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/file_options.hpp"
#include "weir/source/source.hpp"

#include <memory>
#include <string>

namespace weir::file {

/// Finds the files that `files` means, a split each, sorted by name.
[[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator(std::string pattern,
                                                                 file_options options);

}  // namespace weir::file

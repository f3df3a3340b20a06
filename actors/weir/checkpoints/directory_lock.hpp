// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/posix/descriptor.hpp"

#include <string>

namespace weir::checkpoints {

/// Keeps other processes, and other runs of this one, from using a directory while it lives. The
/// operating system lets go of it when the process ends, however it ends.
class directory_lock {
public:
  /// Takes `<directory>/lock`. The error names the process that has it.
  [[nodiscard]] static result<directory_lock> take(const std::string& directory);

private:
  explicit directory_lock(posix::descriptor file) : file_(std::move(file)) {}

  posix::descriptor file_;
};

}  // namespace weir::checkpoints

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace weir::kafka {

/// A password or a key. It has no printed form, and no error, log line or graph of this library
/// holds it. What the environment or a file holds is read when a connection is made.
class secret {
public:
  secret() = default;
  /// For those who have it from elsewhere. Don't write secrets in source code.
  [[nodiscard]] static secret of(std::string value) { return {kind::value, std::move(value)}; }
  /// The value of an environment variable.
  [[nodiscard]] static secret from_environment(std::string name) {
    return {kind::environment, std::move(name)};
  }
  /// The contents of a file, without a line end behind them.
  [[nodiscard]] static secret from_file(std::string path) { return {kind::file, std::move(path)}; }

  [[nodiscard]] bool empty() const noexcept { return kind_ == kind::none; }
  /// Throws `weir::exception` that names the variable or file if it is not there.
  [[nodiscard]] std::string reveal() const;

private:
  enum class kind : unsigned char { none, value, environment, file };
  secret(kind k, std::string text) : kind_(k), text_(std::move(text)) {}

  kind kind_ = kind::none;
  std::string text_;
};

}  // namespace weir::kafka

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/core/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// An argument that a program takes besides those that every program has.
struct option {
  std::string name;  ///< Without dashes: "out-of-orderness".
  std::string default_value;
  std::string help;
};

/// The values of a program's arguments. A flag wins over the environment, that over the
/// configuration file, and that over the default. Asking for a value that is missing or not of the
/// form throws `weir::exception`, which `weir::main` turns into one line and exit code 2.
class args {
public:
  args() = default;
  explicit args(std::map<std::string, std::string, std::less<>> values)
      : values_(std::move(values)) {}

  [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }
  /// The value as text.
  [[nodiscard]] const std::string& operator[](std::string_view name) const;
  /// A number, not negative.
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] std::uint64_t count(std::string_view name) const;
  /// A duration, like "250ms", "5s", "10min", "12h", "1d".
  [[nodiscard]] duration time(std::string_view name) const;
  /// An instant in RFC 3339, like "2013-03-01T00:00:00Z"; seconds may be left out, and a date alone
  /// is midnight UTC.
  [[nodiscard]] timestamp instant(std::string_view name) const;
  /// A size, like "65536", "512MiB", "2GiB", "1.5GB".
  [[nodiscard]] std::uint64_t bytes(std::string_view name) const;
  /// Offsets by split, like "flights.csv=2048" or "orders/0=17,orders/1=90".
  [[nodiscard]] std::map<std::string, std::uint64_t, std::less<>> offsets(
      std::string_view name) const;
  /// "true", "false", "yes", "no", "1", "0".
  [[nodiscard]] bool flag(std::string_view name) const;

private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// Reads a duration: a number, then us, ms, s, min, h or d. Fractions are allowed: "1.5h".
result<duration> parse_duration(std::string_view text);

/// Reads a size: a number, then kB, MB, GB, KiB, MiB, GiB or nothing. Fractions are allowed.
result<std::uint64_t> parse_bytes(std::string_view text);

/// Reads a JSON object of texts, numbers and booleans, as a configuration file holds it.
result<std::map<std::string, std::string, std::less<>>> read_config(const std::string& path);

}  // namespace weir

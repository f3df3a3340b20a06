// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"

#include <cstdint>
#include <vector>

namespace weir {

/// Estimates how many different hashes it was given, in 2^precision bytes at most. HyperLogLog
/// (Flajolet, Fusy, Gandouet and Meunier, 2007): the hash's first bits choose a register, which
/// keeps the highest position of a first 1 among the others. The standard error is about 1.04 /
/// sqrt(2^precision). The count is read by the estimator of Ertl (New cardinality estimation
/// algorithms for HyperLogLog sketches, 2017, algorithm 6), which needs no tables and is good for
/// small counts, too.
///
/// Few values are kept as a sorted list of the registers that are not 0; it holds the same as the
/// registers would, so that the estimate does not depend on the form. What was given in which order
/// and in how many merged parts makes no difference at all.
class hyperloglog {
public:
  static constexpr unsigned least_precision = 4;
  static constexpr unsigned most_precision = 18;

  hyperloglog() = default;
  /// Throws `weir::exception` if the precision is not between 4 and 18.
  explicit hyperloglog(unsigned precision);

  /// Takes a hash of 64 good bits. Constant time, but logarithmic in the short list's length while
  /// values are few. @pre made with a precision
  void add(std::uint64_t hash);
  /// Throws `weir::exception` if the other has another precision; one without has no values.
  void merge(const hyperloglog& other);

  [[nodiscard]] double estimate() const;
  [[nodiscard]] unsigned precision() const noexcept { return precision_; }
  [[nodiscard]] bool is_short() const noexcept { return registers_.empty(); }

  friend bool operator==(const hyperloglog&, const hyperloglog&) = default;

private:
  friend struct codec<hyperloglog>;

  /// A register's number and its value, in one integer that sorts by the number.
  using entry = std::uint32_t;
  static constexpr unsigned value_bits = 6;

  [[nodiscard]] std::size_t size() const noexcept { return std::size_t{1} << precision_; }
  /// A list of more takes more memory than half the registers.
  [[nodiscard]] std::size_t most_entries() const noexcept { return size() / (2 * sizeof(entry)); }
  void raise(entry e);
  void become_long();

  std::uint8_t precision_ = 0;
  std::vector<entry> list_;
  std::vector<std::uint8_t> registers_;
};

template <>
struct codec<hyperloglog> {
  static void encode(const hyperloglog& x, bytes& out);
  static bool decode(byte_reader& in, hyperloglog& x);
  static std::size_t dynamic_size(const hyperloglog& x);
  static schema describe();
};

}  // namespace weir

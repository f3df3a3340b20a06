// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace weir {

using bytes = std::vector<std::byte>;

/// Reads a span of bytes from front to back and never past its end.
class byte_reader {
public:
  explicit byte_reader(std::span<const std::byte> data) noexcept : data_(data) {}

  [[nodiscard]] std::size_t remaining() const noexcept { return data_.size(); }

  /// Copies the next `n` bytes to `to`; answers false and reads nothing if fewer are left.
  [[nodiscard]] bool read(void* to, std::size_t n) noexcept {
    if (n > data_.size()) return false;
    if (n != 0) std::memcpy(to, data_.data(), n);
    data_ = data_.subspan(n);
    return true;
  }

  /// Gives the next `n` bytes without copying; they live as long as the data behind the reader.
  [[nodiscard]] bool view(std::size_t n, std::span<const std::byte>& out) noexcept {
    if (n > data_.size()) return false;
    out = data_.first(n);
    data_ = data_.subspan(n);
    return true;
  }

private:
  std::span<const std::byte> data_;
};

inline void append(bytes& out, const void* from, std::size_t n) {
  const auto* p = static_cast<const std::byte*>(from);
  out.insert(out.end(), p, p + n);
}

inline std::string_view as_text(std::span<const std::byte> data) noexcept {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span{text.data(), text.size()});
}

}  // namespace weir

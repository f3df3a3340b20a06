// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weir {

/// Text in an event that is moved as plain memory: it points to characters that are never freed.
/// 16 bytes, trivially copyable; a copy and a piece of it cost nothing, and events that hold it are
/// still plain, so that batches of them are written and read without a look at each. For texts that
/// repeat, as names and kinds do, and for those that a program keeps for good. Anything else is a
/// std::string.
///
/// Everywhere but in memory it is what a std::string with the same characters is: in JSON, CSV,
/// binary form, as a key, in saved state. Reading one from these puts its characters into the pool
/// of the process (`text_pool`), once for each different text.
class text_ref {
public:
  constexpr text_ref() noexcept = default;
  /// A literal's characters.
  template <std::size_t N>
  consteval text_ref(const char (&literal)[N]) noexcept : text_ref(literal, N - 1) {}

  /// Refers to characters that outlive every use of it: those of an array that is never freed, say.
  [[nodiscard]] static constexpr text_ref to_lasting(std::string_view characters) noexcept {
    return {characters.data(), static_cast<std::uint32_t>(characters.size())};
  }

  /// Refers to the pool's copy of `characters`. Throws `exception` with errc::invalid_argument if
  /// the pool is full.
  text_ref& assign(std::string_view characters);
  /// As above; false if the pool is full.
  [[nodiscard]] bool try_assign(std::string_view characters);

  [[nodiscard]] constexpr const char* data() const noexcept { return data_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {data_, size_}; }
  constexpr operator std::string_view() const noexcept { return view(); }

  /// The characters from `from` on, at most `count`; empty if there are none.
  [[nodiscard]] constexpr text_ref substr(
      std::size_t from, std::size_t count = std::string_view::npos) const noexcept {
    return from >= size_ ? text_ref{} : to_lasting(view().substr(from, count));
  }

  friend constexpr bool operator==(const text_ref& a, const text_ref& b) noexcept {
    return a.view() == b.view();
  }
  friend constexpr std::strong_ordering operator<=>(const text_ref& a, const text_ref& b) noexcept {
    return a.view() <=> b.view();
  }

private:
  constexpr text_ref(const char* data, std::uint32_t size) noexcept : data_(data), size_(size) {}

  const char* data_ = "";
  std::uint32_t size_ = 0;
};

/// Where texts live that `text_ref`s were made of by reading: one for the process, since events go
/// from thread to thread, and for good, since nobody counts the references. Safe to call from any
/// thread; a mutex for each of 16 parts, because decoding runs in many threads and a look-up can't
/// wait for a message.
namespace text_pool {

/// Returns the pool's copy of `characters`, made if there was none; one look-up. Empty if it has no
/// room.
[[nodiscard]] const char* find_or_add(std::string_view characters);

/// Bytes of characters that it holds.
[[nodiscard]] std::size_t size() noexcept;
/// How many bytes it may hold, 1 GiB unless set. A text that does not fit is refused: what holds it
/// can't be decoded.
[[nodiscard]] std::size_t limit() noexcept;
void set_limit(std::size_t most) noexcept;

}  // namespace text_pool

}  // namespace weir

template <>
struct std::hash<weir::text_ref> {
  std::size_t operator()(const weir::text_ref& x) const noexcept {
    return std::hash<std::string_view>{}(x.view());
  }
};

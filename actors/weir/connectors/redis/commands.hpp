// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir::redis {

/// Commands in the form they are sent in (RESP, https://redis.io/docs/reference/protocol-spec), one
/// behind the other. The memory is reused.
class command_list {
public:
  /// Adds a command of texts and whole numbers.
  template <class... Args>
  void add(const Args&... args) {
    begin(sizeof...(Args));
    (argument(args), ...);
  }
  /// Begins a command of `n` arguments, its name among them; that many `argument` must follow.
  void begin(std::size_t n) {
    starts_.push_back(text_.size());
    head('*', n);
  }
  void argument(std::string_view text) {
    head('$', text.size());
    text_ += text;
    text_ += "\r\n";
  }
  template <class N>
  requires std::is_integral_v<N>
  void argument(N number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number);
    argument(std::string_view{digits, static_cast<std::size_t>(end.ptr - digits)});
  }

  /// Takes back all commands but the first `n`.
  void truncate(std::size_t n) {
    if (n >= starts_.size()) return;
    text_.resize(starts_[n]);
    starts_.resize(n);
  }
  void clear() noexcept {
    text_.clear();
    starts_.clear();
  }
  [[nodiscard]] std::size_t size() const noexcept { return starts_.size(); }
  [[nodiscard]] bool empty() const noexcept { return starts_.empty(); }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] std::string_view operator[](std::size_t i) const {
    const std::size_t end = i + 1 == starts_.size() ? text_.size() : starts_[i + 1];
    return std::string_view{text_}.substr(starts_[i], end - starts_[i]);
  }

private:
  void head(char kind, std::size_t n) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, n);
    text_ += kind;
    text_.append(digits, end.ptr);
    text_ += "\r\n";
  }

  std::string text_;
  std::vector<std::size_t> starts_;
};

}  // namespace weir::redis

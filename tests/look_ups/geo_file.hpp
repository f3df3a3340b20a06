// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// Writes a small MaxMind DB of IPv4 networks, as
/// https://maxmind.github.io/MaxMind-DB/ lays it down: a tree of 32-bit records, data, metadata.
class geo_file {
public:
  // Values in the form of the data section.
  static std::string text(const std::string& s) { return head(2, s.size()) + s; }
  static std::string map(const std::vector<std::pair<std::string, std::string>>& of) {
    std::string all = head(7, of.size());
    for (const auto& [name, value] : of) all += text(name) + value;
    return all;
  }
  static std::string array(const std::vector<std::string>& of) {
    std::string all = head(11, of.size());
    for (const std::string& value : of) all += value;
    return all;
  }
  static std::string number(double x) {
    return head(3, 8) + big_endian(std::bit_cast<std::uint64_t>(x), 8);
  }
  static std::string uint16(std::uint64_t n) { return head(5, 2) + big_endian(n, 2); }
  static std::string uint32(std::uint64_t n) { return head(6, 4) + big_endian(n, 4); }
  static std::string uint64(std::uint64_t n) { return head(9, 8) + big_endian(n, 8); }
  static std::string truth(bool b) { return head(14, b ? 1 : 0); }

  /// Gives a network its value. Networks must not lie within each other.
  void add(std::array<std::uint8_t, 4> address, int bits, const std::string& value) {
    const std::uint32_t a = (std::uint32_t{address[0]} << 24U) |
                            (std::uint32_t{address[1]} << 16U) | (std::uint32_t{address[2]} << 8U) |
                            address[3];
    std::size_t node = 0;
    for (int bit = 0; bit < bits - 1; ++bit) {
      std::int64_t& next = nodes_[node][(a >> (31U - static_cast<unsigned>(bit))) & 1U];
      if (next < 0) {
        next = static_cast<std::int64_t>(nodes_.size());
        const auto made = static_cast<std::size_t>(next);
        nodes_.push_back({-1, -1});
        node = made;
      } else {
        node = static_cast<std::size_t>(next);
      }
    }
    leaves_.push_back({node, (a >> (32U - static_cast<unsigned>(bits))) & 1U, data_.size()});
    data_ += value;
  }

  [[nodiscard]] std::string content() const {
    const std::uint64_t n = nodes_.size();
    std::vector<std::array<std::uint64_t, 2>> records;
    for (const auto& node : nodes_)
      records.push_back({node[0] < 0 ? n : static_cast<std::uint64_t>(node[0]),
                         node[1] < 0 ? n : static_cast<std::uint64_t>(node[1])});
    for (const leaf& l : leaves_) records[l.node][l.side] = n + 16 + l.offset;
    std::string all;
    for (const auto& r : records) all += big_endian(r[0], 4) + big_endian(r[1], 4);
    all += std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com";
    all += map({{"binary_format_major_version", uint16(2)},
                {"binary_format_minor_version", uint16(0)},
                {"build_epoch", uint64(1'700'000'000)},
                {"database_type", text("Test")},
                {"description", map({{"en", text("made by a test")}})},
                {"ip_version", uint16(4)},
                {"languages", array({text("en")})},
                {"node_count", uint32(n)},
                {"record_size", uint16(32)}});
    return all;
  }

private:
  struct leaf {
    std::size_t node;
    std::size_t side;
    std::size_t offset;
  };

  static std::string big_endian(std::uint64_t n, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>((n >> (8 * i)) & 0xFFU);
    return out;
  }
  /// A control byte, of a type and a size below 29 + 256.
  static std::string head(int type, std::size_t size) {
    const int short_size = size < 29 ? static_cast<int>(size) : 29;
    std::string out(1, static_cast<char>(((type > 7 ? 0 : type) << 5) | short_size));
    if (type > 7) out += static_cast<char>(type - 7);
    if (size >= 29) out += static_cast<char>(size - 29);
    return out;
  }

  std::vector<std::array<std::int64_t, 2>> nodes_{{-1, -1}};
  std::vector<leaf> leaves_;
  std::string data_;
};

}  // namespace weir::test

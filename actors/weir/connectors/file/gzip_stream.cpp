// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/packed_input.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace weir::file {

namespace {

/// One member after the other; zeros may fill up the end, as tapes have them.
class gzip_stream final : public byte_stream {
public:
  gzip_stream(posix::descriptor from, std::string path) : in_(std::move(from), std::move(path)) {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&state_, gzip_only) != Z_OK) throw std::bad_alloc{};
  }
  gzip_stream(const gzip_stream&) = delete;
  gzip_stream& operator=(const gzip_stream&) = delete;
  ~gzip_stream() override { inflateEnd(&state_); }

  std::size_t read(char* to, std::size_t n) override {
    failure_.check();
    n = std::min<std::size_t>(n, std::numeric_limits<uInt>::max());
    state_.next_out = reinterpret_cast<Bytef*>(to);
    state_.avail_out = static_cast<uInt>(n);
    while (state_.avail_out != 0) {
      const bool more = in_.refill();
      if (!more && !inside_member_) break;
      if (!(inside_member_ ? inflate_some(more, n) : next_member(n))) break;
    }
    return n - state_.avail_out;
  }

private:
  bool inflate_some(bool more, std::size_t n) {
    const std::string_view from = in_.at_hand();
    const uInt room = state_.avail_out;
    state_.next_in = reinterpret_cast<const Bytef*>(from.data());
    state_.avail_in = static_cast<uInt>(from.size());
    const int status = inflate(&state_, Z_NO_FLUSH);
    in_.take(from.size() - state_.avail_in);
    inside_member_ = status != Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      failure_.note(in_.damaged(state_.msg != nullptr ? state_.msg : "not gzip data"),
                    n - state_.avail_out);
      return false;
    }
    if (more || !inside_member_ || state_.avail_out != room) return true;
    failure_.note(in_.truncated(), n - state_.avail_out);
    return false;
  }

  /// Between members.
  bool next_member(std::size_t n) {
    const char first = in_.at_hand().front();
    if (first == '\0') {
      in_.take(1);
      return true;
    }
    constexpr char magic = '\x1f';
    if (first != magic) {
      failure_.note(in_.damaged("what follows the compressed data is no gzip member"),
                    n - state_.avail_out);
      return false;
    }
    inflateReset(&state_);
    inside_member_ = true;
    return true;
  }

  packed_input in_;
  z_stream state_{};
  failure_after_data failure_;
  bool inside_member_ = true;  ///< An empty file is cut off, too.
};

}  // namespace

std::unique_ptr<byte_stream> open_gzip(posix::descriptor from, const std::string& path) {
  return std::make_unique<gzip_stream>(std::move(from), path);
}

}  // namespace weir::file

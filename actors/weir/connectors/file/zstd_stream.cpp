// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/packed_input.hpp"

#include <zstd.h>

#include <new>

namespace weir::file {

namespace {

struct free_context {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

/// One frame after the other; skippable ones are skipped.
class zstd_stream final : public byte_stream {
public:
  zstd_stream(posix::descriptor from, std::string path)
      : in_(std::move(from), std::move(path)), context_(ZSTD_createDCtx()) {
    if (!context_) throw std::bad_alloc{};
  }

  std::size_t read(char* to, std::size_t n) override {
    failure_.check();
    ZSTD_outBuffer out{to, n, 0};
    while (out.pos < n) {
      const bool more = in_.refill();
      if (!more && !inside_frame_) break;
      if (!step(out, more)) break;
    }
    return out.pos;
  }

private:
  bool step(ZSTD_outBuffer& out, bool more) {
    const std::size_t given_before = out.pos;
    ZSTD_inBuffer in{in_.at_hand().data(), in_.at_hand().size(), 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
    in_.take(in.pos);
    if (ZSTD_isError(left) != 0) {
      failure_.note(in_.damaged(ZSTD_getErrorName(left)), out.pos);
      return false;
    }
    inside_frame_ = left != 0;
    if (more || !inside_frame_ || out.pos != given_before) return true;
    failure_.note(in_.truncated(), out.pos);
    return false;
  }

  packed_input in_;
  std::unique_ptr<ZSTD_DCtx, free_context> context_;
  failure_after_data failure_;
  bool inside_frame_ = true;  ///< An empty file is cut off, too.
};

}  // namespace

std::unique_ptr<byte_stream> open_zstd(posix::descriptor from, const std::string& path) {
  return std::make_unique<zstd_stream>(std::move(from), path);
}

}  // namespace weir::file

// SPDX-License-Identifier: BSD-3-Clause
#include "connectors/temporary.hpp"

#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace weir::test {

void write_file(const std::string& path, std::string_view content) {
  std::ofstream{path, std::ios::binary}.write(content.data(),
                                              static_cast<std::streamsize>(content.size()));
}

void append_file(const std::string& path, std::string_view content) {
  std::ofstream{path, std::ios::binary | std::ios::app}.write(
      content.data(), static_cast<std::streamsize>(content.size()));
}

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) throw std::runtime_error("no file " + path);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

std::string zstd_frame(std::string_view content) {
  std::string out(ZSTD_compressBound(content.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), content.data(), content.size()));
  ZSTD_freeCCtx(context);
  return out;
}

std::string gzip_member(std::string_view content) {
  z_stream state{};
  constexpr int gzip_only = 16 + MAX_WBITS;
  deflateInit2(&state, Z_BEST_SPEED, Z_DEFLATED, gzip_only, 8, Z_DEFAULT_STRATEGY);
  std::string in{content};
  std::string out(deflateBound(&state, in.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(in.data());
  state.avail_in = static_cast<uInt>(in.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  deflate(&state, Z_FINISH);
  out.resize(out.size() - state.avail_out);
  deflateEnd(&state);
  return out;
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#include "seeds.hpp"
#include "weir/codec/base64.hpp"
#include "weir/codec/rfc3339.hpp"

#include <cstring>

/// A time that is accepted is written in a form that names the same instant; base64 that is
/// accepted is written alike.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto t = weir::parse_rfc3339(text)) {
    const std::string written = weir::format_rfc3339(*t);
    const auto back = weir::parse_rfc3339(written);
    require(back.has_value(), "what is written is read");
    require(*back == *t, "the instant is kept");
  }
  if (size == sizeof(weir::timestamp)) {
    weir::timestamp::rep count = 0;
    std::memcpy(&count, data, sizeof count);
    const weir::timestamp t{weir::duration{count}};
    const auto back = weir::parse_rfc3339(weir::format_rfc3339(t));
    require(back.has_value() == weir::fits_rfc3339(t), "what fits is written as a time");
    require(!back || *back == t, "the instant is kept");
  }
  if (weir::bytes decoded; weir::read_base64(text, decoded)) {
    std::string written;
    weir::write_base64(decoded, written);
    require(written == text, "base64 is written as it was read");
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"1970-01-01T00:00:00Z", "2026-03-01T12:30:00.123456789+02:00", "2016-12-31T23:59:60Z",
          "0000-01-01t00:00:00z", "9999-12-31T23:59:59.999999-00:00",    "Zm9vYmE=",
          std::string(8, '\0')};
}

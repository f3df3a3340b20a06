// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/base64.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>
#include <string>

namespace {

std::string written(std::string_view text) {
  std::string out;
  weir::write_base64(weir::as_bytes(text), out);
  return out;
}

std::string read(std::string_view text) {
  weir::bytes out;
  return weir::read_base64(text, out) ? std::string{weir::as_text(out)} : "refused";
}

TEST_CASE("the examples of RFC 4648 are written and read") {
  const std::pair<std::string, std::string> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : examples) {
    CHECK(written(plain) == text);
    CHECK(read(text) == plain);
  }
}

TEST_CASE("text that is not padded base64 is refused") {
  for (const auto* text :
       {"Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9*", "Zm9v\n", "=Zm9", "Zg=v", "Zm-_"})
    CHECK(read(text) == "refused");
}

TEST_CASE("bits beyond the last byte are refused") {
  CHECK(read("Zh==") == "refused");
  CHECK(read("Zm9=") == "refused");
}

TEST_CASE("random bytes survive base64") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    INFO("seed " << seed);
    std::mt19937 engine{seed};
    std::string plain(engine() % 50, '\0');
    for (char& c : plain) c = static_cast<char>(engine());
    CHECK(read(written(plain)) == plain);
  }
}

}  // namespace

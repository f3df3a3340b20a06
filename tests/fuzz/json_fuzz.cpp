// SPDX-License-Identifier: BSD-3-Clause
#include "../codec/random_value.hpp"
#include "../codec/sample.hpp"
#include "seeds.hpp"
#include "weir/codec/json.hpp"

namespace {

/// What is accepted is read back from what we write, and then written alike.
template <class T>
void check(weir::json_reader& reader, std::string_view text) {
  T x{};
  if (const auto parsed = reader.parse(text, x); !parsed) {
    require(!parsed.error().message.empty(), "an error has a message");
    return;
  }
  const std::string once = weir::to_json(x);
  T back{};
  require(reader.parse(once, back).has_value(), "what is written is read");
  require(x == back, "what is read equals what was written");
  require(weir::to_json(back) == once, "equal values are written alike");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static weir::json_reader reader;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  check<sample::order>(reader, text);
  check<std::vector<sample::address>>(reader, text);
  check<std::map<std::string, std::vector<double>>>(reader, text);
  check<std::string>(reader, text);
  check<std::optional<float>>(reader, text);
  check<std::int64_t>(reader, text);
  check<std::tuple<weir::timestamp, sample::color, weir::bytes>>(reader, text);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds = {
      R"([{"street":"a\u00e9\ud83d\ude00","zip":"1","floor":null},{"zip":"2","street":""}])",
      R"({"a":[1,2.5,-0.0,1e300,0.1],"b":[]})",
      R"("\"\\\/\b\f\n\r\t")",
      "-9223372036854775808",
      "3.4028235e38",
      R"(["2016-12-31T23:59:60.123+01:00","green","Zm9vYg=="])"};
  for (std::uint64_t i = 0; i < 8; ++i)
    seeds.push_back(weir::to_json(sample::random_values{i}.make<sample::order>()));
  return seeds;
}

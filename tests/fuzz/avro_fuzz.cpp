// SPDX-License-Identifier: BSD-3-Clause
#include "../codec/avro_sample.hpp"
#include "../codec/random_value.hpp"
#include "seeds.hpp"
#include "weir/avro/avro.hpp"

namespace {

/// What is accepted is written so that it is read back alike.
template <class T>
void check(const weir::avro::reader<T>& from, const weir::avro::reader<T>& own,
           std::string_view datum) {
  T x{};
  if (const auto done = from.read(datum, x); !done) {
    require(!done.error().message.empty(), "an error has a message");
    return;
  }
  std::string once;
  try {
    weir::avro::write(x, once);
  } catch (const weir::exception&) {
    return;  // a time that only the other unit could say
  }
  T back{};
  require(own.read(once, back).has_value(), "what is written is read");
  std::string twice;
  weir::avro::write(back, twice);
  require(once == twice, "what is read is what was written");
}

weir::avro::schema parse(const std::string& text) {
  return weir::avro::schema::parse(text).value();
}

// Other schemas for the same types: more fields, other units, a type that holds itself.
const char* const wider = R"({"type":"record","name":"address","fields":[
  {"name":"tree","type":{"type":"record","name":"tree","fields":[
    {"name":"left","type":["null","tree"]},{"name":"right","type":["null","tree"]},
    {"name":"items","type":{"type":"array","items":"null"}}]}},
  {"name":"street","type":"bytes"},
  {"name":"extra","type":{"type":"map","values":["int","float","double","boolean"]}},
  {"name":"floor","type":["null","int","string"]},
  {"name":"zip","type":"string"}]})";

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weir::avro::reader;
  static const auto whole =
      reader<sample::reading>::make(parse(weir::avro::schema_text<sample::reading>())).value();
  static const auto address =
      reader<sample::address>::make(parse(weir::avro::schema_text<sample::address>())).value();
  static const auto wide = reader<sample::address>::make(parse(wider)).value();
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  check(whole, whole, text);
  check(address, address, text);
  check(wide, address, text);
  if (const auto schema = weir::avro::schema::parse(text)) {
    (void)reader<sample::reading>::make(*schema);
    if (const auto from = reader<sample::address>::make(*schema)) check(*from, address, "\2a\2b\0");
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds{wider, weir::avro::schema_text<sample::address>(),
                                 weir::avro::schema_text<sample::reading>()};
  for (std::uint64_t i = 0; i < 8; ++i) {
    weir::avro::write(sample::random_values{i}.make<sample::address>(), seeds.emplace_back());
    auto x = sample::random_values{i}.make<sample::reading>();
    x.day = {};
    weir::avro::write(x, seeds.emplace_back());
  }
  return seeds;
}

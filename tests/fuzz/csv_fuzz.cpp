// SPDX-License-Identifier: BSD-3-Clause
#include "../codec/random_value.hpp"
#include "../codec/sample.hpp"
#include "seeds.hpp"
#include "weir/codec/csv.hpp"

#include <algorithm>

namespace {

const weir::csv_format formats[] = {{}, {';', "NA"}};

/// What is accepted is written, read back and written alike (NaN equals nothing).
void check(std::string_view header, std::string_view record, const weir::csv_format& format) {
  auto rows = weir::csv_reader<sample::row>::bind(header, format);
  sample::row x;
  if (!rows || !rows->parse(record, x)) return;
  std::string once, twice;
  weir::write_csv(x, once, format);
  require(weir::csv_is_complete(once, format.separator), "a written record has no open quote");
  auto own = weir::csv_reader<sample::row>::bind(weir::csv_header<sample::row>(format), format);
  sample::row back;
  require(own->parse(once, back).has_value(), "what is written is read");
  weir::write_csv(back, twice, format);
  require(once == twice, "equal records are written alike");
}

}  // namespace

/// The first line is the header, the rest one record; both are also tried on their own.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view rest = text.substr(std::min(end + 1, text.size()));
  for (const auto& format : formats) {
    check(text.substr(0, end), rest, format);
    check(weir::csv_header<sample::row>(format), text, format);
  }
  weir::csv_quotes whole, pieces;
  const bool complete = whole.add(text);
  const bool first = pieces.add(text.substr(0, size / 2));
  if (!first && (size / 2 == 0 || text[size / 2 - 1] != '"'))
    require(pieces.add(text.substr(size / 2)) == complete, "pieces give what the whole gives");
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t i = 0; i < 8; ++i) {
    for (const auto& format : formats) {
      std::string record;
      weir::write_csv(sample::random_values{i}.make<sample::row>(), record, format);
      seeds.push_back(record);
      seeds.push_back(weir::csv_header<sample::row>(format) + "\n" + record);
    }
  }
  return seeds;
}

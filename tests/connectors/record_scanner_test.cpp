// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/record_scanner.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <algorithm>
#include <cstring>
#include <random>

using namespace weir;
using namespace weir::file;

namespace {

/// Gives at most `step` bytes at a time.
class text_stream final : public byte_stream {
public:
  text_stream(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  std::size_t read(char* to, std::size_t n) override {
    n = std::min({n, step_, text_.size() - at_});
    std::memcpy(to, text_.data() + at_, n);
    at_ += n;
    return n;
  }

private:
  std::string text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

using texts = std::vector<std::string>;

struct cut_up {
  texts records;  ///< Faults begin with "!".
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint64_t> ends;
  bool header = false;
  std::uint64_t position = 0;
};

cut_up cut(const std::string& text, file_format format = file_format::jsonl,
           std::size_t step = 1 << 20, std::size_t max_record = 1000) {
  record_scanner scanner{format, ',', max_record};
  scanner.restart(0, true);
  text_stream from{text, step};
  cut_up all;
  raw_record record;
  for (bool more = true; more;) {
    more = scanner.fill(from);
    if (!more) scanner.finish();
    while (scanner.next(record)) {
      all.header = all.header || record.header;
      all.records.push_back((record.fault != nullptr ? "!" : "") + std::string{record.text});
      all.offsets.push_back(record.offset);
      all.ends.push_back(record.end);
    }
  }
  all.position = scanner.position();
  return all;
}

}  // namespace

TEST_CASE("lines end in LF or CRLF, and the last one may have no end") {
  const cut_up all = cut("a\nbc\r\n\n\r\nd");
  CHECK(all.records == texts{"a", "bc", "d"});
  CHECK(all.offsets == std::vector<std::uint64_t>{0, 2, 9});
  CHECK(all.ends == std::vector<std::uint64_t>{2, 6, 10});
  CHECK(all.position == 10);
}

TEST_CASE("a byte-order mark is skipped at the beginning and nowhere else") {
  CHECK(cut("\xef\xbb\xbfx\n\xef\xbb\xbfy").records == texts{"x", "\xef\xbb\xbfy"});
  CHECK(cut("\xef\xbb\xbf").records.empty());
  CHECK(cut("\xef\xbb\xbf\r\nx").records == texts{"x"});
  CHECK(cut("\xef\xbb\xbf\"a\nb\",c\n1,2", file_format::csv).records == texts{"\"a\nb\",c", "1,2"});
}

TEST_CASE("CSV lines are joined while a quote is open") {
  const std::string text = "h\n\"a\n\nb\"\"\n\",c\r\nd,\"\"\n\"\r\n\"\n";
  const cut_up all = cut(text, file_format::csv);
  CHECK(all.header);
  CHECK(all.records == texts{"h", "\"a\n\nb\"\"\n\",c", "d,\"\"", "\"\r\n\""});
  CHECK(all.offsets == std::vector<std::uint64_t>{0, 2, 15, 20});
}

TEST_CASE("of a CSV record whose quote is never closed only the first line is a fault") {
  CHECK(cut("a,b\n\"x,1\ny,2\nz,3", file_format::csv).records ==
        texts{"a,b", "!\"x,1", "y,2", "z,3"});
  CHECK(cut("a\n\"x\n", file_format::csv).records == texts{"a", "!\"x"});
  CHECK(cut("a\n\"x", file_format::csv).records == texts{"a", "!\"x"});
  const std::string lines = "a\n\"open\n" + std::string(30, 'y') + "\nz\n";
  CHECK(cut(lines, file_format::csv, 1 << 20, 20).records ==
        texts{"a", "!\"open", "!" + std::string(30, 'y'), "z"});
}

TEST_CASE("a record longer than the limit is a fault, one as long as it is not") {
  const std::size_t step = GENERATE(1, 3, 10, 1000);
  const std::string longest(10, 'x');
  const cut_up all = cut(longest + "\n" + longest + "y\r\n" + longest + "\r\n" +
                             std::string(500, 'z') + "\n" + longest,
                         file_format::jsonl, step, 10);
  REQUIRE(all.records.size() == 5);
  CHECK(all.records[0] == longest);
  CHECK(all.records[1] == "!" + longest + "y");
  CHECK(all.records[2] == longest);
  CHECK(all.records[3].starts_with("!zzzzzzzzzz"));
  CHECK(all.records[4] == longest);
  CHECK(all.offsets == std::vector<std::uint64_t>{0, 11, 24, 36, 537});
}

TEST_CASE("a line that is far too long is not held") {
  constexpr std::size_t limit = 100'000;
  const cut_up all = cut("a\n" + std::string(10'000'000, 'x') + "\nb\n" + std::string(300'000, 'y'),
                         file_format::jsonl, 1 << 20, limit);
  REQUIRE(all.records.size() == 4);
  CHECK(all.records[1] == "!" + std::string(65536, 'x'));
  CHECK(all.records[2] == "b");
  CHECK(all.records[3] == "!" + std::string(65536, 'y'));
  CHECK(all.position == 10'300'005);
}

TEST_CASE("records are the same however the bytes come") {
  const std::uint64_t seed = GENERATE(range(1, 200));
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  std::string text;
  for (int i = 0; i < 60; ++i) text += "ab,\"\"\"\n\n\r\n\""[random() % 11];
  const auto format = seed % 2 == 0 ? file_format::csv : file_format::jsonl;
  const cut_up at_once = cut(text, format, 1 << 20, 20);
  for (std::size_t step : {1, 2, 5, 17}) {
    const cut_up bits = cut(text, format, step, 20);
    REQUIRE(bits.records == at_once.records);
    REQUIRE(bits.offsets == at_once.offsets);
    REQUIRE(bits.ends == at_once.ends);
    REQUIRE(bits.position == text.size());
  }
}

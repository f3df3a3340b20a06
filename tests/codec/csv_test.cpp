// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/csv.hpp"

#include "random_value.hpp"
#include "sample.hpp"

#include <catch2/catch_test_macros.hpp>

namespace {

using sample::address;
using weir::csv_format;
using weir::csv_reader;

struct item {
  std::string name;
  std::uint8_t count = 0;
  std::optional<double> price;

  friend bool operator==(const item&, const item&) = default;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, count, price))

struct one_text {
  std::string text;

  friend bool operator==(const one_text&, const one_text&) = default;
};
BOOST_DESCRIBE_STRUCT(one_text, (), (text))

csv_reader<item> reader(std::string_view header = "name,count,price", csv_format format = {}) {
  return csv_reader<item>::bind(header, std::move(format)).value();
}

item parsed(std::string_view record, std::string_view header = "name,count,price",
            csv_format format = {}) {
  item x{"old", 1, 1.0};
  reader(header, std::move(format)).parse(record, x).value();
  return x;
}

std::string why(std::string_view record) {
  item x;
  const auto done = reader().parse(record, x);
  return done ? "accepted" : done.error().message;
}

std::string why_not_bound(std::string_view header) {
  const auto bound = csv_reader<item>::bind(header);
  return bound ? "accepted" : bound.error().message;
}

template <class T>
std::string written(const T& x, const csv_format& format = {}) {
  std::string out;
  weir::write_csv(x, out, format);
  return out;
}

TEST_CASE("columns are matched by name in any order and unknown ones are skipped") {
  CHECK(parsed("x,1.5,7,y,nut", "a,price,count,b,name") == item{"nut", 7, 1.5});
}

TEST_CASE("a missing required column is an error that names it and its type") {
  CHECK(why_not_bound("name,price") ==
        "column count is missing in the CSV header; expected integer (uint8)");
}

TEST_CASE("a column that comes twice is an error") {
  CHECK(why_not_bound("name,count,name") == "column name comes twice in the CSV header");
}

TEST_CASE("a missing optional column leaves the member empty") {
  CHECK(parsed("nut,7", "name,count") == item{"nut", 7, {}});
}

TEST_CASE("a byte-order mark, line ends and quotes in the header are taken") {
  CHECK(parsed("nut,7\r\n", "\xef\xbb\xbfname,\"count\"\r\n") == item{"nut", 7, {}});
}

TEST_CASE("quoted cells hold separators, quotes and line ends") {
  CHECK(parsed("\"a,b\",1,") == item{"a,b", 1, {}});
  CHECK(parsed("\"say \"\"hi\"\"\",1,") == item{"say \"hi\"", 1, {}});
  CHECK(parsed("\"\"\"\",1,") == item{"\"", 1, {}});
  CHECK(parsed("\"a\r\nb\",\"1\",\"2\"") == item{"a\r\nb", 1, 2.0});
}

TEST_CASE("blanks belong to the cell") { CHECK(parsed(" a ,1,").name == " a "); }

TEST_CASE("the null text makes an optional empty unless it is quoted") {
  const csv_format na{',', "NA"};
  CHECK_FALSE(parsed("NA,1,NA", "name,count,price", na).price);
  CHECK(parsed("NA,1,NA", "name,count,price", na).name == "NA");
  auto rows = csv_reader<address>::bind("street,zip,floor", na).value();
  address a;
  CHECK_FALSE(rows.parse("x,y,\"NA\"", a));
}

TEST_CASE("another separator can be set") {
  CHECK(parsed("a,b;1;2", "name;count;price", {';', ""}) == item{"a,b", 1, 2.0});
}

TEST_CASE("a cell of the wrong type is an error that names column, type and text") {
  CHECK(why("nut,many,1") == "column count: expected integer (uint8), found \"many\"");
  CHECK(why("nut,256,1") == "column count: expected integer (uint8), found \"256\"");
  CHECK(why("nut,,1") == "column count: expected integer (uint8), found \"\"");
  CHECK(why("nut,1,1.5x") == "column price: expected number (float64), found \"1.5x\"");
  CHECK(why("nut,+1,") == "column count: expected integer (uint8), found \"+1\"");
}

TEST_CASE("a record with more or fewer cells than the header is malformed") {
  CHECK(why("nut,1") == "malformed CSV: 2 cells where the header has 3");
  CHECK(why("nut,1,2,3") == "malformed CSV: more than the 3 cells of the header");
  CHECK(why("") == "malformed CSV: 1 cells where the header has 3");
}

TEST_CASE("quotes in the wrong place are malformed") {
  CHECK(why("nu\"t,1,2") == "malformed CSV: cell 1: a quote inside a cell that is not quoted");
  CHECK(why("\"nut\"x,1,2") == "malformed CSV: cell 1: text after a closing quote");
  CHECK(why("nut,\"1,2") == "malformed CSV: cell 2: a quote is never closed");
}

TEST_CASE("a format whose separator or null text can't be told apart is refused") {
  for (const auto& format :
       {csv_format{'"', ""}, csv_format{'\n', ""}, csv_format{',', "a,b"}, csv_format{',', "\""}}) {
    const auto bound = csv_reader<item>::bind("name,count", format);
    REQUIRE_FALSE(bound);
    CHECK(bound.error().code == weir::errc::invalid_argument);
  }
}

TEST_CASE("nested members are columns with a dotted name") {
  CHECK(weir::csv_header<sample::row>() ==
        "id,paid,count,amount,tint,note,raw,at,home.street,home.zip,home.floor,remark,discount");
  CHECK(weir::csv_header<address>({'.', ""}) == "street.zip.floor");
}

TEST_CASE("cells are quoted only where needed") {
  CHECK(written(item{"a b", 1, 2.5}) == "a b,1,2.5");
  CHECK(written(item{"a,b", 1, {}}) == "\"a,b\",1,");
  CHECK(written(item{"a\"b", 1, {}}) == "\"a\"\"b\",1,");
  CHECK(written(item{"a\nb", 1, {}}, {';', "NA"}) == "\"a\nb\";1;NA");
}

TEST_CASE("a present text that looks like null is quoted") {
  sample::row x;
  x.remark = "";
  CHECK(written(x).ends_with(",\"\","));
  x.remark = "NA";
  CHECK(written(x, {',', "NA"}).ends_with(",\"NA\",NA"));
}

TEST_CASE("a record is never an empty line if it holds something") {
  CHECK(written(one_text{""}) == "\"\"");
}

TEST_CASE("a record is complete when no quote is open") {
  CHECK(weir::csv_is_complete("a,b"));
  CHECK(weir::csv_is_complete("a,\"b\""));
  CHECK(weir::csv_is_complete("a,\"b\"\"\",c"));
  CHECK(weir::csv_is_complete("5\" nail,b"));
  CHECK_FALSE(weir::csv_is_complete("a,\"b"));
  CHECK_FALSE(weir::csv_is_complete("a,\"b\"\""));
  CHECK_FALSE(weir::csv_is_complete("a;\"b,", ';'));
}

TEST_CASE("the lines of a record are joined until its quotes are closed") {
  weir::csv_quotes quotes;
  CHECK_FALSE(quotes.add("a,\"first"));
  CHECK_FALSE(quotes.add("second \"\"quoted\"\""));
  CHECK(quotes.add("last\",b"));
  CHECK(quotes.add("next,record"));
}

TEST_CASE("random records survive CSV in any format") {
  const csv_format formats[] = {{}, {';', "NA"}, {'\t', "null"}, {' ', "-"}};
  for (std::uint64_t seed = 0; seed < sample::seeds; ++seed) {
    sample::random_values random{seed};
    const auto x = random.make<sample::row>();
    const csv_format& format = formats[seed % std::size(formats)];
    const std::string text = written(x, format);
    INFO("seed " << seed << ": " << text);
    REQUIRE(weir::csv_is_complete(text, format.separator));
    auto rows = csv_reader<sample::row>::bind(weir::csv_header<sample::row>(format), format);
    sample::row back;
    rows->parse(text, back).value();
    CHECK(back == x);
  }
}

}  // namespace

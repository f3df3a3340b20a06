// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/json.hpp"

#include "weir/codec/json_handler.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse_options.hpp>

namespace weir {

namespace {

boost::json::parse_options options() {
  boost::json::parse_options chosen;
  chosen.max_depth = 128;
  return chosen;
}

}  // namespace

struct json_reader::impl {
  boost::json::basic_parser<detail::json_handler> parser{options()};
};

json_reader::json_reader() : impl_(std::make_unique<impl>()) {}
json_reader::~json_reader() = default;
json_reader::json_reader(json_reader&&) noexcept = default;
json_reader& json_reader::operator=(json_reader&&) noexcept = default;

result<void> json_reader::parse_into(std::string_view text, detail::json_slot root) {
  auto& parser = impl_->parser;
  parser.reset();
  parser.handler().start(root);
  boost::json::error_code ec;
  const std::size_t n = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && n == text.size()) return {};
  std::string why = parser.handler().failure();
  if (why.empty())
    why = "malformed JSON at byte " + std::to_string(n) + ": " +
          (ec ? ec.message() : "text after the end of the document");
  return error{errc::decode_failed, std::move(why)};
}

}  // namespace weir

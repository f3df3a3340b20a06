// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/net/url.hpp"

#include <charconv>

namespace weir::net {

namespace {

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size()) return {};
    const char* first = text.data() + i + 1;
    if (std::from_chars(first, first + 2, value, 16).ptr != first + 2) return {};
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

error bad(const std::string& what) { return {errc::invalid_argument, "the URL " + what}; }

result<void> read_login(std::string_view login, url& to) {
  const std::size_t colon = login.find(':');
  const auto user = decode_percent(login.substr(0, colon));
  const auto password = decode_percent(colon == std::string_view::npos ? std::string_view{}
                                                                       : login.substr(colon + 1));
  if (!user || !password) return bad("has a % in its user or password that is no %XX code");
  to.user = *user;
  to.password = *password;
  return {};
}

result<void> read_address(std::string_view address, url& to) {
  std::string_view port;
  if (address.starts_with('[')) {  // IPv6
    const std::size_t end = address.find(']');
    if (end == std::string_view::npos) return bad("has a '[' without ']'");
    to.host = address.substr(1, end - 1);
    port = address.substr(end + 1);
  } else {
    const std::size_t colon = address.find(':');
    to.host = address.substr(0, colon);
    if (colon != std::string_view::npos) port = address.substr(colon);
  }
  if (to.host.empty()) return bad("has no host");
  if (port.empty()) return {};
  std::uint16_t number = 0;
  const char* end = port.data() + port.size();
  if (port[0] != ':' || std::from_chars(port.data() + 1, end, number).ptr != end || number == 0)
    return bad("has a port that is no number from 1 to 65535");
  to.port = number;
  return {};
}

}  // namespace

result<url> url::parse(std::string_view text) {
  url made;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return bad("has no scheme, like redis://");
  made.scheme = text.substr(0, scheme);
  text.remove_prefix(scheme + 3);
  const std::size_t slash = text.find('/');
  std::string_view authority = text.substr(0, slash);
  if (slash != std::string_view::npos) made.path = text.substr(slash);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (auto read = read_login(authority.substr(0, at), made); !read) return read.error();
    authority.remove_prefix(at + 1);
  }
  if (auto read = read_address(authority, made); !read) return read.error();
  return made;
}

}  // namespace weir::net

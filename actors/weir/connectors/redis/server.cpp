// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/redis/server.hpp"

#include "weir/connectors/net/url.hpp"

#include <charconv>

namespace weir::redis {

server server::parse(const std::string& text) {
  const auto refuse = [](errc code, const std::string& what) {
    throw exception({code, "redis: " + what});
  };
  const auto parts = net::url::parse(text);
  if (!parts) refuse(errc::invalid_argument, parts.error().message);
  if (parts->scheme != "redis" && parts->scheme != "rediss")
    refuse(errc::invalid_argument,
           "the URL's scheme is '" + parts->scheme + "'; use redis:// or rediss://");
  server made;
  made.host = parts->host;
  made.port = parts->port.value_or(6379);
  made.tls = parts->scheme == "rediss";
  made.user = parts->user;
  made.password = parts->password;
  if (!made.user.empty() && made.password.empty())
    refuse(errc::invalid_argument, "the URL has a user without a password; write user:password@");
  if (parts->path.size() > 1) {
    const char* end = parts->path.data() + parts->path.size();
    if (std::from_chars(parts->path.data() + 1, end, made.database).ptr != end)
      refuse(errc::invalid_argument,
             "the URL's path is '" + parts->path + "'; it is the number of a database, like /0");
  }
  if (made.tls && !has_tls())
    refuse(errc::unsupported, made.shown() +
                                  ": the hiredis that Weir was built with has no TLS (it came with "
                                  "1.0); use redis:// through a tunnel, or build with a newer one");
  return made;
}

std::string server::shown() const {
  const std::string address = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return (tls ? "rediss://" : "redis://") + address + ":" + std::to_string(port) + "/" +
         std::to_string(database);
}

}  // namespace weir::redis

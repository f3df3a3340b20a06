// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/redis/reply.hpp"

namespace weir::redis {

namespace {

bool begins(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* w : words)
    if (text.starts_with(w)) return true;
  return false;
}

}  // namespace

error explain(const std::string& server, const std::string& failure) {
  if (begins(failure, {"MOVED ", "ASK ", "CLUSTERDOWN", "CROSSSLOT"}))
    return {errc::unsupported,
            server +
                ": the server is a node of a Redis Cluster, which isn't supported; use a single "
                "server, or a proxy before the cluster (" +
                failure + ")"};
  if (begins(failure, {"NOAUTH"}))
    return {errc::invalid_argument,
            server + ": the server wants a password; write redis://:password@host"};
  if (begins(failure, {"WRONGPASS", "ERR invalid password", "ERR AUTH", "ERR Client sent AUTH"}))
    return {errc::invalid_argument,
            server + ": the server refuses the user or password; check the URL (" + failure + ")"};
  if (begins(failure, {"ERR DB index"}))
    return {errc::invalid_argument,
            server + ": the server has no database of that number (" + failure + ")"};
  if (begins(failure, {"NOPERM"}))
    return {errc::invalid_argument, server + ": the user may not do that (" + failure + ")"};
  return {errc::stage_failed, server + ": " + failure};
}

bool is_busy(const std::string& failure) noexcept {
  return begins(failure, {"LOADING", "BUSY ", "MASTERDOWN", "TRYAGAIN"});
}

bool is_refusal(const std::string& failure) noexcept {
  return begins(failure, {"NOAUTH", "WRONGPASS", "ERR invalid password", "ERR AUTH",
                          "ERR Client sent AUTH", "ERR DB index", "NOPERM"});
}

}  // namespace weir::redis

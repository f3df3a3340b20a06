// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace weir::test {

/// An authority that trusts itself, and signs certificates for a day.
class authority {
public:
  authority();

  /// Its own certificate, as PEM.
  [[nodiscard]] std::string certificate() const;
  /// What a server needs that is known as `names`: "IP:127.0.0.1", "DNS:localhost".
  [[nodiscard]] boost::asio::ssl::context server(const std::string& names) const;

private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
};

}  // namespace weir::test

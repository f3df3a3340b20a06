// SPDX-License-Identifier: BSD-3-Clause
// For a hiredis with TLS (1.0 and newer, its library hiredis_ssl).
#include "weir/connectors/redis/tls.hpp"

#include <hiredis/hiredis_ssl.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

namespace weir::redis {

namespace {

std::string why() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return std::string{"TLS: "} + (reason == nullptr ? "it can't be set up" : reason);
}

/// An address is checked as an address, and a name as a name.
bool expect_host(SSL* ssl, const std::string& host) {
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1) return true;
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

bool has_tls() noexcept { return true; }

std::string begin_tls(redisContext* on, const server& at, const server_options& options) {
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free};
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) return why();
  const int trusted =
      options.tls_authorities.empty()
          ? SSL_CTX_set_default_verify_paths(context.get())
          : SSL_CTX_load_verify_locations(context.get(), options.tls_authorities.c_str(), nullptr);
  if (trusted != 1) return why() + " (certificates of authorities)";
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{SSL_new(context.get()), SSL_free};
  if (!ssl || !expect_host(ssl.get(), at.host)) return why();
  if (redisInitiateSSL(on, ssl.get()) != REDIS_OK) return std::string{"TLS: "} + on->errstr;
  (void)ssl.release();  // the connection's
  return {};
}

}  // namespace weir::redis

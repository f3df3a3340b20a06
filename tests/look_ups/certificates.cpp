// SPDX-License-Identifier: BSD-3-Clause
#include "look_ups/certificates.hpp"

#include <boost/asio/buffer.hpp>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace weir::test {

namespace {

void require(bool holds) {
  if (!holds) throw std::runtime_error{"OpenSSL can't make a certificate"};
}

std::shared_ptr<EVP_PKEY> make_key() {
  std::shared_ptr<EVP_PKEY> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  require(key != nullptr);
  return key;
}

void extend(X509* to, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  require(made != nullptr && X509_add_ext(to, made, -1) == 1);
  X509_EXTENSION_free(made);
}

/// A certificate that still wants a signature; without an issuer it is its own.
std::shared_ptr<X509> begin(const std::string& name, EVP_PKEY* key, X509* issuer, long number) {
  std::shared_ptr<X509> made{X509_new(), X509_free};
  require(made != nullptr);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), number);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 24L * 3600);
  X509_set_pubkey(made.get(), key);
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
  return made;
}

std::string next_name() {
  static std::atomic<int> number = 0;
  return "authority of Weir's tests, number " + std::to_string(++number);
}

template <class Write>
std::string as_pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> to{BIO_new(BIO_s_mem()), BIO_free};
  require(to != nullptr && write(to.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(to.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
  return as_pem([&](BIO* to) { return PEM_write_bio_X509(to, certificate); });
}

}  // namespace

// Each has a name of its own: by its name is an authority found, and only then its key is tried.
authority::authority()
    : key_(make_key()), certificate_(begin(next_name(), key_.get(), nullptr, 1)) {
  extend(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign");
  require(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) != 0);
}

std::string authority::certificate() const { return pem(certificate_.get()); }

boost::asio::ssl::context authority::server(const std::string& names) const {
  const auto key = make_key();
  const auto own = begin("a server", key.get(), certificate_.get(), 2);
  extend(own.get(), certificate_.get(), NID_subject_alt_name, names);
  require(X509_sign(own.get(), key_.get(), EVP_sha256()) != 0);
  boost::asio::ssl::context made{boost::asio::ssl::context::tls_server};
  made.use_certificate(boost::asio::buffer(pem(own.get())), boost::asio::ssl::context::pem);
  made.use_private_key(boost::asio::buffer(as_pem([&](BIO* to) {
                         return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0,
                                                         nullptr, nullptr);
                       })),
                       boost::asio::ssl::context::pem);
  return made;
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/secret.hpp"

#include "weir/core/error.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace weir::kafka {

namespace {

std::string from_variable(const std::string& name) {
  if (const char* value = std::getenv(name.c_str())) return value;
  throw exception(
      {errc::not_found, "kafka: the environment variable '" + name + "' with a secret is not set"});
}

std::string contents_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file)
    throw exception(
        {errc::not_found, "kafka: the file '" + path + "' with a secret can't be read"});
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

std::string secret::reveal() const {
  switch (kind_) {
    case kind::none:
      return {};
    case kind::value:
      return text_;
    case kind::environment:
      return from_variable(text_);
    case kind::file:
      return contents_of(text_);
  }
  return {};
}

}  // namespace weir::kafka

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/avro/schema.hpp"
#include "weir/connectors/kafka/decode.hpp"
#include "weir/connectors/kafka/schema_registry.hpp"
#include "weir/core/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace weir::kafka {

/// What copies of a description share of a registry: its connection, opened at the first use, and
/// the schemas that were fetched. Safe to use from any thread; one request at a time.
class registry_link {
public:
  /// Throws `weir::exception` if the URL is none.
  explicit registry_link(schema_registry at);
  ~registry_link();

  /// The schema of that id. errc::not_found if the registry has none, which is asked again after
  /// ten seconds; errc::incompatible if it is no Avro. Throws `cannot_go_on` if the registry does
  /// not answer in time.
  [[nodiscard]] result<avro::schema> schema_of(std::uint32_t id);
  /// The newest schema of a topic's subject and what it is called; errc::not_found if there is
  /// none.
  struct latest {
    avro::schema schema;
    std::string name;
  };
  [[nodiscard]] result<latest> latest_of(const std::string& topic);
  /// Has the schema of a topic's values registered, or looks it up, and answers its id.
  [[nodiscard]] result<std::uint32_t> id_of(const std::string& topic, const std::string& schema);

  [[nodiscard]] const schema_registry& at() const noexcept;

private:
  class inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace weir::kafka

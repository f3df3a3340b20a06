// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/secret.hpp"
#include "weir/core/time.hpp"

#include <chrono>
#include <string>

namespace weir::kafka {

/// A schema registry that speaks Confluent's HTTP API, and how it is used.
struct schema_registry {
  /// `http://host:port`, or https, with a path if the API is below one.
  std::string url;
  std::string user{};  ///< For basic authentication; empty for none.
  secret password{};
  std::string
      authorities{};  ///< For https: a PEM file of those that are trusted, else the system's.
  duration timeout = std::chrono::seconds{5};  ///< Of a request.
  /// A registry that doesn't answer while the pipeline runs holds the stream up for so long; then
  /// the stage fails, and its directive says what is next.
  duration patience = std::chrono::seconds{30};
  std::string subject{};  ///< `<topic>-value` unless told.
  /// A sink registers its type's schema; without this it must be registered.
  bool register_schemas = true;
  /// At the start: a source refuses a topic whose newest schema it can't read, and a sink a schema
  /// that the registry calls incompatible.
  bool check_at_start = true;
};

}  // namespace weir::kafka

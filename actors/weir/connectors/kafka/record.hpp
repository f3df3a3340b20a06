// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::kafka {

/// A header of a record. Its value is bytes, here and in Kafka.
struct header {
  std::string name;
  std::string value;

  friend bool operator==(const header&, const header&) = default;
};
BOOST_DESCRIBE_STRUCT(header, (), (name, value))

/// A record as it was read, for as long as it is being decoded.
struct record_view {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  timestamp at;  ///< The record's own time, in whole milliseconds; of its creation or its append.
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< None for a tombstone.
  const void* handle = nullptr;
  std::uint64_t position = 0;  ///< Of the split, before the record.

  /// Copies the headers out; most records have none.
  [[nodiscard]] std::vector<header> headers() const;
};

/// A value with what Kafka knows about its record; as an event of `topic<message<T>>`.
template <class T>
struct message {
  T value{};
  std::optional<std::string> key{};
  std::vector<header> headers{};
  timestamp at{};
  std::string topic{};
  std::int32_t partition = 0;
  std::int64_t offset = 0;

  BOOST_DESCRIBE_CLASS(message, (), (value, key, headers, at, topic, partition, offset), (), ())
};

/// A record to be written.
struct outgoing {
  std::string topic;  ///< Empty for the sink's own.
  std::optional<std::string> key{};
  std::optional<std::string> value{};  ///< None for a tombstone.
  std::vector<header> headers{};
  std::optional<timestamp> at{};  ///< Kept in milliseconds; unset for the time of writing.
  std::int32_t partition = -1;    ///< -1: by the hash of the key, or any without one.

  friend bool operator==(const outgoing&, const outgoing&) = default;
};
BOOST_DESCRIBE_STRUCT(outgoing, (), (topic, key, value, headers, at, partition))

}  // namespace weir::kafka

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/avro/avro_type.hpp"
#include "weir/core/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::avro {

enum class type : std::uint8_t {
  null,
  boolean,
  int32,
  int64,
  float32,
  float64,
  bytes,
  string,
  fixed,
  enumeration,
  record,
  array,
  map,
  any_of,  ///< A union.
};

/// A type of a schema that was parsed.
struct node {
  type kind = type::null;
  time_unit unit = time_unit::none;    ///< Of a number that is a time.
  bool of_day = false;                 ///< The time is one of a day (`time-millis`, `time-micros`).
  std::string name{};                  ///< In full, of a record, enumeration or fixed.
  std::vector<std::string> names{};    ///< Fields or symbols.
  std::vector<const node*> parts{};    ///< Fields, branches, or what an array or map holds.
  std::size_t size = 0;                ///< Of a fixed.
  std::optional<std::size_t> other{};  ///< An enumeration's symbol for those a reader lacks.

  /// The name without its namespace.
  [[nodiscard]] std::string_view short_name() const noexcept;
};

/// A schema as Avro's specification has it. Copies share the nodes.
class schema {
public:
  /// `known` are schemas that `text` names types of, those that others need first. An error says
  /// what is wrong with the text.
  [[nodiscard]] static result<schema> parse(std::string_view text,
                                            std::span<const std::string> known = {});

  [[nodiscard]] const node& root() const noexcept { return *root_; }

private:
  schema() = default;

  std::shared_ptr<const void> nodes_;
  const node* root_ = nullptr;
};

/// What a type is called in messages.
[[nodiscard]] std::string describe(const node& n);

}  // namespace weir::avro

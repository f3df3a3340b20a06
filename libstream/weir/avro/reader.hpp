// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/avro/schema.hpp"
#include "weir/avro/shape.hpp"
#include "weir/core/result.hpp"

#include <memory>
#include <string_view>

namespace weir::avro {

namespace detail {

struct plan;

/// How what was written by one schema becomes objects of one shape.
class resolved {
public:
  [[nodiscard]] static result<resolved> make(const schema& writer, const shape& to);
  [[nodiscard]] result<void> read(std::string_view datum, void* to) const;

private:
  std::shared_ptr<const plan> plan_;
};

}  // namespace detail

/// Reads values of `T` that were written by some other schema, as Avro resolves the two:
///
/// - fields are found by name, or by a member's alias; fields that `T` lacks are passed over;
///   members that the schema lacks must be optionals, which are emptied, or have a default
///   (`traits`); names of records count only to tell the branches of a union apart;
/// - int becomes long, float or double, long float or double, float double, string bytes and bytes
///   string; fixed may become bytes; an int that a member of 8 or 16 bits can't hold is an error of
///   that value;
/// - times are converted between units, rounding towards the past, dates to times; a number without
///   a logical type is no time;
/// - a symbol that `T` lacks becomes the schema's default for it, else it is an error of that
/// value.
///
/// Copies are cheap and share what was worked out; reading is const and safe from any thread.
template <avro_type T>
class reader {
public:
  /// An error names the member and why it can't be had.
  [[nodiscard]] static result<reader> make(const schema& writer) {
    auto how = detail::resolved::make(writer, detail::shape_of<T>);
    if (!how) return how.error();
    return reader{std::move(*how)};
  }
  /// `to` should be a fresh `T`: members with defaults are left as they are where there is no
  /// field. Fails with errc::decode_failed if the bytes aren't one value, exactly; `to` is then
  /// valid but unspecified.
  [[nodiscard]] result<void> read(std::string_view datum, T& to) const {
    return how_.read(datum, &to);
  }

private:
  explicit reader(detail::resolved how) : how_(std::move(how)) {}

  detail::resolved how_;
};

}  // namespace weir::avro

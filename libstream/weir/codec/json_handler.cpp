// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/json_handler.hpp"

#include "weir/codec/json_write.hpp"

namespace weir::detail {

void json_handler::start(json_slot root) {
  root_ = root;
  frames_.clear();
  seen_.clear();
  skipping_ = 0;
  parts_.clear();
  failure_.clear();
}

bool json_handler::begin(json_kind kind, error_code& ec) {
  if (skipping_ != 0) {
    ++skipping_;
    return true;
  }
  json_slot slot = take();
  if (slot.object == nullptr) {
    if (!nowhere(ec)) return false;
    skipping_ = 1;
    return true;
  }
  slot = opened(slot);
  const json_shape& shape = *slot.shape;
  const bool is_object = kind == json_kind::record;
  if (is_object ? shape.kind != json_kind::record && shape.kind != json_kind::map
                : !is_sequence(shape.kind))
    return refuse(shape, is_object ? "an object" : "an array", ec);
  if (shape.clear != nullptr) shape.clear(slot.object);
  frames_.push_back({slot, {}, 0, 0, seen_.size(), {}});
  for (std::size_t i = 0; i < shape.fields.size(); i += word_bits) seen_.push_back(0);
  return true;
}

/// Resets the optional fields that did not come, and fails if another one did not.
bool json_handler::finish_record(frame& top, error_code& ec) {
  const auto fields = top.slot.shape->fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if ((seen_[top.seen + i / word_bits] >> (i % word_bits) & 1) != 0) continue;
    const json_field& field = fields[i];
    if (field.shape->kind == json_kind::optional) {
      field.shape->clear(field.at(top.slot.object));
      continue;
    }
    top.index = i;
    failure_ = "field " + path() + " is missing; expected ";
    field.shape->expected(failure_);
    return fail(ec);
  }
  return true;
}

bool json_handler::finish_array(error_code& ec) {
  const frame done = frames_.back();
  frames_.pop_back();
  if (done.slot.shape->kind == json_kind::list || done.index == done.slot.shape->length)
    return true;
  return refuse(*done.slot.shape, std::to_string(done.index) + " items", ec);
}

/// Takes a value that has no place: an unknown member, which is fine, or an item too many.
bool json_handler::nowhere(error_code& ec) {
  const frame& top = frames_.back();
  if (!is_sequence(top.slot.shape->kind)) return true;
  const json_shape& shape = *top.slot.shape;
  frames_.pop_back();
  return refuse(shape, "more", ec);
}

bool json_handler::fail(error_code& ec) {
  ec = boost::json::error::exception;  // stops the parser; `failure_` says why
  return false;
}

bool json_handler::refuse(const json_shape& shape, std::string_view found, error_code& ec) {
  const std::string where = path();
  failure_ = where.empty() ? "expected " : "field " + where + ": expected ";
  shape.expected(failure_);
  failure_ += ", found ";
  failure_ += found;
  return fail(ec);
}

std::string json_handler::quoted(std::string_view text) {
  constexpr std::size_t enough = 40;
  std::string out = "string ";
  write_json_string(text.substr(0, enough), out);
  if (text.size() > enough) out += "...";
  return out;
}

/// Returns the path of the value at hand, such as `orders[3].customer.name`.
std::string json_handler::path() const {
  std::string out;
  for (const frame& f : frames_) {
    const json_kind kind = f.slot.shape->kind;
    if (is_sequence(kind)) {
      out += '[' + std::to_string(f.index == 0 ? 0 : f.index - 1) + ']';
      continue;
    }
    if (!out.empty()) out += '.';
    out += kind == json_kind::map ? f.key : f.slot.shape->fields[f.index].name;
  }
  return out;
}

}  // namespace weir::detail

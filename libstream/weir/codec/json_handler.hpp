// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_shape.hpp"

#include <boost/json/error.hpp>
#include <boost/json/string_view.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// Takes the events of boost::json::basic_parser and puts each value where it belongs. Included by
/// json.cpp only. What runs for every value is defined here, so that the parser can inline it.
class json_handler {
public:
  using error_code = boost::json::error_code;
  using chars = boost::json::string_view;

  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  void start(json_slot root);

  /// Returns why a handler function answered false; empty if none did.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) { return begin(json_kind::record, ec); }
  bool on_array_begin(error_code& ec) { return begin(json_kind::list, ec); }
  bool on_key_part(chars s, std::size_t, error_code&) { return keep(s); }
  bool on_string_part(chars s, std::size_t, error_code&) { return keep(s); }
  bool on_number_part(chars s, error_code&) { return keep(s); }
  bool on_comment_part(chars, error_code&) { return true; }
  bool on_comment(chars, error_code&) { return true; }

  bool on_object_end(std::size_t, error_code& ec) {
    if (skipping_ != 0) return leave_skipped();
    frame& top = frames_.back();
    if (top.found != top.slot.shape->fields.size() && !finish_record(top, ec)) return false;
    seen_.resize(top.seen);
    frames_.pop_back();
    return true;
  }

  bool on_array_end(std::size_t, error_code& ec) {
    if (skipping_ != 0) return leave_skipped();
    return finish_array(ec);
  }

  bool on_key(chars s, std::size_t, error_code&) {
    if (skipping_ == 0) {
      frame& top = frames_.back();
      if (top.slot.shape->kind == json_kind::record)
        select_field(top, whole(s));
      else
        top.next = top.slot.shape->entry(top.slot.object, whole(s), top.key);
    }
    parts_.clear();
    return true;
  }

  bool on_string(chars s, std::size_t, error_code& ec) {
    const std::string_view text = whole(s);
    const bool ok = set(&json_shape::set_text, text, ec, [&] { return quoted(text); });
    parts_.clear();
    return ok;
  }

  bool on_int64(std::int64_t v, chars, error_code& ec) {
    parts_.clear();
    return set(&json_shape::set_int, v, ec, [&] { return std::to_string(v); });
  }

  bool on_uint64(std::uint64_t v, chars, error_code& ec) {
    parts_.clear();
    return set(&json_shape::set_uint, v, ec, [&] { return std::to_string(v); });
  }

  /// Takes the text: the parser's double can be off in the last digit.
  bool on_double(double, chars s, error_code& ec) {
    const std::string_view text = whole(s);
    const bool ok = set(&json_shape::set_real, text, ec, [&] { return std::string{text}; });
    parts_.clear();
    return ok;
  }

  bool on_bool(bool v, error_code& ec) {
    return set(&json_shape::set_bool, v, ec, [&] { return v ? "true" : "false"; });
  }

  bool on_null(error_code& ec) {
    if (skipping_ != 0) return true;
    const json_slot slot = take();
    if (slot.object == nullptr) return nowhere(ec);
    if (slot.shape->kind != json_kind::optional) return refuse(*slot.shape, "null", ec);
    slot.shape->clear(slot.object);
    return true;
  }

private:
  /// An object or array that is being filled.
  struct frame {
    json_slot slot;
    json_slot next;             ///< record, map: where the value after the key goes
    std::size_t index = 0;      ///< record: the field; list, fixed: how many items came
    std::size_t found = 0;      ///< record: how many fields came
    std::size_t seen = 0;       ///< record: its first word in `seen_`
    std::string_view key = {};  ///< map: the key
  };

  static constexpr std::size_t word_bits = 64;

  static bool is_sequence(json_kind kind) noexcept {
    return kind == json_kind::list || kind == json_kind::fixed;
  }

  /// Returns the slot within, where `slot` is optional.
  static json_slot opened(json_slot slot) {
    while (slot.shape->kind == json_kind::optional) slot = slot.shape->open(slot.object);
    return slot;
  }

  /// Returns where the value at hand goes.
  [[gnu::always_inline]] json_slot take() {
    if (frames_.empty()) return root_;
    frame& top = frames_.back();
    if (!is_sequence(top.slot.shape->kind)) return top.next;
    return top.slot.shape->item(top.slot.object, top.index++);
  }

  /// Looks for the field first where it is if members come in the order of their description.
  [[gnu::always_inline]] void select_field(frame& top, std::string_view name) {
    const auto fields = top.slot.shape->fields;
    std::size_t at = top.next.shape == nullptr ? 0 : top.index + 1;
    for (std::size_t left = fields.size(); left != 0; --left, ++at) {
      if (at >= fields.size()) at = 0;
      if (fields[at].name != name) continue;
      top.index = at;
      top.next = {fields[at].shape, fields[at].at(top.slot.object)};
      std::uint64_t& word = seen_[top.seen + at / word_bits];
      const std::uint64_t bit = std::uint64_t{1} << (at % word_bits);
      top.found += (word & bit) == 0 ? 1 : 0;
      word |= bit;
      return;
    }
    top.next.object = nullptr;
  }

  /// Gives `value` to the setter of the type that is due; `found` says in messages what it was.
  template <class Setter, class V, class Found>
  bool set(Setter json_shape::*setter, V value, error_code& ec, Found found) {
    if (skipping_ != 0) return true;
    json_slot slot = take();
    if (slot.object == nullptr) return nowhere(ec);
    slot = opened(slot);
    const auto function = slot.shape->*setter;
    if (function != nullptr && function(slot.object, value)) return true;
    return refuse(*slot.shape, found(), ec);
  }

  bool keep(chars s) {
    parts_.append(s.data(), s.size());
    return true;
  }

  /// Returns the text that ends with `s`; it lives until the next event.
  std::string_view whole(chars s) {
    if (parts_.empty()) return {s.data(), s.size()};
    keep(s);
    return parts_;
  }

  bool leave_skipped() noexcept {
    --skipping_;
    return true;
  }

  bool begin(json_kind kind, error_code& ec);
  bool finish_record(frame& top, error_code& ec);
  bool finish_array(error_code& ec);

  bool nowhere(error_code& ec);
  bool fail(error_code& ec);
  bool refuse(const json_shape& shape, std::string_view found, error_code& ec);
  static std::string quoted(std::string_view text);
  [[nodiscard]] std::string path() const;

  json_slot root_;
  std::vector<frame> frames_;
  std::vector<std::uint64_t> seen_;  ///< A bit for each field of each open record.
  std::size_t skipping_ = 0;         ///< Depth below a member that nobody wants.
  std::string parts_;                ///< The pieces so far of a text that comes in pieces.
  std::string failure_;
};

}  // namespace weir::detail

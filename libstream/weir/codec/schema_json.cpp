// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/schema_json.hpp"

#include "weir/codec/binary.hpp"
#include "weir/codec/json_write.hpp"

#include <charconv>
#include <cstdint>
#include <string_view>

namespace weir {

namespace {

template <class N>
bool plain(byte_reader& in, std::string& out) {
  N x{};
  return decode(in, x) && (write_json(x, out), true);
}

/// Reads an integer of any width.
template <class N>
bool widened(byte_reader& in, std::int64_t& n) {
  N x{};
  if (!decode(in, x)) return false;
  n = static_cast<std::int64_t>(x);  // NOLINT(bugprone-signed-char-misuse): a number, no character
  return true;
}
bool integer(const schema& type, byte_reader& in, std::int64_t& n) {
  switch (type.kind) {
    case type_kind::int8:
      return widened<std::int8_t>(in, n);
    case type_kind::int16:
      return widened<std::int16_t>(in, n);
    case type_kind::int32:
      return widened<std::int32_t>(in, n);
    case type_kind::int64:
      return widened<std::int64_t>(in, n);
    case type_kind::uint8:
      return widened<std::uint8_t>(in, n);
    case type_kind::uint16:
      return widened<std::uint16_t>(in, n);
    case type_kind::uint32:
      return widened<std::uint32_t>(in, n);
    case type_kind::uint64:
      return widened<std::uint64_t>(in, n);
    default:
      return false;
  }
}

bool enumerator(const schema& type, byte_reader& in, std::string& out) {
  std::int64_t n = 0;
  if (type.fields.empty() || !integer(type.fields[0].type, in, n)) return false;
  for (std::size_t i = 1; i < type.fields.size(); ++i)
    if (type.fields[i].type.number == n) return write_json(type.fields[i].name, out), true;
  return write_json(n, out), true;
}

/// How many microseconds a unit like "1/1000000" has; 0 if it is no whole number of them.
std::int64_t micros_of(std::string_view unit) {
  std::int64_t num = 0;
  std::int64_t den = 0;
  const char* const end = unit.data() + unit.size();
  const auto first = std::from_chars(unit.data(), end, num);
  if (first.ec != std::errc{} || first.ptr == end) return 0;
  if (std::from_chars(first.ptr + 1, end, den).ec != std::errc{} || den == 0) return 0;
  std::int64_t scaled = 0;
  return __builtin_mul_overflow(num, 1'000'000, &scaled) || scaled % den != 0 ? 0 : scaled / den;
}

bool instant(const schema& type, byte_reader& in, std::string& out) {
  if (type.fields.empty()) return false;
  byte_reader ahead = in;
  std::int64_t count = 0;
  const std::int64_t unit = micros_of(type.name);
  if (unit == 0 || !integer(type.fields[0].type, ahead, count))
    return append_json(type.fields[0].type, in, out);
  in = ahead;
  std::int64_t micros = 0;
  if (__builtin_mul_overflow(count, unit, &micros)) return write_json(count, out), true;
  return write_json(timestamp{duration{micros}}, out), true;
}

bool count_of(byte_reader& in, std::uint32_t& n) { return in.read(&n, sizeof n); }

/// Values of all fields in turn, `n` times over; `name` is written before each.
template <class Name>
bool values(const schema& type, std::uint64_t n, byte_reader& in, std::string& out, Name name) {
  bool first = true;
  for (; n != 0; --n) {
    if (in.remaining() == 0 && !type.fields.empty() && n > 1) return false;  // a damaged count
    for (const schema_field& f : type.fields) {
      if (!std::exchange(first, false)) out += ',';
      name(f);
      if (!append_json(f.type, in, out)) return false;
    }
  }
  return true;
}
bool list(const schema& type, std::uint64_t n, byte_reader& in, std::string& out) {
  out += '[';
  const bool read = values(type, n, in, out, [](const schema_field&) {});
  out += ']';
  return read;
}

bool record(const schema& type, byte_reader& in, std::string& out) {
  out += '{';
  const bool read = values(type, 1, in, out, [&](const schema_field& f) {
    write_json(f.name, out);
    out += ':';
  });
  out += '}';
  return read;
}

bool map(const schema& type, byte_reader& in, std::string& out) {
  std::uint32_t n = 0;
  if (type.fields.size() != 2 || !count_of(in, n)) return false;
  const bool named = type.fields[0].type.kind == type_kind::text;
  out += named ? '{' : '[';
  for (std::uint32_t i = 0; i < n; ++i) {
    if (i != 0) out += ',';
    if (!named) out += '[';
    if (!append_json(type.fields[0].type, in, out)) return false;
    out += named ? ':' : ',';
    if (!append_json(type.fields[1].type, in, out)) return false;
    if (!named) out += ']';
  }
  out += named ? '}' : ']';
  return true;
}

bool alternative(const schema& type, byte_reader& in, std::string& out) {
  std::uint8_t which = 0;
  if (!in.read(&which, 1) || which >= type.fields.size()) return false;
  out += "{\"alternative\":" + std::to_string(which) + ",\"value\":";
  const bool read = append_json(type.fields[which].type, in, out);
  out += '}';
  return read;
}

bool optional(const schema& type, byte_reader& in, std::string& out) {
  std::uint8_t there = 0;
  if (type.fields.empty() || !in.read(&there, 1) || there > 1) return false;
  if (there == 1) return append_json(type.fields[0].type, in, out);
  out += "null";
  return true;
}

}  // namespace

bool append_json(const schema& type, byte_reader& in, std::string& out) {
  std::uint32_t n = 0;
  switch (type.kind) {
    case type_kind::boolean:
      return plain<bool>(in, out);
    case type_kind::uint64:
      return plain<std::uint64_t>(in, out);
    case type_kind::int8:
    case type_kind::int16:
    case type_kind::int32:
    case type_kind::int64:
    case type_kind::uint8:
    case type_kind::uint16:
    case type_kind::uint32: {
      std::int64_t value = 0;
      return integer(type, in, value) && (write_json(value, out), true);
    }
    case type_kind::float32:
      return plain<float>(in, out);
    case type_kind::float64:
      return plain<double>(in, out);
    case type_kind::text:
      return plain<std::string>(in, out);
    case type_kind::blob:
      return plain<bytes>(in, out);
    case type_kind::enumeration:
      return enumerator(type, in, out);
    case type_kind::time:
      return instant(type, in, out);
    case type_kind::time_span:
      return !type.fields.empty() && append_json(type.fields[0].type, in, out);
    case type_kind::optional:
      return optional(type, in, out);
    case type_kind::list:
      return count_of(in, n) && list(type, n, in, out);
    case type_kind::array:
      return list(type, static_cast<std::uint64_t>(type.number), in, out);
    case type_kind::tuple:
      return list(type, 1, in, out);
    case type_kind::map:
      return map(type, in, out);
    case type_kind::variant:
      return alternative(type, in, out);
    case type_kind::record:
      return record(type, in, out);
    case type_kind::custom:
      return false;
  }
  return false;
}

}  // namespace weir

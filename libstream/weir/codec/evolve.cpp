// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/evolve.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

namespace weir {

namespace {

bool is_signed(type_kind k) { return k >= type_kind::int8 && k <= type_kind::int64; }
bool is_unsigned(type_kind k) { return k >= type_kind::uint8 && k <= type_kind::uint64; }
bool is_integer(type_kind k) { return is_signed(k) || is_unsigned(k); }
bool is_float(type_kind k) { return k == type_kind::float32 || k == type_kind::float64; }

/// Bytes of a number or boolean.
std::size_t width(type_kind k) {
  switch (k) {
    case type_kind::boolean:
    case type_kind::int8:
    case type_kind::uint8:
      return 1;
    case type_kind::int16:
    case type_kind::uint16:
      return 2;
    case type_kind::int32:
    case type_kind::uint32:
    case type_kind::float32:
      return 4;
    default:
      return 8;
  }
}

bool is_plain(type_kind k) { return k == type_kind::boolean || is_integer(k) || is_float(k); }
/// Kinds whose only field is written in their place.
bool is_wrapped(type_kind k) {
  return k == type_kind::enumeration || k == type_kind::time || k == type_kind::time_span;
}
bool is_counted(type_kind k) { return k == type_kind::list || k == type_kind::map; }

bool widens(type_kind from, type_kind to) {
  if (from == to) return true;
  if (is_signed(from)) {
    if (is_signed(to)) return width(to) > width(from);
    return to == type_kind::float64 && width(from) <= 4;
  }
  if (is_unsigned(from)) {
    if (is_integer(to)) return width(to) > width(from);
    return to == type_kind::float64 && width(from) <= 4;
  }
  return from == type_kind::float32 && to == type_kind::float64;
}

const schema_field* find_field(const schema& in, const std::string& name) {
  for (const schema_field& f : in.fields)
    if (f.name == name) return &f;
  return nullptr;
}

bool has_custom(const schema& s) {
  return s.kind == type_kind::custom ||
         std::any_of(s.fields.begin(), s.fields.end(), [](auto& f) { return has_custom(f.type); });
}

std::string at(const std::string& path) { return path.empty() ? "the value" : "'" + path + "'"; }
std::string within(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

/// What keeps `from` from being read as `to`; empty if nothing does.
std::string obstacle(const schema& from, const schema& to, const std::string& path);

std::string differ(const schema& from, const schema& to, const std::string& path) {
  return at(path) + " was " + std::string{to_string(from.kind)} + ", and is " +
         std::string{to_string(to.kind)} + " now";
}

std::string enumerators(const schema& from, const schema& to, const std::string& path) {
  for (std::size_t i = 1; i < from.fields.size() && to.fields.size() > 1; ++i) {
    const schema_field* now = find_field(to, from.fields[i].name);
    if (now == nullptr || now->type.number != from.fields[i].type.number)
      return at(path) + ": the enumerator '" + from.fields[i].name +
             "' is gone or has another number now";
  }
  return obstacle(from.fields[0].type, to.fields[0].type, path);
}

std::string members(const schema& from, const schema& to, const std::string& path) {
  for (const schema_field& now : to.fields)
    if (const schema_field* before = find_field(from, now.name))
      if (auto why = obstacle(before->type, now.type, within(path, now.name)); !why.empty())
        return why;
  return {};
}

/// Elements, alternatives, keys and values, one by one.
std::string parts(const schema& from, const schema& to, const std::string& path) {
  for (std::size_t i = 0; i < from.fields.size(); ++i)
    if (auto why =
            obstacle(from.fields[i].type, to.fields[i].type, within(path, from.fields[i].name));
        !why.empty())
      return why;
  return {};
}

std::string obstacle(const schema& from, const schema& to, const std::string& path) {
  if (to.kind == type_kind::optional && from.kind != type_kind::optional)
    return obstacle(from, to.fields[0].type, path);
  if (is_plain(from.kind) && is_plain(to.kind))
    return widens(from.kind, to.kind) ? std::string{} : differ(from, to, path);
  if (from.kind != to.kind) return differ(from, to, path);
  switch (from.kind) {
    case type_kind::custom:
      return at(path) + " has a codec of its own ('" + from.name +
             "'), and can't stand in a type that changes";
    case type_kind::record:
      return members(from, to, path);
    case type_kind::enumeration:
      return enumerators(from, to, path);
    case type_kind::time:
    case type_kind::time_span:
      if (from.name != to.name) return at(path) + " has another unit now";
      return parts(from, to, path);
    case type_kind::array:
      if (from.number != to.number) return at(path) + " has another length now";
      return parts(from, to, path);
    case type_kind::tuple:
      if (from.fields.size() != to.fields.size()) return at(path) + " has another length now";
      return parts(from, to, path);
    case type_kind::variant:
      if (from.fields.size() > to.fields.size()) return at(path) + " has fewer alternatives now";
      return parts(from, to, path);
    default:
      return parts(from, to, path);
  }
}

template <class N>
N read_number(const std::byte* from) {
  N n;
  std::memcpy(&n, from, sizeof n);
  return n;
}

std::int64_t signed_of(const std::byte* from, type_kind k) {
  switch (width(k)) {
    case 1:
      return read_number<std::int8_t>(from);
    case 2:
      return read_number<std::int16_t>(from);
    case 4:
      return read_number<std::int32_t>(from);
    default:
      return read_number<std::int64_t>(from);
  }
}

bool take_number(byte_reader& in, type_kind from, type_kind to, bytes& out) {
  std::array<std::byte, 8> raw{};
  if (!in.read(raw.data(), width(from))) return false;
  if (from == to) return append(out, raw.data(), width(from)), true;
  if (is_float(to)) {
    const double x = from == type_kind::float32 ? double{read_number<float>(raw.data())}
                     : is_signed(from)
                         ? static_cast<double>(signed_of(raw.data(), from))
                         : static_cast<double>(read_number<std::uint64_t>(raw.data()));
    return append(out, &x, sizeof x), true;
  }
  // Little-endian: the low bytes come first. What was read unsigned is filled up with zeros.
  const std::int64_t n =
      is_signed(from) ? signed_of(raw.data(), from) : read_number<std::int64_t>(raw.data());
  return append(out, &n, width(to)), true;
}

bool take_count(byte_reader& in, std::uint32_t& n) { return in.read(&n, sizeof n); }

bool skip(const schema& s, byte_reader& in) {
  std::span<const std::byte> ignored;
  std::uint32_t n = 1;
  std::uint8_t which = 0;
  if (is_plain(s.kind)) return in.view(width(s.kind), ignored);
  switch (s.kind) {
    case type_kind::text:
    case type_kind::blob:
      return take_count(in, n) && in.view(n, ignored);
    case type_kind::optional:
      return in.read(&which, 1) && which <= 1 && (which == 0 || skip(s.fields[0].type, in));
    case type_kind::variant:
      return in.read(&which, 1) && which < s.fields.size() && skip(s.fields[which].type, in);
    case type_kind::list:
    case type_kind::map:
      if (!take_count(in, n)) return false;
      break;
    case type_kind::array:
      n = static_cast<std::uint32_t>(s.number);
      break;
    case type_kind::enumeration:
      return skip(s.fields[0].type, in);
    default:
      break;
  }
  for (; n != 0; --n)
    for (const schema_field& f : s.fields)
      if (!skip(f.type, in)) return false;
  return true;
}

/// Appends zero, empty or nothing.
void append_nothing(const schema& s, bytes& out) {
  if (is_plain(s.kind)) return out.resize(out.size() + width(s.kind)), void();
  switch (s.kind) {
    case type_kind::text:
    case type_kind::blob:
    case type_kind::list:
    case type_kind::map:
      return out.resize(out.size() + sizeof(std::uint32_t)), void();
    case type_kind::optional:
      return out.push_back(std::byte{0});
    case type_kind::variant:
      out.push_back(std::byte{0});
      return append_nothing(s.fields[0].type, out);
    case type_kind::array:
      for (std::int64_t i = 0; i < s.number; ++i) append_nothing(s.fields[0].type, out);
      return;
    case type_kind::enumeration:
      return append_nothing(s.fields[0].type, out);
    default:
      for (const schema_field& f : s.fields) append_nothing(f.type, out);
  }
}

using defaults = std::optional<std::span<const std::byte>>;

bool convert_value(const schema& from, const schema& to, byte_reader& in, const defaults& initial,
                   bytes& out);

/// The bytes of each field of a record or tuple, one behind the other.
bool split(const schema& s, std::span<const std::byte> whole,
           std::vector<std::span<const std::byte>>& out, std::size_t& used) {
  byte_reader in{whole};
  for (const schema_field& f : s.fields) {
    const std::size_t before = whole.size() - in.remaining();
    if (!skip(f.type, in)) return false;
    out.push_back(whole.subspan(before, whole.size() - in.remaining() - before));
  }
  used = whole.size() - in.remaining();
  return true;
}

bool convert_record(const schema& from, const schema& to, byte_reader& in, const defaults& initial,
                    bytes& out) {
  std::span<const std::byte> rest;
  byte_reader ahead = in;
  if (!ahead.view(in.remaining(), rest)) return false;
  std::vector<std::span<const std::byte>> before;
  std::vector<std::span<const std::byte>> fresh;
  std::size_t used = 0;
  std::size_t ignored = 0;
  if (!split(from, rest, before, used) || !in.view(used, rest)) return false;
  if (initial && !split(to, *initial, fresh, ignored)) return false;
  for (std::size_t i = 0; i < to.fields.size(); ++i) {
    const schema_field& now = to.fields[i];
    const schema_field* had = find_field(from, now.name);
    const defaults inner = initial ? defaults{fresh[i]} : defaults{};
    if (had == nullptr) {
      inner ? append(out, inner->data(), inner->size()) : append_nothing(now.type, out);
      continue;
    }
    byte_reader field{before[static_cast<std::size_t>(had - from.fields.data())]};
    if (!convert_value(had->type, now.type, field, inner, out)) return false;
  }
  return true;
}

/// Fields that stand for each other by position, `n` times.
bool convert_parts(const schema& from, const schema& to, byte_reader& in, std::uint32_t n,
                   bytes& out) {
  for (; n != 0; --n)
    for (std::size_t i = 0; i < from.fields.size(); ++i)
      if (!convert_value(from.fields[i].type, to.fields[i].type, in, {}, out)) return false;
  return true;
}

bool convert_tuple(const schema& from, const schema& to, byte_reader& in, const defaults& initial,
                   bytes& out) {
  std::vector<std::span<const std::byte>> fresh;
  std::size_t ignored = 0;
  if (initial && !split(to, *initial, fresh, ignored)) return false;
  for (std::size_t i = 0; i < from.fields.size(); ++i)
    if (!convert_value(from.fields[i].type, to.fields[i].type, in,
                       initial ? defaults{fresh[i]} : defaults{}, out))
      return false;
  return true;
}

bool convert_value(const schema& from, const schema& to, byte_reader& in, const defaults& initial,
                   bytes& out) {
  if (to.kind == type_kind::optional && from.kind != type_kind::optional) {
    out.push_back(std::byte{1});
    return convert_value(from, to.fields[0].type, in, {}, out);
  }
  if (is_plain(from.kind)) return take_number(in, from.kind, to.kind, out);
  if (is_wrapped(from.kind))
    return take_number(in, from.fields[0].type.kind, to.fields[0].type.kind, out);
  std::uint32_t n = 1;
  std::uint8_t which = 0;
  std::span<const std::byte> data;
  switch (from.kind) {
    case type_kind::text:
    case type_kind::blob:
      if (!take_count(in, n) || !in.view(n, data)) return false;
      append(out, &n, sizeof n);
      return append(out, data.data(), data.size()), true;
    case type_kind::optional:
    case type_kind::variant: {
      if (!in.read(&which, 1)) return false;
      out.push_back(std::byte{which});
      const bool is_optional = from.kind == type_kind::optional;
      if (is_optional && which == 0) return true;
      const std::size_t i = is_optional ? 0 : which;
      if (i >= from.fields.size() || (is_optional && which != 1)) return false;
      return convert_value(from.fields[i].type, to.fields[i].type, in, {}, out);
    }
    case type_kind::record:
      return convert_record(from, to, in, initial, out);
    case type_kind::tuple:
      return convert_tuple(from, to, in, initial, out);
    case type_kind::array:
      return convert_parts(from, to, in, static_cast<std::uint32_t>(from.number), out);
    default:
      if (!is_counted(from.kind) || !take_count(in, n)) return false;
      append(out, &n, sizeof n);
      return convert_parts(from, to, in, n, out);
  }
}

}  // namespace

result<schema_change> schema_change::between(schema from, schema to, bytes initial) {
  std::string why = obstacle(from, to, {});
  if (why.empty() && (has_custom(from) || has_custom(to)))
    why = "a type with a codec of its own can't stand in a type that changes";
  if (!why.empty()) return error{errc::incompatible, std::move(why)};
  return schema_change{std::move(from), std::move(to), std::move(initial)};
}

bool schema_change::convert(byte_reader& in, bytes& out) const {
  return convert_value(from_, to_, in, std::span<const std::byte>{initial_}, out);
}

void encode_schema(const schema& type, bytes& out) {
  encode(static_cast<std::uint8_t>(type.kind), out);
  encode(type.name, out);
  encode(type.number, out);
  encode(static_cast<std::uint32_t>(type.fields.size()), out);
  for (const schema_field& f : type.fields) {
    encode(f.name, out);
    encode_schema(f.type, out);
  }
}

namespace {

/// How many fields a kind must have for the functions above to rely on it.
bool is_well_formed(const schema& s) {
  const std::size_t n = s.fields.size();
  if (is_wrapped(s.kind)) return n >= 1 && is_plain(s.fields[0].type.kind);
  switch (s.kind) {
    case type_kind::optional:
    case type_kind::list:
      return n == 1;
    case type_kind::array:
      return n == 1 && s.number >= 0 && s.number <= ~std::uint32_t{0};
    case type_kind::map:
      return n == 2;
    case type_kind::variant:
      return n >= 1;
    default:
      return true;
  }
}

bool decode_schema(byte_reader& in, schema& out, int depth) {
  std::uint8_t kind = 0;
  std::uint32_t n = 0;
  if (depth == 0 || !decode(in, kind) || kind < 1 || kind > 24) return false;
  out.kind = static_cast<type_kind>(kind);
  if (!decode(in, out.name) || !decode(in, out.number) || !decode(in, n)) return false;
  if (n > in.remaining()) return false;
  out.fields.resize(n);
  for (schema_field& f : out.fields)
    if (!decode(in, f.name) || !decode_schema(in, f.type, depth - 1)) return false;
  return is_well_formed(out);
}

}  // namespace

bool decode_schema(byte_reader& in, schema& out) { return decode_schema(in, out, 64); }

}  // namespace weir

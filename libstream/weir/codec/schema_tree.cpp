// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/schema_tree.hpp"

#include "weir/codec/json_write.hpp"

namespace weir {

namespace {

constexpr std::uint64_t hash_start = 14695981039346656037u;

/// FNV-1a.
void mix(std::uint64_t& hash, unsigned char byte) noexcept {
  hash = (hash ^ byte) * 1099511628211u;
}

void mix(std::uint64_t& hash, std::uint64_t number) noexcept {
  for (int shift = 0; shift < 64; shift += 8)
    mix(hash, static_cast<unsigned char>(number >> shift));
}

void mix(std::uint64_t& hash, std::string_view text) noexcept {
  mix(hash, std::uint64_t{text.size()});
  for (const char c : text) mix(hash, static_cast<unsigned char>(c));
}

void mix(std::uint64_t& hash, const schema& type) noexcept {
  const bool named_by_user = type.kind == type_kind::record || type.kind == type_kind::enumeration;
  mix(hash, static_cast<unsigned char>(type.kind));
  mix(hash, named_by_user ? std::string_view{} : std::string_view{type.name});
  mix(hash, static_cast<std::uint64_t>(type.number));
  mix(hash, std::uint64_t{type.fields.size()});
  for (const schema_field& field : type.fields) {
    mix(hash, std::string_view{field.name});
    mix(hash, field.type);
  }
}

void write(const schema& type, std::string& out);

void write_fields(const std::vector<schema_field>& fields, std::string& out) {
  out += ",\"fields\":[";
  for (const schema_field& field : fields) {
    if (&field != fields.data()) out += ',';
    out += "{\"name\":";
    detail::write_json_string(field.name, out);
    out += ",\"type\":";
    write(field.type, out);
    out += '}';
  }
  out += ']';
}

void write(const schema& type, std::string& out) {
  const bool plain = type.name.empty() && type.number == 0 && type.fields.empty();
  if (!plain) out += "{\"type\":";
  out += '"';
  out += to_string(type.kind);
  out += '"';
  if (plain) return;
  if (!type.name.empty()) {
    out += ",\"name\":";
    detail::write_json_string(type.name, out);
  }
  if (type.number != 0) out += ",\"number\":" + std::to_string(type.number);
  if (!type.fields.empty()) write_fields(type.fields, out);
  out += '}';
}

}  // namespace

std::string_view to_string(type_kind kind) noexcept {
  switch (kind) {
    case type_kind::boolean:
      return "boolean";
    case type_kind::int8:
      return "int8";
    case type_kind::int16:
      return "int16";
    case type_kind::int32:
      return "int32";
    case type_kind::int64:
      return "int64";
    case type_kind::uint8:
      return "uint8";
    case type_kind::uint16:
      return "uint16";
    case type_kind::uint32:
      return "uint32";
    case type_kind::uint64:
      return "uint64";
    case type_kind::float32:
      return "float32";
    case type_kind::float64:
      return "float64";
    case type_kind::text:
      return "text";
    case type_kind::blob:
      return "blob";
    case type_kind::enumeration:
      return "enumeration";
    case type_kind::time:
      return "time";
    case type_kind::time_span:
      return "time_span";
    case type_kind::optional:
      return "optional";
    case type_kind::list:
      return "list";
    case type_kind::array:
      return "array";
    case type_kind::tuple:
      return "tuple";
    case type_kind::map:
      return "map";
    case type_kind::variant:
      return "variant";
    case type_kind::record:
      return "record";
    case type_kind::custom:
      return "custom";
  }
  return "unknown";
}

bool operator==(const schema& a, const schema& b) {
  return a.kind == b.kind && a.name == b.name && a.number == b.number && a.fields == b.fields;
}

bool operator==(const schema_field& a, const schema_field& b) {
  return a.name == b.name && a.type == b.type;
}

std::string to_json(const schema& type) {
  std::string out;
  write(type, out);
  return out;
}

std::uint64_t fingerprint(const schema& type) noexcept {
  std::uint64_t hash = hash_start;
  mix(hash, type);
  return hash;
}

}  // namespace weir

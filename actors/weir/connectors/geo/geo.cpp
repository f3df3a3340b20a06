// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/geo/geo.hpp"

#include "weir/codec/base64.hpp"
#include "weir/codec/json_write.hpp"

#include <maxminddb.h>

#include <span>

namespace weir::geo {

struct database::inside {
  inside() = default;
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
  ~inside() {
    if (opened) MMDB_close(&db);
  }

  MMDB_s db{};
  bool opened = false;
  std::string path;
};

namespace {

std::string_view text_of(const MMDB_entry_data_s& d) {
  return {d.utf8_string, d.data_size};  // not ended by a zero
}

std::string wide_number(mmdb_uint128_t n) {
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(n % 10)));
    n /= 10;
  } while (n != 0);
  return digits;
}

/// Writes the value that begins at `at`, and moves on behind it. The library has checked the list
/// against the file; it nests no deeper than that allows.
void write_entry(const MMDB_entry_data_list_s*& at, std::string& out) {
  const MMDB_entry_data_s& d = at->entry_data;
  at = at->next;
  switch (d.type) {
    case MMDB_DATA_TYPE_MAP:
      out += '{';
      for (std::uint32_t i = 0; i < d.data_size && at != nullptr; ++i) {
        if (i != 0) out += ',';
        weir::detail::write_json_string(text_of(at->entry_data), out);
        out += ':';
        at = at->next;
        if (at != nullptr) write_entry(at, out);
      }
      out += '}';
      return;
    case MMDB_DATA_TYPE_ARRAY:
      out += '[';
      for (std::uint32_t i = 0; i < d.data_size && at != nullptr; ++i) {
        if (i != 0) out += ',';
        write_entry(at, out);
      }
      out += ']';
      return;
    case MMDB_DATA_TYPE_UTF8_STRING:
      return weir::detail::write_json_string(text_of(d), out);
    case MMDB_DATA_TYPE_BYTES:
      out += '"';
      write_base64(std::as_bytes(std::span{d.bytes, d.data_size}), out);
      out += '"';
      return;
    case MMDB_DATA_TYPE_DOUBLE:
      return write_json(d.double_value, out);
    case MMDB_DATA_TYPE_FLOAT:
      return write_json(d.float_value, out);
    case MMDB_DATA_TYPE_UINT16:
      out += std::to_string(d.uint16);
      return;
    case MMDB_DATA_TYPE_UINT32:
      out += std::to_string(d.uint32);
      return;
    case MMDB_DATA_TYPE_INT32:
      out += std::to_string(d.int32);
      return;
    case MMDB_DATA_TYPE_UINT64:
      out += std::to_string(d.uint64);
      return;
    case MMDB_DATA_TYPE_UINT128:
      out += wide_number(d.uint128);
      return;
    case MMDB_DATA_TYPE_BOOLEAN:
      out += d.boolean ? "true" : "false";
      return;
    default:
      out += "null";
  }
}

}  // namespace

result<database> database::open(const std::string& path) {
  auto in = std::make_unique<inside>();
  in->path = path;
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &in->db);
  if (status == MMDB_SUCCESS) {
    in->opened = true;
    return database{std::move(in)};
  }
  const errc code = status == MMDB_FILE_OPEN_ERROR ? errc::not_found
                    : status == MMDB_IO_ERROR      ? errc::io_failed
                                                   : errc::decode_failed;
  return error{code, "geo database '" + path + "': " + MMDB_strerror(status)};
}

database::database(std::unique_ptr<inside> in) : inside_(std::move(in)) {}
database::database(database&&) noexcept = default;
database& database::operator=(database&&) noexcept = default;
database::~database() = default;

result<std::optional<std::string>> database::find(const std::string& address) const {
  const auto fail = [&](errc code, const std::string& why) {
    return error{code, "geo database '" + inside_->path + "': " + why};
  };
  int no_address = 0;
  int status = MMDB_SUCCESS;
  MMDB_lookup_result_s found =
      MMDB_lookup_string(&inside_->db, address.c_str(), &no_address, &status);
  if (no_address != 0)
    return error{errc::decode_failed, "'" + address.substr(0, 60) + "' is no IP address"};
  if (status == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) return std::optional<std::string>{};
  if (status != MMDB_SUCCESS) return fail(errc::decode_failed, MMDB_strerror(status));
  if (!found.found_entry) return std::optional<std::string>{};
  MMDB_entry_data_list_s* list = nullptr;
  status = MMDB_get_entry_data_list(&found.entry, &list);
  const std::unique_ptr<MMDB_entry_data_list_s, decltype(&MMDB_free_entry_data_list)> held{
      list, MMDB_free_entry_data_list};
  if (status != MMDB_SUCCESS || list == nullptr)
    return fail(errc::decode_failed, MMDB_strerror(status));
  std::string json;
  const MMDB_entry_data_list_s* at = list;
  write_entry(at, json);
  return std::optional{std::move(json)};
}

}  // namespace weir::geo

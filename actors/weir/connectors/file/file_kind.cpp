// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/file_kind.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace weir::file {

namespace {

bool take_ending(std::string& name, std::string_view ending) {
  if (!name.ends_with(ending)) return false;
  name.resize(name.size() - ending.size());
  return true;
}

}  // namespace

result<file_kind> kind_of(const std::string& path, const file_options& options) {
  std::string name = path;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  file_kind made;
  if (take_ending(name, ".zst")) made.packed = packing::zstd;
  if (made.packed == packing::none && take_ending(name, ".gz")) made.packed = packing::gzip;
  const bool tabs = name.ends_with(".tsv");
  if (options.format)
    made.format = *options.format;
  else if (name.ends_with(".jsonl") || name.ends_with(".ndjson") || name.ends_with(".json"))
    made.format = file_format::jsonl;
  else if (tabs || name.ends_with(".csv"))
    made.format = file_format::csv;
  else
    return error{errc::invalid_argument,
                 "the format of '" + path +
                     "' can't be told from its name (.jsonl, .ndjson, .json, .csv or .tsv, and "
                     ".zst or .gz behind it); set file_options::format"};
  if (options.csv)
    made.csv = *options.csv;
  else if (tabs)
    made.csv.separator = '\t';
  if (options.follow && made.packed != packing::none)
    return error{errc::invalid_argument,
                 "'" + path + "' is compressed and can't be followed; follow the plain file"};
  return made;
}

}  // namespace weir::file

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/file_sink.hpp"

#include "weir/connectors/file/file_kind.hpp"

#include <cctype>
#include <filesystem>
#include <utility>

namespace weir {

namespace file {

std::string as_file_name(std::string id) {
  for (char& c : id)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_' && c != '.')
      c = '_';
  if (id.starts_with('.')) id.front() = '_';
  return id;
}

std::string output_path(const std::string& directory, const std::string& name,
                        const std::string& extension, const sink_instance& at) {
  std::string file = name;
  if (at.parallelism > 1) file += "-" + std::to_string(at.instance);
  return (std::filesystem::path{directory} / (file + extension)).string();
}

}  // namespace file

file_sink::file_sink(std::string directory, std::string extension, file_sink_options options)
    : directory_(std::move(directory)),
      extension_(std::move(extension)),
      options_(std::move(options)) {}

std::string file_sink::target() const {
  if (options_.name.empty()) return {};
  return (std::filesystem::path{directory_} / (options_.name + extension_)).string();
}

file_sink file_sink::numbered(std::uint32_t n) const {
  file_sink other = *this;
  if (!other.options_.name.empty()) other.options_.name += "-" + std::to_string(n);
  return other;
}

file_sink to_files(std::string directory, file_sink_options options) {
  const bool csv = options.format == file_format::csv;
  const bool tabs = csv && options.csv && options.csv->separator == '\t';
  return {std::move(directory), tabs ? ".tsv" : csv ? ".csv" : ".jsonl", std::move(options)};
}

namespace {

file_sink to_one_file(const std::string& path, const file_options& how) {
  const file::file_kind kind = file::kind_of(path, how).value();
  const std::filesystem::path name{path};
  if (kind.packed != file::packing::none)
    throw exception({errc::unsupported, "to_file: '" + path +
                                            "' would be compressed, and only plain files are "
                                            "written; leave out the last extension"});
  return {name.parent_path().string(),
          name.extension().string(),
          {kind.format, kind.csv, name.stem().string()}};
}

}  // namespace

file_sink to_file(const std::string& path) { return to_one_file(path, {}); }

file_sink to_file(const std::string& path, file_format format) {
  return to_one_file(path, {.format = format});
}

}  // namespace weir

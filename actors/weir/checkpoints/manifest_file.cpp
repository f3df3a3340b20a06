// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/manifest_file.hpp"

#include "weir/codec/json.hpp"

namespace weir::checkpoints {

namespace {

/// Of a checkpoint that has files beside the parts; one without is of the format before.
constexpr std::uint32_t format_with_files = 2;

}  // namespace

result<void> write_manifest(const std::string& place, const manifest_file& m) {
  manifest_file written = m;
  if (written.files) written.checkpoint.format = format_with_files;
  const auto manifest = write_file(place + "/manifest.json", to_json(written) + "\n");
  if (!manifest) return manifest.error();
  const auto sum = write_file(place + "/manifest.sum", to_json(*manifest) + "\n");
  if (!sum) return sum.error();
  return {};
}

result<manifest_file> read_manifest(const std::string& place) {
  const std::string path = place + "/manifest.json";
  const auto text = read_file(path);
  if (!text) return text.error();
  const auto sum_text = read_file(place + "/manifest.sum");
  if (!sum_text) return sum_text.error();
  const auto sum = from_json<file_sum>(*sum_text);
  // Written anew it must be the same text: white space could hide a changed bit.
  if (!sum || to_json(*sum) + "\n" != *sum_text || *sum != sum_of(*text))
    return error{errc::incompatible, "'" + path + "' is damaged: its checksum differs"};
  auto manifest = from_json<manifest_file>(*text);
  if (!manifest)
    return error{errc::incompatible, "'" + path + "' can't be read: " + manifest.error().message};
  if (manifest->checkpoint.format < checkpoint_manifest{}.format ||
      manifest->checkpoint.format > format_with_files)
    return error{errc::incompatible,
                 "'" + path + "' has format " + std::to_string(manifest->checkpoint.format) +
                     ", and this build reads formats up to " + std::to_string(format_with_files)};
  return manifest;
}

}  // namespace weir::checkpoints

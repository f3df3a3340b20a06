// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/file_reader.hpp"
#include "weir/connectors/file/find_files.hpp"
#include "weir/connectors/file/record_decoder.hpp"
#include "weir/source/source.hpp"

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// What `files` makes: a source whose splits are files. Each file's name is its split's id; offsets
/// are those of the uncompressed bytes.
template <class T>
class file_source {
public:
  using event_type = T;
  static constexpr bool recorded = true;

  file_source(std::string pattern, file_options options)
      : pattern_(std::move(pattern)), options_(std::move(options)) {
    if (options_.files_at_once == 0 || options_.max_record == 0 ||
        options_.poll_interval <= duration{0})
      throw exception({errc::invalid_argument,
                       "files: files_at_once, max_record and poll_interval must be at least 1"});
  }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return file::make_enumerator(pattern_, options_);
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const {
    return std::make_unique<file::file_reader<T>>(options_);
  }
  /// Decodes one record as if it stood in a file; of a CSV file the header is read for that.
  [[nodiscard]] result<T> decode_record(const std::string& path, std::string_view record) const
      try {
    file::file_lane lane{path, 0, options_};
    file::record_decoder<T> decoder{lane.kind()};
    if (lane.kind().format == file_format::csv) {
      file::raw_record header;
      while (!lane.next(header))
        if (lane.advance({}) != file::file_lane::progress::more)
          return error{errc::not_found, "'" + path + "' has no CSV header any more"};
      if (auto taken = decoder.take_header(header.text); !taken) return taken.error();
    }
    T event{};
    if (auto decoded = decoder.decode(record, event); !decoded) return decoded.error();
    return event;
  } catch (const exception& e) {
    return e.why();
  } catch (const std::exception& e) {  // a type's own codec may throw
    return error{errc::decode_failed, e.what()};
  }
  [[nodiscard]] result<void> check_offset(const std::string& path, std::uint64_t offset) const {
    return file::check_offset(path, offset, options_);
  }
  [[nodiscard]] std::string kind() const { return "file"; }
  [[nodiscard]] bool blocking() const { return true; }

private:
  std::string pattern_;
  file_options options_;
};

/// Reads a file, all regular files of a directory (not those in its directories, and no hidden
/// ones), or all that a glob pattern matches, as events of `T`. See `file_options`; .zst and .gz
/// are decompressed as they are read. A record that can't be decoded is rejected with its offset
/// and text. A file that is missing, can't be read, is damaged or has no usable CSV header is an
/// error.
///
///     p.from(weir::files<flight>("data/*.csv.zst"))
///     p.from(weir::files<entry>("/var/log/app.jsonl", {.follow = true}))
///
/// A compressed file that is gone on with after a restart is decompressed from its beginning. It is
/// an error if a file no longer has a line end where the reading stopped.
///
/// Following goes on with a file that takes the name's place once the old one has had nothing for a
/// poll interval, and begins again at 0 when a file became shorter. A line is given when its end
/// has come, or when a rotation has cut it off. After a rotation offsets count from the new file's
/// beginning. The offset kept for a restart is that of the file that was read last; if the file is
/// then shorter, or has no line end there, it is read from its beginning. What a file received
/// between a stop and its rotation is not found. A single file may be missing at first.
template <class T>
[[nodiscard]] file_source<T> files(std::string pattern, file_options options = {}) {
  return {std::move(pattern), std::move(options)};
}

template <class T>
[[nodiscard]] file_source<T> files(std::string pattern, file_format format) {
  return {std::move(pattern), {.format = format}};
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/file_options.hpp"
#include "weir/connectors/file/output_file.hpp"
#include "weir/connectors/file/row_encoder.hpp"
#include "weir/sink/sink.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir {

namespace file {

/// Writes events as rows of one file.
template <class T>
class file_writer final : public sink_writer<T> {
public:
  file_writer(std::string path, const file_sink_options& options, const sink_instance& at)
      : encoder_(options.format, options.csv.value_or(csv_format{})),
        out_(std::move(path), encoder_.header(), at) {}

  written write(std::span<const T> events, std::span<const timestamp>) override {
    written done;
    for (; done.events < events.size(); ++done.events)
      if ((done.failure = encoder_.append(events[done.events], out_.rows()))) break;
    if (done.events != 0) out_.rows_added();
    return done;
  }
  result<bytes> pre_commit(std::uint64_t checkpoint) override {
    return out_.pre_commit(checkpoint);
  }
  result<void> commit(std::span<const std::byte> committable) override {
    return out_.commit(committable);
  }

private:
  row_encoder<T> encoder_;
  output_file out_;
};

/// Makes a file's name of an operator's id, which may hold anything.
[[nodiscard]] std::string as_file_name(std::string id);

/// Returns the file of one instance: `<directory>/<name>.<extension>`, or `<name>-<instance>` if
/// there are several.
[[nodiscard]] std::string output_path(const std::string& directory, const std::string& name,
                                      const std::string& extension, const sink_instance& at);

}  // namespace file

/// What `to_files` and `to_file` make.
class file_sink {
public:
  file_sink(std::string directory, std::string extension, file_sink_options options);

  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance& at) const {
    const std::string name = options_.name.empty() ? file::as_file_name(at.id) : options_.name;
    return std::make_unique<file::file_writer<T>>(
        file::output_path(directory_, name, extension_, at), options_, at);
  }
  [[nodiscard]] std::string kind() const { return "file-sink"; }
  /// The file as far as it is named here; two sinks of a pipeline must not have the same.
  [[nodiscard]] std::string target() const;
  /// The same sink for another file of the kind: `<name>-<n>`.
  [[nodiscard]] file_sink numbered(std::uint32_t n) const;
  [[nodiscard]] bool blocking() const { return true; }

private:
  std::string directory_;
  std::string extension_;
  file_sink_options options_;
};

/// Writes a stream's events to `<directory>/<name>.jsonl` or `.csv` (with a header line); each of
/// several instances writes `<name>-<instance>`. The directory is made.
///
///     alerts.to(weir::to_files("out")).named("alerts");
///     totals.to(weir::to_files("out", {.format = weir::file_format::csv, .name = "totals"}));
///
/// Only committed rows are visible. Without periodic checkpoints the whole file appears by a rename
/// when the pipeline ends; with them it appears with the first, and grows by whole lines with each
/// further one. Either way a run leaves the same files with the same rows, and a file even if there
/// are none. The first commit of a run replaces the file of an earlier run; a run that goes on from
/// a checkpoint goes on with the file as that checkpoint left it. Rows that are not committed are
/// in hidden files beside it, whose names end in `.part`; a new run removes them. Put the file back
/// or begin without the checkpoint if it was taken away or shortened meanwhile: that is an error.
[[nodiscard]] file_sink to_files(std::string directory, file_sink_options options = {});

/// Writes to the one file `path`, whose name tells the format: .jsonl, .ndjson, .json; .csv, .tsv.
/// As `to_files` otherwise. Throws `weir::exception` for another name.
[[nodiscard]] file_sink to_file(const std::string& path);
[[nodiscard]] file_sink to_file(const std::string& path, file_format format);

}  // namespace weir

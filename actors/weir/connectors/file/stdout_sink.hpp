// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/file_options.hpp"
#include "weir/connectors/file/line_output.hpp"
#include "weir/connectors/file/row_encoder.hpp"
#include "weir/sink/sink.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir {

struct stdout_options {
  file_format format = file_format::jsonl;
  std::optional<csv_format> csv;  ///< Unset: as `csv_format` says.
  int descriptor = 1;             ///< Another open descriptor; it is not closed.
};

namespace file {

template <class T>
class stdout_writer final : public sink_writer<T> {
public:
  stdout_writer(const stdout_options& options, const sink_instance& at)
      : encoder_(options.format, options.csv.value_or(csv_format{})), out_(options.descriptor) {
    if (at.instance == 0 && at.attempt == 0) out_.lines() = encoder_.header();
  }

  written write(std::span<const T> events, std::span<const timestamp>) override {
    written done;
    for (; done.events < events.size(); ++done.events) {
      if ((done.failure = encoder_.append(events[done.events], out_.lines()))) break;
      if (out_.full()) out_.write_out().value();
    }
    return done;
  }
  result<void> flush() override { return out_.write_out(); }
  result<bytes> pre_commit(std::uint64_t) override {
    if (auto done = out_.write_out(); !done) return done.error();
    return bytes{};
  }
  result<void> commit(std::span<const std::byte>) override { return {}; }

private:
  row_encoder<T> encoder_;
  line_output out_;
};

}  // namespace file

/// What `to_stdout` makes.
class stdout_sink {
public:
  explicit stdout_sink(stdout_options options) : options_(std::move(options)) {}

  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance& at) const {
    return std::make_unique<file::stdout_writer<T>>(options_, at);
  }
  [[nodiscard]] std::string kind() const { return "stdout"; }
  [[nodiscard]] bool blocking() const { return true; }

private:
  stdout_options options_;
};

/// Prints a line an event, as soon as no more is at hand; whole lines only. Takes no part in
/// checkpoints: after a restart lines may come again. A closed pipe ends the pipeline
/// with errc::stopped, since no restart opens it again; no SIGPIPE is raised.
[[nodiscard]] inline stdout_sink to_stdout(stdout_options options = {}) {
  return stdout_sink{std::move(options)};
}

}  // namespace weir

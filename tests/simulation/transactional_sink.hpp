// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/temporary_directory.hpp"
#include "weir/codec/json.hpp"
#include "weir/connectors/file/file_sink.hpp"
#include "weir/test/test_sink.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace weir::test {

/// Where the rows of a schedule go, and how slowly.
struct outlet {
  reluctance how;
  bool in_files = false;
};

/// A directory for files that are made durable thousands of times: in memory, where there is one.
inline std::filesystem::path quick_directory() {
  const std::filesystem::path shared_memory{"/dev/shm"};
  return access(shared_memory.c_str(), W_OK) == 0 ? shared_memory
                                                  : std::filesystem::temp_directory_path();
}

/// A sink whose rows are seen once they are committed: a test sink, or files as a pipeline writes
/// them. Copies show the same.
template <class T>
class transactional_sink {
public:
  explicit transactional_sink(outlet of = {}) : of_(of), in_memory_(of.how) {
    if (of_.in_files) files_ = std::make_shared<place>();
  }

  /// The rows that are committed, at the end of a run.
  [[nodiscard]] std::vector<T> rows() const {
    return files_ ? files_->rows() : in_memory_.seen().rows;
  }
  /// The rest of what is known; nothing of rows in files.
  [[nodiscard]] ledger<T>& seen() const { return in_memory_.seen(); }

  template <class U>
  requires std::same_as<U, T>
  [[nodiscard]] std::unique_ptr<sink_writer<U>> make_writer(const sink_instance& at) const {
    if (!files_) return in_memory_.template make_writer<U>(at);
    return std::make_unique<slow_writer>(files_->sink.template make_writer<U>(at), *this);
  }
  [[nodiscard]] std::string kind() const { return "transactional"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  struct place {
    temporary_directory directory{quick_directory()};
    file_sink sink = to_files(directory.path(), {.name = "rows"});

    /// The rows of all files, each line of which must be whole, in the order of the files' names.
    [[nodiscard]] std::vector<T> rows() const {
      std::vector<T> all;
      for (const std::string& name : directory.names()) {
        if (name.starts_with(".")) throw std::logic_error("'" + name + "' was left behind");
        std::ifstream in{directory / name};
        for (std::string line; std::getline(in, line);) all.push_back(from_json<T>(line).value());
      }
      return all;
    }
  };

  class slow_writer final : public sink_writer<T> {
  public:
    slow_writer(std::unique_ptr<sink_writer<T>> real, transactional_sink of)
        : real_(std::move(real)), of_(std::move(of)), turns_(of_.of_.how) {}

    written write(std::span<const T> events, std::span<const timestamp> times) override {
      const std::size_t n = turns_.room(events.size());
      if (n != 0) return real_->write(events.first(n), times.first(n));
      ++of_.in_memory_.seen().writes_put_off;
      return {};
    }
    result<bytes> pre_commit(std::uint64_t checkpoint) override {
      return real_->pre_commit(checkpoint);
    }
    result<void> commit(std::span<const std::byte> committable) override {
      return real_->commit(committable);
    }

  private:
    std::unique_ptr<sink_writer<T>> real_;
    transactional_sink of_;
    reluctant_turns turns_;
  };

  outlet of_;
  test_sink<T> in_memory_;
  std::shared_ptr<place> files_;
};

}  // namespace weir::test

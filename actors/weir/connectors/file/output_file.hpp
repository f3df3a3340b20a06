// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"
#include "weir/posix/descriptor.hpp"
#include "weir/sink/sink.hpp"

#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weir::file {

/// Rows that wait to become visible in `path`, from byte `base` on.
struct pending_rows {
  std::string pending;  ///< The file that holds them; empty if there are none.
  std::string path;
  std::uint64_t base = 0;
  std::uint64_t size = 0;  ///< In bytes.
};
BOOST_DESCRIBE_STRUCT(pending_rows, (), (pending, path, base, size))

/// A file that shows whole checkpoints only. Rows go to a hidden open file beside it; `pre_commit`
/// closes that and makes it durable; `commit` renames it, or, if rows were committed before,
/// appends them to what is visible, whole lines at a time. A second commit of the same rows changes
/// nothing. The first commit of a run replaces the file of an earlier run, with an empty file (or a
/// header) if there are no rows. Hidden files are called `.<name>.<base>.open.part` and
/// `.<name>.<checkpoint>.<base>.part`. Where it begins is told by `sink_instance`. For one thread.
class output_file {
public:
  /// Makes the directory, and the open file of a first attempt. Throws `weir::exception`.
  output_file(std::string path, std::string header, const sink_instance& at);
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;
  /// Hands the rows that are still in memory to the open file: a further attempt may go on with it.
  ~output_file();

  /// Where whole rows are appended, followed by `rows_added`.
  [[nodiscard]] std::string& rows() noexcept { return rows_; }
  void rows_added();

  [[nodiscard]] result<bytes> pre_commit(std::uint64_t checkpoint);
  [[nodiscard]] result<void> commit(std::span<const std::byte> committable);

private:
  enum class part_kind : std::uint8_t { open, prepared };
  struct part {
    part_kind kind = part_kind::open;
    std::uint64_t checkpoint = 0;
    std::uint64_t base = 0;
    std::string path;
  };

  void begin();
  void go_on();
  void go_back();
  void open(std::uint64_t base);
  void write_out();
  [[nodiscard]] std::vector<part> parts() const;
  void remove_parts(part_kind kind) const;
  [[nodiscard]] std::string part_path(const std::string& middle) const;
  [[nodiscard]] std::string open_path() const;
  [[nodiscard]] std::uint64_t visible_size() const;
  [[nodiscard]] result<void> make_visible(const pending_rows& rows) const;

  std::string path_;
  std::string directory_;
  std::string name_;
  std::string header_;
  sink_start start_;

  bool begun_ = false;
  bool exists_ = false;  ///< This run, or the one it goes on from, has prepared the file before.
  std::string rows_;
  posix::descriptor to_;
  std::uint64_t base_ = 0;    ///< Bytes that are visible or prepared.
  std::uint64_t size_ = 0;    ///< Of the open file.
  bool resumed_own_ = false;  ///< A committable of this file came with the checkpoint.
};

}  // namespace weir::file

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoints/part_file.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::checkpoints {

/// A file that belongs to a part, as a manifest has it. It lies in `files/<part>/<name>`.
struct linked_file {
  std::uint32_t part = 0;  ///< Its place among the parts.
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;
};
BOOST_DESCRIBE_STRUCT(linked_file, (), (part, name, size, checksum))

/// The sums of files that never change, so that each is read once, in however many checkpoints it
/// is.
class known_sums {
public:
  /// Returns the sum of a file; one that is not known is read, and made durable.
  [[nodiscard]] result<file_sum> sum_of(const std::string& path);
  /// Forgets those that were not asked for since this was called last.
  void forget_others() {
    sums_ = std::move(asked_);
    asked_.clear();
  }

private:
  struct identity {
    std::uint64_t device = 0, number = 0, size = 0;
    std::int64_t seconds = 0, nanoseconds = 0;  ///< When it was changed.

    friend auto operator<=>(const identity&, const identity&) = default;
  };

  std::map<identity, file_sum> sums_;
  std::map<identity, file_sum> asked_;
};

/// A part that has files, and its place among the parts.
struct part_with_files {
  std::uint32_t part = 0;
  std::shared_ptr<const state_files> files;
};

/// Links the parts' files into a checkpoint that is being written, or copies them where they lie on
/// another file system; waits for those that are still being made. Durable when it returns.
[[nodiscard]] result<std::vector<linked_file>> link_files(const std::string& place,
                                                          const std::vector<part_with_files>& parts,
                                                          known_sums& sums);

/// Gives the parts of a stored checkpoint their files, and verifies those. An error names one that
/// is damaged.
[[nodiscard]] result<void> find_files(const std::string& place,
                                      const std::vector<linked_file>& files,
                                      std::vector<snapshot_part>& parts);

}  // namespace weir::checkpoints

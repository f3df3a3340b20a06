// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// What went wrong, as a number that programs compare. Numbers are never reused.
enum class errc : std::uint16_t {
  invalid_argument = 1,  ///< A setting or argument is not of the form its documentation gives.
  invalid_pipeline = 2,  ///< The whole-graph check found mistakes; the message lists them all.
  decode_failed = 3,     ///< Bytes or text do not hold the type that was asked for.
  not_found = 4,         ///< A file, directory or name that was given does not exist.
  io_failed = 5,         ///< The operating system refused to read or write.
  already_running = 6,   ///< The object was started before and can be started only once.
  stopped = 7,           ///< The runtime has ended or is ending, and takes nothing more.
  stage_failed = 8,      ///< A stage failed and its restart policy gave up.
  channel_broken = 9,    ///< A frame was missing or repeated on a channel.
  aborted = 10,          ///< The run was ended by force before its work was done.
  incompatible = 11,     ///< A saved state does not fit the pipeline that should take it.
  unsupported = 12,      ///< What was asked for is not available in this build or setting.
};

/// Returns the sentence that explains `code`.
std::string_view to_string(errc code) noexcept;

/// A failure that can be expected: a code for programs and one line for people.
struct error {
  errc code = errc::invalid_argument;
  std::string message;  ///< Names what, where and what to do; no trailing newline.

  friend bool operator==(const error&, const error&) = default;
};

/// Carries an `error` where a value cannot be returned: user code may throw it to name its own
/// code.
class exception : public std::runtime_error {
public:
  explicit exception(error why) : std::runtime_error(why.message), error_(std::move(why)) {}

  [[nodiscard]] const error& why() const noexcept { return error_; }

private:
  error error_;
};

}  // namespace weir

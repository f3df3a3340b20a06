// SPDX-License-Identifier: BSD-3-Clause
#include "weir/core/error.hpp"

namespace weir {

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument:
      return "a setting or argument is not of the expected form";
    case errc::invalid_pipeline:
      return "the pipeline has mistakes";
    case errc::decode_failed:
      return "the input does not hold the expected type";
    case errc::not_found:
      return "something that was named does not exist";
    case errc::io_failed:
      return "the operating system refused to read or write";
    case errc::already_running:
      return "it was started before";
    case errc::stopped:
      return "the runtime has ended";
    case errc::stage_failed:
      return "a stage failed and was not restarted again";
    case errc::channel_broken:
      return "a frame was missing or repeated on a channel";
    case errc::aborted:
      return "the run was ended by force";
    case errc::incompatible:
      return "the saved state does not fit the pipeline";
    case errc::unsupported:
      return "this is not available here";
  }
  return "unknown error";
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace weir {

/// Mistakes that the test suite must catch.
enum class fault {
  none,
  barrier_overtakes_data,  ///< A barrier is sent before the batch that was open when it came.
  credit_lost_on_empty,    ///< A frame that yields no output is not counted as processed.
  merge_by_maximum,        ///< Watermarks are merged by maximum.
  idle_not_passed_on,      ///< An idle merge looks active to those downstream.
  offset_one_too_far,      ///< A source's snapshot skips one event.
  old_attempt_accepted,    ///< A frame of an earlier attempt is taken.
  commit_before_manifest,  ///< A checkpoint is committed before all have acknowledged it.
  timers_not_saved,        ///< A snapshot leaves the timers out.
  watermark_not_saved,     ///< A snapshot leaves the stage's watermark out.
  failed_one_dropped,      ///< What was pre-committed for a failed checkpoint is forgotten.
};

#ifdef WEIR_PLANT_FAULTS
/// The mistake that this build of the tests makes; set before anything runs.
inline fault planted_fault = fault::none;
[[nodiscard]] inline bool planted(fault f) noexcept { return planted_fault == f; }
#else
/// No build but the tests' own has any: the checks cost nothing.
[[nodiscard]] constexpr bool planted(fault) noexcept { return false; }
#endif

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir::test {

/// What a simulated run can meet, for counting how often a suite of schedules met it.
enum class met : std::uint8_t {
  move,
  step,
  blocked_step,          ///< A stage stopped because an output was full.
  unfinished_step,       ///< A stage stopped because its budget was spent.
  cut_firings,           ///< A watermark's firings stopped for a barrier.
  small_grant,           ///< A grant that allowed less than a full batch.
  repeated_grant,        ///< A grant that was delivered twice.
  overtaken_grant,       ///< A grant that was delivered before an older one.
  time_advance,          ///< Nothing could move but the clock.
  checkpoint,            ///< A checkpoint was completed.
  failed_store,          ///< One could not be stored.
  lost_acknowledgement,  ///< A stage's acknowledgement never came.
  late_acknowledgement,
  abandoned_checkpoint,  ///< The coordinator gave one up half-way and began the next.
  saved_some,            ///< A stage handed some of its part of a checkpoint on before the rest.
  crash,
  crash_with_checkpoint,      ///< ... and went on from a complete checkpoint.
  crash_in_alignment,         ///< ... while a stage had some of its barriers and waited for others.
  crash_while_saving,         ///< ... while a stage wrote its state, and the stream went on.
  crash_while_acknowledging,  ///< ... between the first acknowledgement and the last.
  crash_in_store,             ///< ... between the last pre-commit and the manifest.
  crash_in_restore,           ///< ... while the stages of an attempt were being made.
  crash_before_commit,        ///< ... with a checkpoint complete and not committed everywhere.
  restart,                    ///< A stage asked for a restart.
  refused_frame,              ///< A frame of an earlier attempt came and was refused.
  refused_grant,
  held_spill,  ///< One event's outputs were more than a batch and waited in the stage.
  late_event,
  dead_letter,
  retry,
  stop,           ///< A user's stop, before the sources had ended.
  suspension,     ///< A user's stop that takes a last checkpoint instead of an end.
  sink_pushed,    ///< A sink took less than it was offered.
  further_split,  ///< A split that was found while its source was read.
  slow_store,     ///< A checkpoint that the disk took a while to write.
  late_wake,      ///< A timer that was due before others, and came after them.
  repeated_wake,  ///< A timer that came again.
  count_of_these,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(met::count_of_these)>
    met_names{
        "moves",
        "steps",
        "blocked steps",
        "unfinished steps",
        "cut firings",
        "small grants",
        "repeated grants",
        "overtaken grants",
        "time advances",
        "checkpoints",
        "checkpoints that could not be stored",
        "lost acknowledgements",
        "late acknowledgements",
        "abandoned checkpoints",
        "parts handed on early",
        "crashes",
        "crashes with a checkpoint",
        "crashes in alignment",
        "crashes while state was written",
        "crashes between acknowledgements",
        "crashes between pre-commit and manifest",
        "crashes in restore",
        "crashes between manifest and commit",
        "restarts asked for",
        "refused frames",
        "refused grants",
        "spilled outputs",
        "late events",
        "dead letters",
        "retries",
        "stops",
        "suspensions",
        "writes put off by a sink",
        "splits found later",
        "slowly stored checkpoints",
        "late wakes",
        "repeated wakes",
    };

/// How often each of them was met.
class tallies {
public:
  void add(met what, std::uint64_t n = 1) noexcept { counts_[static_cast<std::size_t>(what)] += n; }
  tallies& operator+=(const tallies& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  [[nodiscard]] std::uint64_t operator[](met what) const noexcept {
    return counts_[static_cast<std::size_t>(what)];
  }

  /// A line each.
  [[nodiscard]] std::string report() const {
    std::string text;
    for (std::size_t i = 0; i < counts_.size(); ++i)
      text += "  " + std::string{met_names[i]} + ": " + std::to_string(counts_[i]) + "\n";
    return text;
  }

private:
  std::array<std::uint64_t, static_cast<std::size_t>(met::count_of_these)> counts_{};
};

}  // namespace weir::test

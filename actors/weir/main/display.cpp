// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/display.hpp"

#include "weir/codec/json_write.hpp"
#include "weir/codec/rfc3339.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cstdio>

namespace weir {

namespace {

double seconds(std::chrono::nanoseconds t) { return std::chrono::duration<double>(t).count(); }

/// What all instances of one stage come to.
struct stage_line {
  std::string name;
  std::uint32_t instances = 0;
  std::uint64_t in = 0, out = 0, late = 0, letters = 0, busy = 0;
  timestamp watermark = max_timestamp;
};

std::vector<stage_line> by_stage(const std::vector<instance_status>& all) {
  std::vector<stage_line> lines;
  for (const instance_status& s : all) {
    auto at = std::find_if(lines.begin(), lines.end(),
                           [&](const stage_line& l) { return l.name == s.stage; });
    if (at == lines.end()) at = lines.insert(lines.end(), {s.stage});
    const stage_metrics& m = *s.metrics;
    ++at->instances;
    at->in += m.events_in.get();
    at->out += m.events_out.get();
    at->late += m.late_events.get();
    at->letters += m.dead_letters.get();
    at->busy += m.busy_nanos.get();
    at->watermark = std::min(at->watermark, timestamp{duration{m.watermark.get()}});
  }
  return lines;
}

std::string show_watermark(timestamp w) {
  if (w == max_timestamp) return "end";
  return w <= timestamp{} ? "-" : format_rfc3339(std::chrono::floor<std::chrono::seconds>(w));
}

/// A line for a few of the late events.
std::string show_late(const std::vector<late_note>& notes) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, notes.size()); ++i) {
    const late_note& n = notes[i];
    text += fmt::format("    at '{}', watermark {}, event of {}: {}\n", n.at_operator,
                        format_rfc3339(n.watermark), format_rfc3339(n.at), n.event.substr(0, 120));
  }
  return text;
}

std::string last_checkpoint_json(const run_summary& s) {
  const auto& last = s.last_checkpoint;
  if (!last) return "null";
  return fmt::format(R"({{"id":{},"bytes":{},"ms":{:.3f},"alignment_ms":{:.3f}}})", last->id,
                     last->size, static_cast<double>(last->took.count()) / 1e6,
                     static_cast<double>(last->alignment.count()) / 1e6);
}

}  // namespace

std::string grouped(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

display::display(std::FILE* to) : to_(to), terminal_(isatty(fileno(to)) != 0) {}

void display::show(const std::vector<instance_status>& instances, const run_summary& sums,
                   const std::string& extra) {
  const double since = std::max(1e-9, seconds(sums.elapsed - shown_at_));
  const double rate =
      static_cast<double>(sums.events_read - std::min(read_before_, sums.events_read)) / since;
  shown_at_ = sums.elapsed;
  read_before_ = sums.events_read;
  std::string text = fmt::format(
      "{:7.1f} s  {:>13} events read  {:>11}/s  {} late  {} dead letters", seconds(sums.elapsed),
      grouped(sums.events_read), grouped(static_cast<std::uint64_t>(rate)),
      grouped(sums.late_events), grouped(sums.dead_letters));
  if (sums.restarts != 0) text += fmt::format("  {} restarts", sums.restarts);
  if (terminal_) text += "\n\n" + table(instances, since);
  if (terminal_ && !extra.empty()) text += "\n" + extra;
  draw(text);
}

std::string display::table(const std::vector<instance_status>& instances, double since) {
  std::string text = fmt::format("  {:<28} {:>3} {:>13} {:>13} {:>11} {:>6} {:>8}  {}\n", "stage",
                                 "n", "in", "out", "in/s", "busy", "late", "watermark");
  for (const stage_line& l : by_stage(instances)) {
    const double rate = static_cast<double>(l.in - std::min(in_before_[l.name], l.in)) / since;
    const double busy =
        static_cast<double>(l.busy - std::min(busy_before_[l.name], l.busy)) / 1e7 / since;
    in_before_[l.name] = l.in;
    busy_before_[l.name] = l.busy;
    text += fmt::format("  {:<28} {:>3} {:>13} {:>13} {:>11} {:>5.0f}% {:>8}  {}\n",
                        l.name.substr(0, 28), l.instances, grouped(l.in), grouped(l.out),
                        grouped(static_cast<std::uint64_t>(rate)), busy, grouped(l.late),
                        show_watermark(l.watermark));
  }
  return text;
}

void display::draw(const std::string& text) {
  std::string out;
  if (terminal_ && lines_ != 0) out = fmt::format("\x1b[{}A\x1b[J", lines_);
  out += text;
  if (out.back() != '\n') out += '\n';
  lines_ =
      static_cast<int>(std::count(text.begin(), text.end(), '\n')) + (text.back() == '\n' ? 0 : 1);
  std::fwrite(out.data(), 1, out.size(), to_);
  std::fflush(to_);
}

std::string summary_text(const std::string& name, const run_summary& s) {
  const auto ms = [](std::chrono::nanoseconds t) { return static_cast<double>(t.count()) / 1e6; };
  const char* how = s.failure ? "failed" : s.stopped ? "stopped" : "done";
  std::string text = fmt::format("{}: {} after {:.2f} s\n", name, how, seconds(s.elapsed));
  const auto line = [&](const char* what, std::uint64_t n) {
    text += fmt::format("  {:<16}{:>13}", what, grouped(n));
  };
  line("events", s.events_read);
  text += fmt::format("   {}/s\n",
                      grouped(static_cast<std::uint64_t>(static_cast<double>(s.events_read) /
                                                         std::max(1e-9, seconds(s.elapsed)))));
  line("late events", s.late_events);
  text += '\n' + show_late(s.late_sample);
  line("dead letters", s.dead_letters);
  if (s.dead_letters_not_kept != 0)
    text += fmt::format("   {} are not kept", grouped(s.dead_letters_not_kept));
  text += '\n';
  if (s.replayed != 0) line("replayed", s.replayed), text += "   dead letters brought back\n";
  line("windows", s.window_results);
  text += '\n';
  line("written", s.events_written);
  text += '\n';
  if (s.skipped_events != 0) line("skipped", s.skipped_events), text += '\n';
  if (s.passed_over != 0)
    line("passed over", s.passed_over), text += "   before the time of --from\n";
  if (s.unclaimed_outputs != 0)
    line("unclaimed", s.unclaimed_outputs), text += "   sent to a side output that nobody takes\n";
  if (s.restarts != 0)
    line("restarts", s.restarts),
        text += fmt::format("   {} events in flight were lost\n", grouped(s.events_lost));
  if (s.restored_from) line("restored from", *s.restored_from), text += "   the checkpoint\n";
  if (s.checkpoints + s.failed_checkpoints != 0) {
    line("checkpoints", s.checkpoints);
    if (s.failed_checkpoints != 0) text += fmt::format("   {} failed", s.failed_checkpoints);
    if (const auto& last = s.last_checkpoint)
      text += fmt::format("   the last of {} bytes in {:.1f} ms, {:.1f} ms of them aligning",
                          grouped(last->size), ms(last->took), ms(last->alignment));
    text += '\n';
  }
  if (s.peak_memory != 0) {
    line("memory", s.peak_memory >> 20);
    text += " MiB at most";
    if (s.memory_limit != 0) text += fmt::format(" of {}", grouped(s.memory_limit >> 20));
    if (s.memory_holds != 0) text += fmt::format("; sources waited {} times", s.memory_holds);
    text += '\n';
  }
  for (const hot_key_summary& k : s.hot_keys)
    text += fmt::format("  hot key {:<8}{:>13.0f} % or more of the events of '{}' {}\n", k.key,
                        100 * k.at_least, k.stage, k.instance);
  text += fmt::format(
      "  latency         p50 {:.2f} ms, p99 {:.2f} ms, p99.9 {:.2f} ms, max {:.2f} ms, from read "
      "to written\n",
      ms(s.latency.p50), ms(s.latency.p99), ms(s.latency.p999), ms(s.latency.max));
  return text;
}

std::string summary_json(const std::string& name, const run_summary& s) {
  const auto ms = [](std::chrono::nanoseconds t) { return static_cast<double>(t.count()) / 1e6; };
  return fmt::format(
      R"({{"pipeline":{},"result":"{}","failure":{},"seconds":{:.6f},"events":{},"late_events":{},"dead_letters":{},"dead_letters_not_kept":{},"replayed":{},"skipped_events":{},"passed_over":{},)"
      R"("windows":{},"written":{},"unclaimed":{},"restarts":{},"events_lost":{},"checkpoints":{},"failed_checkpoints":{},"last_checkpoint":{},"restored_from":{},"events_per_second":{:.0f},)"
      R"("memory":{{"bytes":{},"peak":{},"limit":{},"holds":{}}},)"
      R"("latency_ms":{{"p50":{:.3f},"p99":{:.3f},"p999":{:.3f},"max":{:.3f}}},"hot_keys":{}}})",
      to_json(name),
      s.failure   ? "failed"
      : s.stopped ? "stopped"
                  : "done",
      to_json(s.failure ? std::optional{s.failure->message} : std::nullopt), seconds(s.elapsed),
      s.events_read, s.late_events, s.dead_letters, s.dead_letters_not_kept, s.replayed,
      s.skipped_events, s.passed_over, s.window_results, s.events_written, s.unclaimed_outputs,
      s.restarts, s.events_lost, s.checkpoints, s.failed_checkpoints, last_checkpoint_json(s),
      to_json(s.restored_from),
      static_cast<double>(s.events_read) / std::max(1e-9, seconds(s.elapsed)), s.memory,
      s.peak_memory, s.memory_limit, s.memory_holds, ms(s.latency.p50), ms(s.latency.p99),
      ms(s.latency.p999), ms(s.latency.max), to_json(s.hot_keys));
}

}  // namespace weir

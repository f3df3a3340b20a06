// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/repeat_command.hpp"

#include "weir/journal/journal_files.hpp"
#include "weir/test/repeat.hpp"

#include <cstdio>

namespace weir {

namespace {

constexpr std::uint64_t most_shown = 20;

std::unique_ptr<journal::recording> open_chosen(const args& values) {
  const std::string& directory = values["journal"];
  if (directory == "none")
    throw exception(
        {errc::invalid_argument, "repeat: give --journal DIR, the directory of the journal"});
  const auto all = journal::list_recordings(directory).value();
  if (all.empty())
    throw exception({errc::not_found, "repeat: there is no recording in '" + directory + "'"});
  if (values["recording"] == "newest") return journal::open_recording_at(all.back().path).value();
  const std::uint64_t wanted = values.count("recording");
  std::string known;
  for (const journal::stored_recording& r : all) {
    if (r.number == wanted) return journal::open_recording_at(r.path).value();
    known += (known.empty() ? "" : ", ") + std::to_string(r.number);
  }
  throw exception(
      {errc::not_found, "--recording '" + values["recording"] + "': there are " + known});
}

void print_start(const journal::recorded_start& s) {
  std::printf("recording of '%s', attempt %u, begun at %s%s\n", s.pipeline.c_str(), s.attempt,
              s.began_at.c_str(),
              s.checkpoint == 0 ? ", with no checkpoint"
                                : (" from checkpoint " + std::to_string(s.checkpoint)).c_str());
}

std::string place_of(const test::repeated_step& at) {
  return "entry " + std::to_string(at.number) + ": stage '" + at.stage + "' instance " +
         std::to_string(at.instance) + ", " + at.what;
}

/// Says what failed in an entry; false if nothing did.
bool print_failures(const test::repeated_step& at) {
  if (at.dead_letters != 0)
    std::printf("%s: %llu failed\n", place_of(at).c_str(),
                static_cast<unsigned long long>(at.dead_letters));
  for (const std::string& f : at.failures) std::printf("%s: %s\n", place_of(at).c_str(), f.c_str());
  return at.dead_letters != 0 || !at.failures.empty();
}

/// What an entry came to, for whoever stopped there.
void print_effects(const test::repeat& of, const test::repeated_step& at) {
  std::printf("%s\n", place_of(at).c_str());
  for (const flow::frame& f : of.effects().frames) {
    const char* const kinds[] = {"data", "watermark", "barrier", "end"};
    std::printf("  channel %u: %s, %zu events\n", f.channel,
                kinds[static_cast<std::size_t>(f.kind)], f.body ? f.body->size() : std::size_t{0});
  }
  for (const flow::request& r : of.effects().requests)
    std::printf("  a request to '%s', %zu bytes\n", r.target.c_str(), r.payload.size());
}

}  // namespace

int repeat_journal(pipeline p, const args& values) {
  const bool stops = values["until"] != "end";
  const std::uint64_t until = stops ? values.count("until") : ~std::uint64_t{0};
  const bool to_failure = values.flag("to-failure");
  test::repeat again{open_chosen(values), std::move(p)};
  print_start(again.start());
  std::uint64_t failing = 0;
  std::optional<test::repeated_step> last;
  while (auto at = again.step()) {
    last = std::move(at);
    if (!last->difference.empty()) break;
    const bool failed = failing < most_shown && print_failures(*last);
    failing += failed ? 1 : 0;
    if (last->number >= until || (failed && to_failure)) break;
  }
  if (last && (stops || to_failure)) print_effects(again, *last);
  if (last && !last->difference.empty()) {
    std::printf("%s: differs from what was recorded: %s\n", place_of(*last).c_str(),
                last->difference.c_str());
    return 1;
  }
  std::printf("%llu entries repeated, all as they were recorded\n",
              static_cast<unsigned long long>(again.steps()));
  if (const std::string note = again.note(); !note.empty())
    std::printf("the recording is %s\n", note.c_str());
  return 0;
}

}  // namespace weir

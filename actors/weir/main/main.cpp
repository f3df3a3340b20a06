// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/main.hpp"

#include "weir/main/command_line.hpp"
#include "weir/main/display.hpp"
#include "weir/main/signals.hpp"
#include "weir/runtime/runtime.hpp"

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace weir {

namespace {

constexpr int failed = 1;
constexpr int users_mistake = 2;

pipeline write_down(const program& what, const args& values) {
  const std::uint64_t parallelism = values.count("parallelism");
  pipeline_options options;
  options.parallelism =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(parallelism, ~std::uint32_t{0}));
  if (values.has("hot-keys"))
    options.hot_keys.keys =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(values.count("hot-keys"), 4'096));
  pipeline p{what.name, options};
  what.build(p, values);
  return p;
}

int print_graph(const program& what, const args& values) {
  const graph g = write_down(what, values).build().value();
  const std::string& format = values["format"];
  if (format != "mermaid" && format != "dot" && format != "json")
    throw exception(
        {errc::invalid_argument, "--format '" + format + "': expected mermaid, dot or json"});
  const std::string text = format == "mermaid" ? to_mermaid(g.plan())
                           : format == "dot"   ? to_dot(g.plan())
                                               : g.plan().to_json() + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  for (const std::string& w : g.warnings())
    std::fprintf(stderr, "%s: note: %s\n", what.name.c_str(), w.c_str());
  return 0;
}

bool writes_to_stdout(const plan& p) {
  return std::any_of(p.stages.begin(), p.stages.end(), [](const stage_plan& s) {
    return s.kind == "sink" && s.operators.front().kind == "stdout";
  });
}

/// Shows the run and obeys signals until it has ended.
run_summary watch(runtime& running, const program& what, bool quiet) {
  const signal_counter signals;
  std::FILE* const to = writes_to_stdout(running.running().plan()) ? stderr : stdout;
  display shown{to};
  const duration pause = std::chrono::milliseconds{50};
  const int every = isatty(fileno(to)) != 0 ? 10 : 20;
  int obeyed = 0;
  int rounds_since_abort = 0;
  for (int round = 1; !running.wait_for(pause); ++round) {
    // User code or a write that blocks may hold a thread for good; a user who aborts wants to be
    // let go.
    if (obeyed == 2 && (++rounds_since_abort == 40 || signals.count() > 2)) {
      std::fprintf(stderr, "%s: a stage did not end in time; leaving it behind\n",
                   what.name.c_str());
      std::_Exit(failed);
    }
    if (signals.count() > obeyed) {
      std::fprintf(stderr, obeyed == 0 ? "%s: stopping; once more to abort\n" : "%s: aborting\n",
                   what.name.c_str());
      obeyed == 0 ? running.stop() : running.abort();
      obeyed = std::min(signals.count(), obeyed + 1);
    }
    if (!quiet && round % every == 0)
      shown.show(running.status(), running.summary(), what.live ? what.live() : "");
  }
  return running.wait();
}

void print_dead_letters(const runtime& running, const program& what) {
  const std::vector<dead_letter> letters = running.dead_letters();
  for (std::size_t i = 0; i < std::min<std::size_t>(letters.size(), 5); ++i) {
    const dead_letter& l = letters[i];
    const std::string where =
        l.source.empty()
            ? ""
            : " (" + l.source + (l.offset ? " at " + std::to_string(*l.offset) : "") + ")";
    std::fprintf(stderr, "%s: dead letter of '%s'%s: %s: %s\n", what.name.c_str(),
                 l.operator_name.c_str(), where.c_str(), l.error.c_str(),
                 l.text.substr(0, 200).c_str());
  }
}

int run(const program& what, const args& values) {
  const bool json = values.flag("json");
  pipeline p = write_down(what, values);
  if (what.before_run) what.before_run(values);
  if (values.count("workers") > 1024)
    throw exception(
        {errc::invalid_argument, "--workers '" + values["workers"] + "': expected 1024 at most"});
  runtime_options options;
  options.workers = static_cast<std::uint32_t>(values.count("workers"));
  auto running = runtime::start(std::move(p), options);
  if (!running) throw exception(running.error());
  if (!json)
    std::fprintf(stderr, "%s: no checkpoints: a crash loses what windows and other state hold\n",
                 what.name.c_str());
  const run_summary done = watch(*running, what, json);
  print_dead_letters(*running, what);
  const std::string text =
      json ? summary_json(what.name, done) + "\n" : summary_text(what.name, done);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!done.failure) return 0;
  std::fprintf(stderr, "%s: %s\n", what.name.c_str(), done.failure->message.c_str());
  return failed;
}

}  // namespace

int main(int argc, char** argv, const program& what) {
  try {
    const auto order = read_command_line(argc, argv, what);
    if (!order) return 0;
    return order->command == "graph" ? print_graph(what, order->values) : run(what, order->values);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", what.name.c_str(), e.what());
    return users_mistake;
  }
}

int main(int argc, char** argv, const std::string& name,
         std::function<void(pipeline&, const args&)> build) {
  return main(argc, argv, program{name, "", {}, std::move(build), {}, {}});
}

}  // namespace weir

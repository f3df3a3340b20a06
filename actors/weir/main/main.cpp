// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/main.hpp"

#include "weir/checkpoints/directory_store.hpp"
#include "weir/codec/json_write.hpp"
#include "weir/main/command_line.hpp"
#include "weir/main/display.hpp"
#include "weir/main/orders.hpp"
#include "weir/main/repeat_command.hpp"
#include "weir/main/replay_command.hpp"
#include "weir/main/signals.hpp"
#include "weir/main/state_command.hpp"
#include "weir/runtime/runtime.hpp"

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace weir {

namespace {

constexpr int failed = 1;
constexpr int users_mistake = 2;

/// An argument that the library has since programs might have had one of that name: theirs goes
/// first. Empty if it isn't given.
std::string given(const program& what, const args& values, const std::string& name) {
  const bool own = std::any_of(what.options.begin(), what.options.end(),
                               [&](const option& o) { return o.name == name; });
  return own || !values.has(name) ? "" : values[name];
}

processing_guarantee read_guarantee(const std::string& text) {
  if (text.empty() || text == "exactly-once") return processing_guarantee::exactly_once;
  if (text == "at-least-once") return processing_guarantee::at_least_once;
  throw exception({errc::invalid_argument,
                   "--guarantee '" + text + "': expected exactly-once or at-least-once"});
}

pipeline write_down(const program& what, const args& values) {
  const std::uint64_t parallelism = values.count("parallelism");
  pipeline_options options;
  options.parallelism =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(parallelism, ~std::uint32_t{0}));
  if (values.has("hot-keys"))
    options.hot_keys.keys =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(values.count("hot-keys"), 4'096));
  if (!given(what, values, "from").empty()) options.from = values.instant("from");
  if (!given(what, values, "from-offset").empty())
    options.from_offsets = values.offsets("from-offset");
  options.guarantee = read_guarantee(given(what, values, "guarantee"));
  const std::string other_name = given(what, values, "name");
  pipeline p{other_name.empty() ? what.name : other_name, options};
  what.build(p, values);
  return p;
}

/// What a replay is told of checkpoints: it goes on from the newest one.
checkpoint_options read_replayed_checkpoint(const args& values) {
  checkpoint_options how;
  how.timing.timeout = values.time("checkpoint-timeout");
  how.retained = values.count("checkpoints-retained");
  how.allow_dropped_state = values.flag("allow-dropped-state");
  const std::string& directory = values["checkpoints"];
  if (directory == "none") return how;
  how.store = directory_store::open(directory).value();
  forget_orders(directory);
  return how;
}

/// What a run is told of checkpoints. Throws `weir::exception` for a mistake, a directory that is
/// in use among them.
checkpoint_options read_checkpoint_options(const program& what, const args& values) {
  checkpoint_options how;
  const std::string& directory = values["checkpoints"];
  how.timing.interval = values.time("checkpoint-interval");
  how.timing.timeout = values.time("checkpoint-timeout");
  how.retained = values.count("checkpoints-retained");
  how.fresh = values.flag("fresh");
  how.allow_dropped_state = values.flag("allow-dropped-state");
  const std::string& from = values["from-savepoint"];
  if (directory == "none") {
    if (how.fresh || from != "none")
      throw exception({errc::invalid_argument,
                       "--fresh and --from-savepoint want a directory for "
                       "checkpoints: give --checkpoints DIR"});
    return how;
  }
  if (how.timing.interval <= duration{0})
    throw exception({errc::invalid_argument, "--checkpoint-interval '" +
                                                 values["checkpoint-interval"] +
                                                 "': expected more than no time at all"});
  if (from != "none") how.from = read_checkpoint(from).value();
  // Under another name it goes on from the state of the one that it stands beside.
  if (const std::string name = given(what, values, "name"); how.from && !name.empty())
    how.from->manifest.pipeline = name;
  how.store = directory_store::open(directory).value();
  forget_orders(directory);
  return how;
}

memory_options read_memory_options(const program& what, const args& values) {
  memory_options how;
  const std::string limit = given(what, values, "memory-limit");
  if (!limit.empty() && limit != "none") {
    how.limit = values.bytes("memory-limit");
    if (how.limit == 0)
      throw exception({errc::invalid_argument, "--memory-limit '" + limit + "': expected more"});
  }
  const std::string policy = given(what, values, "at-memory-limit");
  if (policy == "fail")
    how.policy = memory_options::at_limit::fail;
  else if (!policy.empty() && policy != "hold")
    throw exception(
        {errc::invalid_argument, "--at-memory-limit '" + policy + "': expected hold or fail"});
  return how;
}

state_options read_state_options(const program& what, const args& values,
                                 const memory_options& memory) {
  state_options how;
  const std::string backend = given(what, values, "backend");
  if (backend == "rocksdb")
    how.keep_in = state_options::place::rocksdb;
  else if (!backend.empty() && backend != "memory")
    throw exception(
        {errc::invalid_argument, "--backend '" + backend + "': expected memory or rocksdb"});
  const std::string directory = given(what, values, "state-dir");
  if (directory != "auto") how.directory = directory;
  const std::string size = given(what, values, "state-memory");
  if (!size.empty() && size != "auto")
    how.memory = values.bytes("state-memory");
  else if (memory.limit != 0)
    how.memory = memory.limit / 2;
  return how;
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

/// Obeys orders that other processes leave in the checkpoint directory.
class order_taker {
public:
  order_taker(runtime& running, std::string directory)
      : running_(&running), directory_(std::move(directory)) {}

  void look() {
    if (directory_ == "none") return;
    if (awaited_) return answer_savepoint();
    const auto order = take_order(directory_);
    if (!order) return;
    if (order == run_order::savepoint) {
      const run_summary now = running_->summary();
      awaited_ = now.savepoints + 1;
      failed_before_ = now.failed_checkpoints;
      return running_->savepoint();
    }
    order == run_order::drain                 ? running_->drain()
    : order == run_order::stop_with_savepoint ? running_->stop_with_savepoint()
                                              : running_->stop();
    stopped_by_order_ = true;
  }
  /// Answers the order that ended the run.
  void ended(const run_summary& done) {
    if (directory_ == "none") return;
    if (awaited_ && done.savepoints >= *awaited_)
      return answer_order(directory_, place_of(*done.last_savepoint));
    if (awaited_ || (!stopped_by_order_ && take_order(directory_)))
      return answer_order(directory_, "the run has ended");
    if (!stopped_by_order_) return;
    std::string text = done.failure ? "failed: " + done.failure->message : "stopped";
    if (done.last_savepoint) text += ", with " + place_of(*done.last_savepoint);
    answer_order(directory_, text);
  }

private:
  void answer_savepoint() {
    const run_summary now = running_->summary();
    const bool taken = now.savepoints >= *awaited_;
    if (!taken && now.failed_checkpoints == failed_before_) return;
    awaited_.reset();
    answer_order(directory_, taken ? place_of(*now.last_savepoint)
                                   : "the savepoint could not be taken; the run's log says why");
  }
  [[nodiscard]] std::string place_of(std::uint64_t id) const {
    return directory_ + "/savepoint-" + std::to_string(id);
  }

  runtime* running_;
  std::string directory_;
  std::optional<std::uint64_t> awaited_;  ///< A savepoint of that number.
  std::uint64_t failed_before_ = 0;
  bool stopped_by_order_ = false;
};

/// Shows the run and obeys signals and orders until it has ended.
run_summary watch(runtime& running, const signal_counter& signals, const program& what,
                  const args& values) {
  const bool quiet = values.flag("json");
  const bool drain = values.has("drain") && values.flag("drain");
  order_taker orders{running, values["checkpoints"]};
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
      obeyed != 0 ? running.abort() : drain ? running.drain() : running.stop();
      obeyed = std::min(signals.count(), obeyed + 1);
    }
    orders.look();
    if (!quiet && round % every == 0)
      shown.show(running.status(), running.summary(), what.live ? what.live() : "");
  }
  run_summary done = running.wait();
  orders.ended(done);
  return done;
}

/// Has the run that uses a directory take a savepoint, or stops it.
int order_another(const order& what) {
  const std::string& directory = what.values["checkpoints"];
  if (directory == "none")
    throw exception({errc::invalid_argument, what.command + ": give --checkpoints DIR, the "
                                                            "directory that the run uses"});
  run_order order = run_order::savepoint;
  if (what.command == "stop")
    order = what.values.flag("drain")       ? run_order::drain
            : what.values.flag("savepoint") ? run_order::stop_with_savepoint
                                            : run_order::stop;
  const std::string answer = give_order(directory, order, what.values.time("patience")).value();
  std::printf("%s\n", answer.c_str());
  return 0;
}

void print_dead_letters(const runtime& running, const program& what, const std::string& file,
                        const run_summary& done) {
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
  if (!letters.empty() && !file.empty())
    std::fprintf(stderr, "%s: dead letters are in '%s'; see '%s replay --help'\n",
                 what.name.c_str(), file.c_str(), what.name.c_str());
  if (done.dead_letters_not_kept != 0)
    std::fprintf(stderr, "%s: %llu dead letters are not kept any more, or could not be written\n",
                 what.name.c_str(), static_cast<unsigned long long>(done.dead_letters_not_kept));
}

std::uint32_t workers_of(const args& values) {
  if (values.count("workers") > 1024)
    throw exception(
        {errc::invalid_argument, "--workers '" + values["workers"] + "': expected 1024 at most"});
  return static_cast<std::uint32_t>(values.count("workers"));
}

/// Says what a run came to, and answers its exit code.
int report(const runtime& running, const run_summary& done, const program& what,
           const args& values) {
  print_dead_letters(running, what, dead_letter_file_of(running.running().plan().name, values),
                     done);
  const std::string own = what.closing ? what.closing() : "";
  const std::string& name = running.running().plan().name;
  std::string text = values.flag("json") ? summary_json(name, done) : summary_text(name, done);
  if (!values.flag("json")) {
    if (!own.empty()) text += own + "\n";
  } else {
    if (!own.empty()) text.insert(text.size() - 1, ",\"closing\":" + to_json(own));
    text += '\n';
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!done.failure) return 0;
  std::fprintf(stderr, "%s: %s\n", what.name.c_str(), done.failure->message.c_str());
  if (!done.store_hangs) return failed;
  std::fflush(stdout);
  std::_Exit(failed);  // its thread can't be ended
}

/// Brings chosen dead letters back, in a run that reads nothing else. With checkpoints it is in the
/// one that it ends with, or it has not happened.
int replay(const program& what, const args& values) {
  pipeline p = write_down(what, values);
  if (p.keeps_dead_letters())
    throw exception({errc::unsupported,
                     "replay: the pipeline has a sink of its own for dead letters, and only files "
                     "of --dead-letters can be read back"});
  runtime_options options;
  options.workers = workers_of(values);
  options.dead_letter_file = dead_letter_file_of(p.name(), values);
  const plan shape = p.build().value().plan();
  if (values.flag("list")) return (void)choose_letters(shape, values), 0;
  const signal_counter signals;  // one that comes while it starts stops it as soon as it has
  options.checkpoints = read_replayed_checkpoint(values);
  checkpoint_store* const store = options.checkpoints.store.get();
  if (store != nullptr) settle_replays(shape, values, next_id(*store).value());
  const std::vector<letters::kept_letter> chosen = choose_letters(shape, values);
  if (chosen.empty()) return std::puts("nothing to replay"), 0;
  for (const letters::kept_letter& l : chosen) options.replay.push_back(l.letter);
  if (what.before_run) what.before_run(values);
  if (store != nullptr) note_replay(shape, values, chosen, next_id(*store).value());
  auto running = runtime::start(std::move(p), std::move(options));
  if (!running) throw exception(running.error());
  const run_summary done = watch(*running, signals, what, values);
  if (store == nullptr && !done.failure) note_replayed(shape, values, chosen);
  // Of a store that hangs only whoever looks next can tell.
  if (store != nullptr && !done.store_hangs) settle_replays(shape, values, next_id(*store).value());
  return report(*running, done, what, values);
}

/// The pipeline's own sink goes first.
std::string choose_dead_letter_file(const pipeline& p, const args& values) {
  if (!p.keeps_dead_letters()) return dead_letter_file_of(p.name(), values);
  if (values["dead-letters"] != "auto")
    throw exception({errc::invalid_argument,
                     "--dead-letters: the pipeline has a sink of its own for dead letters"});
  return {};
}

int run(const program& what, const args& values) {
  const bool json = values.flag("json");
  pipeline p = write_down(what, values);
  if (what.before_run) what.before_run(values);
  runtime_options options;
  options.workers = workers_of(values);
  const signal_counter signals;  // one that comes while it starts stops it as soon as it has
  options.checkpoints = read_checkpoint_options(what, values);
  options.memory = read_memory_options(what, values);
  options.state = read_state_options(what, values, options.memory);
  options.dead_letter_file = choose_dead_letter_file(p, values);
  if (options.checkpoints.store)
    if (const auto built = p.build())  // mistakes are told of at the start
      settle_replays(built->plan(), values, next_id(*options.checkpoints.store).value());
  if (const std::string journal = given(what, values, "journal");
      !journal.empty() && journal != "none") {
    options.journal.directory = journal;
    options.journal.max_bytes = values.count("journal-megabytes") << 20;
  }
  const bool keeps_any = options.checkpoints.store != nullptr;
  auto running = runtime::start(std::move(p), std::move(options));
  if (!running) throw exception(running.error());
  if (!json && !keeps_any)
    std::fprintf(stderr, "%s: no checkpoints: a crash loses what windows and other state hold\n",
                 what.name.c_str());
  const run_summary done = watch(*running, signals, what, values);
  return report(*running, done, what, values);
}

}  // namespace

int main(int argc, char** argv, const program& what) {
  try {
    const auto order = read_command_line(argc, argv, what);
    if (!order) return 0;
    if (order->command == "graph") return print_graph(what, order->values);
    if (order->command == "run") return run(what, order->values);
    if (order->command == "repeat")
      return repeat_journal(write_down(what, order->values), order->values);
    if (order->command == "replay") return replay(what, order->values);
    if (order->command != "state") return order_another(*order);
    look_at_state(order->values);
    return 0;
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

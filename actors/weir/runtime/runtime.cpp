// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/runtime.hpp"

#include "weir/actors/pipeline_actor.hpp"
#include "weir/actors/scheduling.hpp"
#include "weir/checkpoint/restore_check.hpp"
#include "weir/codec/rfc3339.hpp"
#include "weir/dead_letters/dead_letter_file.hpp"
#include "weir/runtime/board.hpp"
#include "weir/runtime/dead_letter_buffer.hpp"
#include "weir/runtime/state_place.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <thread>

namespace weir {

namespace {

/// How many threads stages may keep busy; see `runtime_options::workers`.
std::uint32_t threads_of(std::uint32_t workers) {
  return workers != 0 ? workers : std::max(1U, std::thread::hardware_concurrency());
}

class quiet_config final : public caf::actor_system_config {
public:
  explicit quiet_config(std::uint32_t threads) { actors::use_shared_queue(*this, threads); }
};

void log_to_stderr(const std::string& line) { std::fprintf(stderr, "weir: %s\n", line.c_str()); }

/// Removes the checkpoints of earlier runs. A savepoint that stays must not be taken for the newest
/// of this run: an empty checkpoint stands before it.
void begin_anew(checkpoint_store& store, actors::supervision& what) {
  const auto stored = store.list();
  bool empty = true;
  if (!stored) throw exception(stored.error());
  for (const stored_checkpoint& s : *stored)
    if (s.kind == flow::checkpoint_kind::savepoint)
      empty = false;
    else
      store.remove(s).value();
  if (empty) return;
  checkpoint nothing{manifest_of(what.graph.plan()), {}};
  nothing.manifest.id = what.first_checkpoint++;
  nothing.manifest.taken_at = what.time->wall();
  store.write(nothing).value();
}

/// The state that a run begins with, as the newest of its store: whatever fails goes on from it. If
/// the run can't begin it is taken back: the next one finds what was there.
class first_checkpoint {
public:
  first_checkpoint() = default;
  first_checkpoint(const first_checkpoint&) = delete;
  first_checkpoint& operator=(const first_checkpoint&) = delete;
  ~first_checkpoint() {
    if (store_) take_back();
  }

  void put(std::shared_ptr<checkpoint_store> in, checkpoint first, actors::supervision& what) {
    first.manifest.id = id_ = what.first_checkpoint++;
    first.manifest.kind = flow::checkpoint_kind::checkpoint;
    log_ = what.log;
    store_ = std::move(in);
    store_->write(first).value();
  }
  /// The run has begun.
  void keep() noexcept { store_.reset(); }

private:
  void take_back() noexcept {
    try {
      const auto all = store_->list().value();
      for (const stored_checkpoint& s : all)
        if (s.id == id_) store_->remove(s).value();
    } catch (const std::exception& e) {
      log_("checkpoint " + std::to_string(id_) +
           ", which the run was to begin with, stays: " + e.what());
    }
  }

  std::shared_ptr<checkpoint_store> store_;
  std::uint64_t id_ = 0;
  std::function<void(const std::string&)> log_;
};

/// Says what maps to what, where that is more than each operator going on.
void tell_mapping(const restore_report& report, bool elsewhere, const actors::supervision& what) {
  const bool plain = std::all_of(
      report.operators.begin(), report.operators.end(),
      [](const restored_operator& o) { return o.in_checkpoint && o.in_pipeline && !o.dropped; });
  if (plain && !elsewhere) return;
  for (const restored_operator& o : report.operators) what.log("  " + o.text());
}

/// Leaves out the state that nobody takes, or that is of another kind of operator.
void drop_parts(std::vector<snapshot_part>& parts, const restore_report& report) {
  for (const restored_operator& o : report.operators) {
    if (!o.dropped) continue;
    std::erase_if(parts, [&](const snapshot_part& p) { return p.operator_id == o.id; });
    give_up_rows(parts, o.id);
  }
}

/// Finds the checkpoint to go on from, and says so. Throws `weir::exception` if the pipeline can't.
actors::beginning begin_with(checkpoint_options how, actors::supervision& what,
                             first_checkpoint& first) {
  // A replay adds to what earlier runs wrote.
  if (!how.store) return {0, {}, what.replays ? std::optional{sink_start::goes_on} : std::nullopt};
  what.first_checkpoint = next_id(*how.store).value();
  std::optional<checkpoint> found = std::move(how.from);
  const bool elsewhere = found.has_value();
  // A mistake in what is to be read must not have removed anything.
  if (how.fresh) (void)what.graph.find_splits({}).value();
  if (how.fresh)
    begin_anew(*how.store, what);
  else if (!found)
    found = take_newest(*how.store, what.log).value();
  if (!found || (found->parts.empty() && !elsewhere))
    return {what.first_attempt, {}, sink_start::fresh};
  const restore_report report =
      check_restore(what.graph.plan(), *found, how.allow_dropped_state).value();
  const checkpoint_manifest& m = found->manifest;
  what.first_attempt = m.attempt + 1;
  what.shown->set_restored(m.id);
  what.log("going on from checkpoint " + std::to_string(m.id) + " of " +
           format_rfc3339(m.taken_at));
  tell_mapping(report, elsewhere, what);
  for (const std::string& note : report.notes) what.log("note: " + note);
  if (what.graph.options().from || !what.graph.options().from_offsets.empty())
    what.log("note: --from and --from-offset count for a run that begins anew (--fresh)");
  drop_parts(found->parts, report);
  if (!what.backend) bring_into_memory(found->parts);
  if (elsewhere) first.put(std::move(how.store), *found, what);
  return {what.first_attempt, std::move(found->parts), sink_start::restored, found->manifest.id};
}

}  // namespace

struct runtime::inside {
  inside(weir::graph g, runtime_options options, std::optional<dead_letter_buffer> letters,
         std::optional<dead_letter_file> file, state_place where)
      : state(std::move(where)),
        config(threads_of(options.workers)),
        system(config),
        dead_letters(std::move(letters)),
        letter_file(std::move(file)),
        shown(std::make_shared<board>()),
        what{std::move(g),
             options.restarts,
             std::make_shared<system_clock>(),
             shown,
             options.log ? std::move(options.log) : log_to_stderr,
             options.log_late_every,
             std::make_shared<const service_map>(std::move(options.services)),
             std::make_shared<flow::poison_list>(),
             {options.checkpoints.store, options.checkpoints.retained, {}},
             options.checkpoints.timing} {
    what.checkpoints.log = what.log;
    what.backend = state.backend();
    what.memory = options.memory;
    what.workers = threads_of(options.workers);
    if (options.replay.empty()) return;
    what.replays = std::make_shared<const std::vector<dead_letter>>(std::move(options.replay));
    what.restarts.restarts = 0;
    what.timing.interval = duration{0};
  }

  /// Letters that neither the file nor, without one, the memory holds any more.
  [[nodiscard]] std::uint64_t letters_removed() const {
    if (letter_file) return letter_file->removed();
    return dead_letters ? dead_letters->dropped() : 0;
  }

  state_place state;  ///< Outlives the stages.
  quiet_config config;
  caf::actor_system system;
  std::optional<dead_letter_buffer> dead_letters;
  std::optional<dead_letter_file> letter_file;
  std::shared_ptr<board> shown;
  actors::supervision what;
  caf::actor supervisor;
};

result<runtime> runtime::start(pipeline p, runtime_options options) {
  std::optional<dead_letter_buffer> letters;
  std::optional<dead_letter_file> file;
  std::string letters_kind;
  if (!p.keeps_dead_letters()) {
    letters.emplace(options.kept_dead_letters);
    if (!options.dead_letter_file.empty())
      file.emplace(options.dead_letter_file, *letters, options.dead_letter_limits);
    if (file)
      p.dead_letters_to(*file);
    else
      p.dead_letters_to(*letters);
    letters_kind = file ? file->kind() : letters->kind();
  }
  auto built = p.build();
  if (!built) return built.error();
  for (const dead_letter& letter : options.replay)
    if (auto fits = built->check_replay(letter); !fits) return fits.error();
  if (auto reached = built->reach_outside(); !reached) return reached.error();
  if (!options.journal.directory.empty() && options.state.keep_in != state_options::place::memory)
    return error{errc::unsupported,
                 "a journal is recorded of state in memory: leave --journal or --backend out"};
  auto place = state_place::open(options.state, options.checkpoints.store.get());
  if (!place) return place.error();
  actors::init_messages();
  try {
    checkpoint_options checkpoints = options.checkpoints;
    journal_options journaled = options.journal;
    auto in = std::make_unique<inside>(*std::move(built), std::move(options), std::move(letters),
                                       std::move(file), *std::move(place));
    if (!journaled.directory.empty())
      in->what.records = journal::journal_writer::open(std::move(journaled), in->what.log).value();
    in->what.letters_kind = letters_kind;
    first_checkpoint first;
    const actors::beginning from = begin_with(std::move(checkpoints), in->what, first);
    const split_list splits = in->what.graph.find_splits(from.state).value();
    std::set<std::uint32_t> all;
    for (std::uint32_t i = 0; i < in->what.graph.plan().stages.size(); ++i) all.insert(i);
    auto hosts = actors::make_hosts(in->what, all, splits, from);
    // Detached: a restart looks for files or servers, which may take a while.
    in->supervisor =
        in->system.spawn<caf_compat::state_actor<actors::pipeline_actor>, caf::detached>(
            in->what, std::move(hosts), splits);
    first.keep();
    return runtime{std::move(in)};
  } catch (const exception& e) {
    return e.why();
  } catch (const std::exception& e) {
    return error{errc::stage_failed, std::string{"the pipeline cannot be started: "} + e.what()};
  }
}

runtime::runtime(std::unique_ptr<inside> in) : inside_(std::move(in)) {}
runtime::runtime(runtime&&) noexcept = default;

runtime& runtime::operator=(runtime&& other) noexcept {
  std::swap(inside_, other.inside_);
  return *this;
}

runtime::~runtime() {
  if (!inside_) return;
  abort();
  inside_->shown->wait();
  inside_->supervisor = nullptr;
}

void runtime::stop() {
  caf_compat::send_anonymous(inside_->supervisor, actors::pipeline_order::stop);
}
void runtime::drain() {
  caf_compat::send_anonymous(inside_->supervisor, actors::pipeline_order::drain);
}
void runtime::stop_with_savepoint() {
  caf_compat::send_anonymous(inside_->supervisor, actors::pipeline_order::stop_with_savepoint);
}
void runtime::savepoint() {
  caf_compat::send_anonymous(inside_->supervisor, actors::pipeline_order::savepoint);
}
void runtime::abort() {
  caf_compat::send_anonymous(inside_->supervisor, actors::pipeline_order::abort);
}

run_summary runtime::wait() {
  inside_->shown->wait();
  return summary();
}

bool runtime::wait_for(duration d) { return inside_->shown->wait_for(d); }

const graph& runtime::running() const noexcept { return inside_->what.graph; }
std::vector<instance_status> runtime::status() const { return inside_->shown->current(); }
run_summary runtime::summary() const {
  run_summary sums = inside_->shown->summary();
  sums.dead_letters_not_kept += inside_->letters_removed();
  return sums;
}

std::vector<dead_letter> runtime::dead_letters() const {
  return inside_->dead_letters ? inside_->dead_letters->newest() : std::vector<dead_letter>{};
}

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/repeat.hpp"

#include "weir/journal/instance_recorder.hpp"

#include <algorithm>

namespace weir::test {

namespace {

/// Stands for the sink that the runtime added for dead letters.
struct letters_sink {
  std::string of_kind;

  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance&) const {
    return nullptr;  // never asked for: the tape repeats
  }
  [[nodiscard]] std::string kind() const { return of_kind; }
  [[nodiscard]] bool blocking() const { return false; }
};

graph graph_of(pipeline& p, const journal::recorded_start& start) {
  if (start.format != journal::recorded_start{}.format)
    throw exception({errc::incompatible, "the journal has format " + std::to_string(start.format) +
                                             ", which this library does not read"});
  if (!start.letters_kind.empty() && !p.keeps_dead_letters())
    p.dead_letters_to(letters_sink{start.letters_kind});
  graph g = p.build().value();
  if (g.plan().name != start.pipeline)
    throw exception({errc::incompatible, "the journal is of pipeline '" + start.pipeline +
                                             "', and this is '" + g.plan().name + "'"});
  if (g.plan().to_json() != start.plan)
    throw exception({errc::incompatible,
                     "the journal is of another graph of '" + start.pipeline +
                         "': give the program and the arguments that it was recorded with"});
  return g;
}

}  // namespace

repeat::repeat(std::unique_ptr<journal::recording> what, pipeline p)
    : recording_(std::move(what)), graph_(graph_of(p, recording_->start())) {
  const auto& stages = graph_.plan().stages;
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    for (std::uint32_t i = 0; i < stages[s].parallelism; ++i) {
      member m;
      m.stage = s;
      m.instance = i;
      members_.push_back(std::move(m));
    }
  channels_.resize(graph_.channels().size());
  for (const channel_plan& c : graph_.channels())
    channels_.resize(std::max<std::size_t>(channels_.size(), c.id + std::size_t{1}));
  poison_->begin_with(start().poison);
}

std::optional<repeated_step> repeat::step() {
  journal::recorded_entry entry;
  if (over_ || !recording_->next(entry)) return std::nullopt;
  if (entry.instance >= members_.size()) journal::tape::damaged();
  member& m = members_[entry.instance];
  repeated_step done{entry.number, graph_.plan().stages[m.stage].name, m.instance, "", 0, {}, ""};
  const std::uint64_t letters = m.metrics->dead_letters.get();
  m.tape->load(std::move(entry.data));
  effects_.clear();
  effects_.next_request = m.next_request;
  try {
    done.what = play(m);
    const auto recorded = m.tape->read<journal::digest>();
    done.difference =
        journal::difference(recorded, journal::digest_of(effects_, verdict_, scratch_));
  } catch (const exception& e) {
    done.difference = e.why().message;
  }
  m.next_request = effects_.next_request;
  done.dead_letters = m.metrics->dead_letters.get() - letters;
  for (const flow::failure& f : effects_.failures)
    done.failures.push_back(f.where + ": " + f.why.message);
  over_ = !done.difference.empty();
  ++steps_;
  deliver();
  return done;
}

std::string repeat::play(member& m) {
  std::string what;
  verdict_ = flow::verdict::done;
  while (true) {
    const journal::mark at = m.tape->take_mark();
    if (at == journal::mark::digest) return what;
    if (what.empty() || at == journal::mark::step) what = to_string(at);
    if (at == journal::mark::made) {
      make(m);
      continue;
    }
    if (!m.machine)
      throw exception({errc::incompatible, "the journal has no beginning of this instance"});
    if (at == journal::mark::step) {
      verdict_ = m.machine->step(effects_);
    } else if (at == journal::mark::frame) {
      std::uint64_t channel = 0;
      if (!journal::read_number(m.tape->left(), channel) || channel >= channels_.size())
        journal::tape::damaged();
      auto& sent = channels_[channel];
      if (sent.empty())
        throw exception({errc::incompatible, "a frame of channel " + std::to_string(channel) +
                                                 " was taken that is not sent now"});
      m.machine->take(std::move(sent.front()), effects_);
      sent.pop_front();
    } else {
      m.machine->take(journal::noted_message(*m.tape, at, start().attempt), effects_);
    }
  }
}

void repeat::make(member& m) {
  const journal::recorded_start& s = start();
  build::surroundings around;
  around.time = m.tape.get();
  around.metrics = m.metrics;
  around.wake = [] {};
  if (s.sinks) around.start = static_cast<sink_start>(*s.sinks);
  around.poison = poison_;
  if (s.replays) around.replays = std::make_shared<const std::vector<dead_letter>>(*s.replays);
  if (s.checkpoint_interval) around.checkpoint_interval = duration{*s.checkpoint_interval};
  around.tape = m.tape;
  m.machine =
      graph_.make_stage(m.stage, m.instance, s.attempt, split_list{s.splits}, s.state, around);
}

void repeat::deliver() {
  last_.frames.clear();
  for (flow::frame& f : effects_.frames) {
    last_.frames.push_back(f);
    channels_.at(f.channel).push_back(std::move(f));
  }
  effects_.frames.clear();
  for (flow::grant& g : effects_.grants) g.returned = nullptr;
  last_.grants = std::move(effects_.grants);
  last_.requests = std::move(effects_.requests);
  last_.notices = std::move(effects_.notices);
  last_.failures = std::move(effects_.failures);
  last_.wake_at = effects_.wake_at;
}

std::optional<repeated_step> repeat::to(std::uint64_t number) {
  std::optional<repeated_step> last;
  while (!last || last->number < number) {
    auto next = step();
    if (!next) break;
    last = std::move(next);
  }
  return last;
}

std::optional<repeated_step> repeat::to_failure() {
  while (auto at = step())
    if (at->dead_letters != 0 || !at->failures.empty() || !at->difference.empty()) return at;
  return std::nullopt;
}

std::string repeat::to_end() {
  while (const auto at = step())
    if (!at->difference.empty())
      return "entry " + std::to_string(at->number) + ", stage '" + at->stage + "' instance " +
             std::to_string(at->instance) + ", " + at->what + ": " + at->difference;
  return {};
}

std::size_t repeat::find(const std::string& stage, std::uint32_t instance) const {
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (graph_.plan().stages[members_[i].stage].name == stage && members_[i].instance == instance)
      return i;
  throw exception({errc::invalid_argument, "pipeline '" + graph_.plan().name + "' has no stage '" +
                                               stage + "' with an instance " +
                                               std::to_string(instance)});
}

std::vector<snapshot_part> repeat::state(const std::string& stage, std::uint32_t instance) {
  flow::stage* const machine = members_[find(stage, instance)].machine.get();
  if (machine == nullptr)
    throw exception({errc::invalid_argument, "stage '" + stage + "' has not been made yet"});
  if (machine->saves())
    throw exception({errc::unsupported, "stage '" + stage +
                                            "' writes a checkpoint: look at its "
                                            "state some steps before, or later"});
  // What it reads of its clock now was never recorded: it reads off a tape of its own.
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  journal::tape& tape = *members_[find(stage, instance)].tape;
  tape.load({});
  tape.stand_still(true);
  machine->read_state(to);
  tape.stand_still(false);
  return parts;
}

const stage_metrics& repeat::metrics(const std::string& stage, std::uint32_t instance) const {
  return *members_[find(stage, instance)].metrics;
}

}  // namespace weir::test

// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/command_line.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

namespace weir {

namespace {

using values = std::map<std::string, std::string, std::less<>>;

const option dead_letters_option = {
    "dead-letters", "auto",
    "a file for dead letters; auto: beside the checkpoints, or here; none: the newest in memory"};

const option name_option = {"name", "", "another name for the pipeline, beside one that runs"};

const std::vector<option> run_options = {
    {"parallelism", "1", "instances of each stage that doesn't say"},
    {"hot-keys", "0", "counters for finding keys with a large share of the events; 0: off"},
    {"checkpoints", "none", "a directory to keep checkpoints in; the next run goes on from it"},
    {"checkpoint-interval", "10s", "time from one checkpoint to the next"},
    {"checkpoint-timeout", "10min", "a checkpoint that takes longer is given up"},
    {"checkpoints-retained", "2", "older checkpoints that are kept beside the newest"},
    {"guarantee", "exactly-once",
     "after a failure: exactly-once, or at-least-once without alignment"},
    {"fresh", "false", "begin anew, and remove the checkpoints that are there"},
    {"from-savepoint", "none", "begin with the state in this directory"},
    {"allow-dropped-state", "false", "give up the state of operators that are gone"},
    {"drain", "false", "let a stop end the sources: windows fire, and no other run goes on"},
    {"backend", "memory", "where states by key are kept: memory or rocksdb"},
    {"state-dir", "auto", "a directory for RocksDB's files; auto: beside the checkpoints"},
    {"state-memory", "auto", "memory for what is kept in RocksDB; auto: 512MiB, or half the limit"},
    {"memory-limit", "none", "memory that the process may use, like 2GiB"},
    {"at-memory-limit", "hold", "hold: sources wait until there is less; fail: the run ends"},
    dead_letters_option,
    {"from", "", "begin with events of this time, like 2013-03-01T00:00Z"},
    {"from-offset", "", "begin behind these offsets, like flights.csv=2048 (SPLIT=OFFSET,…)"},
    name_option,
    {"journal", "none", "a directory to record the run in, to be repeated step by step"},
    {"journal-megabytes", "1024", "as much as its files may take"},
    {"workers", "0", "threads for stages that don't block; 0: one a core"},
    {"json", "false", "print the closing summary as one line of JSON"},
};
const std::vector<option> repeat_options = {
    {"journal", "none", "the directory that a run was recorded in"},
    {"recording", "newest", "the number of the recording"},
    {"until", "end", "stop behind the entry of this number, and show what came of it"},
    {"to-failure", "false", "stop behind the first entry in which something fails"},
    {"parallelism", "1", "as it was"},
    {"hot-keys", "0", "as it was"},
    {"guarantee", "exactly-once", "as it was"},
    {"from", "", "as it was"},
    name_option,
};
const std::vector<option> replay_options = {
    {"parallelism", "1", "instances of each stage that doesn't say"},
    {"checkpoints", "none", "the directory of the run, which must have stopped"},
    {"checkpoint-timeout", "10min", "a checkpoint that takes longer is given up"},
    {"checkpoints-retained", "2", "older checkpoints that are kept beside the newest"},
    {"allow-dropped-state", "false", "give up the state of operators that are gone"},
    dead_letters_option,
    {"only-stage", "", "those of this stage"},
    {"only-operator", "", "those of this operator"},
    {"only-error", "", "those whose error holds this text"},
    {"only-numbers", "", "those of these numbers, like 3,5,9-12"},
    {"failed-since", "", "those that failed at this time or later"},
    {"failed-until", "", "those that failed before this time"},
    {"again", "false", "those that were replayed before, too"},
    {"list", "false", "only list them"},
    name_option,
    {"workers", "0", "threads for stages that don't block; 0: one a core"},
    {"json", "false", "print the closing summary as one line of JSON"},
};
const std::vector<option> savepoint_options = {
    {"checkpoints", "none", "the directory that the run uses"},
    {"patience", "60s", "how long to wait for its answer"},
};
const std::vector<option> stop_options = {
    {"checkpoints", "none", "the directory that the run uses"},
    {"patience", "60s", "how long to wait for its answer"},
    {"savepoint", "false", "keep the last checkpoint as a savepoint"},
    {"drain", "false", "let the sources end: windows fire, and no other run goes on"},
};
const std::vector<option> state_options = {
    {"checkpoints", "none", "list the checkpoints of this directory"},
    {"show", "none", "show the checkpoint in this directory"},
    {"export", "none", "write the state in this directory as JSON Lines"},
    {"compare", "none", "compare the checkpoint in this directory"},
    {"with", "none", "... with the one in this"},
};
const std::vector<option> graph_options = {
    {"format", "mermaid", "mermaid, dot or json"},
};

/// FLIGHTS_OUT_OF_ORDERNESS for --out-of-orderness of flights.
std::string environment_name(const std::string& program, const std::string& option) {
  std::string name = program + "_" + option;
  for (char& c : name)
    c = std::isalnum(static_cast<unsigned char>(c)) != 0
            ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
            : '_';
  return name;
}

/// The arguments that the environment sets for a program that declares none: FIRST_INPUT is --input
/// of first.
values undeclared_environment(const std::string& program) {
  values found;
  const std::string prefix = environment_name(program, "");
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string entry = *at;
    const std::size_t equals = entry.find('=');
    if (!entry.starts_with(prefix) || equals == std::string::npos || equals == prefix.size())
      continue;
    std::string name = entry.substr(prefix.size(), equals - prefix.size());
    for (char& c : name)
      c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    found[name] = entry.substr(equals + 1);
  }
  return found;
}

/// Adds an option whose value lands in `given` if the command line has it.
void add(CLI::App& to, const option& o, values& given) {
  const auto take = [&given, name = o.name](const std::string& value) { given[name] = value; };
  if (o.default_value == "false") {
    to.add_flag_callback(
        "--" + o.name, [take] { take("true"); }, o.help);
    return;
  }
  auto* added = to.add_option_function<std::string>("--" + o.name, take,
                                                    o.help + " [" + o.default_value + "]");
  added->type_name("");
}

/// Takes `--name value` pairs that nobody declared.
void take_undeclared(const std::vector<std::string>& rest, values& given) {
  for (std::size_t i = 0; i < rest.size(); i += 2) {
    if (!rest[i].starts_with("--") || i + 1 == rest.size())
      throw exception(
          {errc::invalid_argument,
           "'" + rest[i] + "' is not understood: arguments are of the form --name VALUE"});
    given[rest[i].substr(2)] = rest[i + 1];
  }
}

bool is_one_of(const std::vector<option>& options, const std::string& name) {
  return std::any_of(options.begin(), options.end(),
                     [&](const option& o) { return o.name == name; });
}

/// Fills in what the command line did not give.
values complete(values given, const program& what, const std::vector<option>& all) {
  values config;
  if (const auto file = given.find("config"); file != given.end())
    config = read_config(file->second).value();
  for (const auto& [name, value] : config) {
    // A file may serve all commands.
    bool known = what.options.empty() || is_one_of(all, name);
    for (const auto* options : {&run_options, &replay_options, &repeat_options, &graph_options,
                                &stop_options, &state_options})
      known = known || is_one_of(*options, name);
    if (!known)
      throw exception(
          {errc::invalid_argument, "--config: '" + name + "' is no argument of " + what.name});
  }
  values full;
  for (const option& o : all) full[o.name] = o.default_value;
  for (const auto& [name, value] : config) full[name] = value;
  if (what.options.empty()) full.merge(undeclared_environment(what.name));
  for (const option& o : all)
    if (const char* set = std::getenv(environment_name(what.name, o.name).c_str()))
      full[o.name] = set;
  for (const auto& [name, value] : given) full[name] = value;
  return full;
}

}  // namespace

std::optional<order> read_command_line(int argc, char** argv, const program& what) {
  CLI::App app{what.description, what.name};
  app.require_subcommand(1);
  values given;
  struct command {
    CLI::App* app;
    std::vector<option> options;
  };
  std::vector<command> commands;
  const auto add_command = [&](const char* name, const char* help, const std::vector<option>& own,
                               bool builds = true) {
    command& c = commands.emplace_back(
        command{app.add_subcommand(name, help), builds ? what.options : std::vector<option>{}});
    for (const option& o : own)
      if (!is_one_of(c.options, o.name)) c.options.push_back(o);
    for (const option& o : c.options) add(*c.app, o, given);
    c.app
        ->add_option_function<std::string>(
            "--config", [&given](const std::string& file) { given["config"] = file; },
            "a file with a JSON object of arguments")
        ->type_name("FILE");
    if (builds && what.options.empty()) c.app->allow_extras();
  };
  std::vector<option> for_graph = graph_options;
  for_graph.push_back(run_options.front());
  add_command("run", "run the pipeline until its sources end or a signal stops it", run_options);
  add_command("replay", "bring dead letters back to the stages that refused them", replay_options);
  add_command("repeat", "repeat what a journal recorded, step by step", repeat_options);
  add_command("graph", "print the pipeline's graph", for_graph);
  add_command("savepoint", "have the run that uses a directory take a savepoint", savepoint_options,
              false);
  add_command("stop", "stop the run that uses a directory", stop_options, false);
  add_command("state", "look at checkpoints and savepoints", state_options, false);
  if (argc < 2)
    throw exception({errc::invalid_argument,
                     "say what to do: run, replay, repeat, graph, savepoint, stop or state (a "
                     "subcommand; see " +
                         what.name + " --help)"});
  if (argv[1][0] != '-' && std::none_of(commands.begin(), commands.end(), [&](const command& c) {
        return c.app->check_name(argv[1]);
      }))
    throw exception({errc::invalid_argument,
                     "there is no subcommand '" + std::string{argv[1]} +
                         "': use run, replay, repeat, graph, savepoint, stop or state"});
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success&) {
    for (const command& c : commands)
      if (c.app->parsed()) return std::cout << c.app->help(), std::nullopt;
    std::cout << app.help();
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    throw exception(
        {errc::invalid_argument, std::string{e.what()} + " (see " + what.name + " --help)"});
  }
  for (const command& c : commands) {
    if (!c.app->parsed()) continue;
    if (what.options.empty()) take_undeclared(c.app->remaining(), given);
    return order{c.app->get_name(), args{complete(std::move(given), what, c.options)}};
  }
  return std::nullopt;
}

}  // namespace weir

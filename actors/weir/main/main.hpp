// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/pipeline.hpp"
#include "weir/main/args.hpp"

#include <functional>
#include <string>
#include <vector>

namespace weir {

/// A pipeline as a command-line tool.
struct program {
  std::string name;
  std::string description;
  std::vector<option> options;  ///< Its own arguments; others are refused. Without any, every
                                ///< `--name VALUE` is taken.
  std::function<void(pipeline&, const args&)> build;  ///< Writes the pipeline down.
  std::function<std::string()>
      live;  ///< Further lines for the live table, from any thread; may be empty.
  std::function<void(const args&)> before_run;  ///< Called before a run starts; may be empty.
  std::function<std::string()>
      closing;  ///< A further line of the closing summary, in JSON its `closing`; may be empty.
};

/// Runs a program's command line: `run` runs the pipeline until its sources end or a signal stops
/// it, `graph` prints its graph, `--help` explains. Every command takes `--config FILE` (a JSON
/// object), and every argument can be set by the environment: `--out-of-orderness` of `flights` by
/// FLIGHTS_OUT_OF_ORDERNESS.
///
/// SIGINT and SIGTERM stop gracefully, as `runtime::stop` does, or `runtime::drain` with `--drain`;
/// the second one aborts. Exit codes: 0 done or stopped; 1 the pipeline failed or was aborted; 2 a
/// mistake of the user's, said in one line.
int main(int argc, char** argv, const program& what);

/// As above, for a program that takes whatever arguments it asks for.
int main(int argc, char** argv, const std::string& name,
         std::function<void(pipeline&, const args&)> build);

}  // namespace weir

// SPDX-License-Identifier: BSD-3-Clause
// Runs conformance cases through Weir's own operators: `conformance KIND < cases > results`, a
// JSON object a line. See docs/conformance.md.
#include "conformance/runners.hpp"

#include <boost/json.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

namespace {

using namespace weir::conformance;

const std::vector<runner> runners = {
    {"patterns", run_pattern_case},
    {"windows", run_window_case},
};

/// Answers one case; what is wrong with the case itself is an answer too.
boost::json::object answer(const runner& r, const std::string& line) {
  boost::json::value id;
  try {
    const boost::json::value parsed = boost::json::parse(line);
    if (parsed.is_object() && parsed.get_object().contains("id")) id = parsed.at("id");
    boost::json::object result = r.run(parsed.as_object());
    result["id"] = id;
    return result;
  } catch (const std::exception& e) {
    return {{"id", id}, {"error", "malformed_case"}, {"message", e.what()}};
  }
}

int usage() {
  std::cerr << "usage: conformance KIND < cases.jsonl > results.jsonl, kinds:";
  for (const runner& r : runners) std::cerr << ' ' << r.name;
  std::cerr << '\n';
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return usage();
  for (const runner& r : runners) {
    if (r.name != argv[1]) continue;
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);)
      if (line.find_first_not_of(" \t\r") != std::string::npos)
        std::cout << boost::json::serialize(answer(r, line)) << std::endl;
    return std::cout.flush() ? 0 : 1;
  }
  return usage();
}

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Checks what the compiler does not: the layers, that every header compiles alone, names, and clang-tidy's opinion.
source "$(dirname "$0")/common.sh"
cd "$root"
bad=0
complain() {
  printf 'lint: %s\n' "$*" >&2
  bad=1
}

say "layers: an arrow may only point down"
up=$(git grep -nE '#include *[<"](weir/(actors|runtime|main|connectors|rocksdb)|caf)/' -- libstream || true)
[ -z "$up" ] || complain "libstream/ includes what is above it:" "$up"
caf=$(git grep -nE '#include *[<"](caf/|weir/actors/)' -- examples tests actors/weir/runtime/*.hpp actors/weir/main/*.hpp \
  actors/weir/connectors ':!tests/actors' ':!tests/bench' || true)
[ -z "$caf" ] || complain "CAF leaks into what a user includes:" "$caf"

say "every file begins with its licence"
for f in $(git ls-files --cached --others --exclude-standard '*.hpp' '*.cpp' '*.sh' '*.py' '*CMakeLists.txt'); do
  head -n 3 "$f" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' || complain "$f: no SPDX line"
done

say "every public header compiles alone"
built=build/release
if [ ! -e $built/build.ninja ] && [ -e build/quick/build.ninja ]; then built=build/quick; fi
[ -e $built/build.ninja ] || ./dev build release
cmake --build $built -j "$jobs" --target all_verify_interface_header_sets | tail -n 1

say "clang-tidy"
# GCC's precompiled headers and parameters mean nothing to it: only what is compiled without the former. Some sources are
# for libraries that this machine may not have.
mkdir -p build/tidy
python3 - $built/compile_commands.json build/tidy/compile_commands.json <<'END'
import json, re, sys
commands = [c for c in json.load(open(sys.argv[1])) if "cmake_pch" not in c["command"] and "verify_" not in c["command"]]
for c in commands:
    c["command"] = re.sub(r" --param=\S+", "", c["command"])
json.dump(commands, open(sys.argv[2], "w"))
END
git ls-files 'libstream/*.cpp' 'actors/weir/runtime/*.cpp' 'actors/weir/main/*.cpp' 'actors/weir/connectors/*.cpp' \
  'actors/weir/rocksdb/*.cpp' |
  sed "s|^|$root/|" | python3 tools/tidy.py build/tidy/compile_commands.json "$cache/tidy" "$jobs" || bad=1

[ $bad = 0 ] && say "lint found nothing"
exit $bad

# SPDX-License-Identifier: BSD-3-Clause
# What ./dev and the scripts beside this one share. Sourced, never run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}
jobs=${WEIR_JOBS:-$(nproc)}

# Lets one cache of compilations serve every checkout, whatever its path.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

# Ends with one line that says what is wrong and what to do; 2 means "your turn".
fail() {
  printf 'dev: %s\n' "$*" >&2
  exit 2
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "'$1' needs root: run ./dev setup as root or install sudo"
  fi
}

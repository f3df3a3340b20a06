#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds CAF 0.18.7 from Debian's source archive into the cache, once per flavour:
#   release  optimised; serves all presets but tsan
#   tsan     under ThreadSanitizer, which reports false races against an uninstrumented CAF
# Of its modules the core alone is wanted.
# A CAF >= 0.18.7 that CMake finds by itself is used instead of the release flavour.
source "$(dirname "$0")/common.sh"

flavour=${1:?usage: build_caf.sh release|tsan}
version=0.18.7
sha256=d5c3abe8fd67a729aab1baeece10367637d903ba335f4c79378bcadfbcd34552
prefix=$cache/caf-$version-$flavour

[ -e "$prefix/.complete" ] && exit 0

system_caf() {
  local dir
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' RETURN
  cat >"$dir/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(probe CXX)
find_package(CAF $version REQUIRED COMPONENTS core)
END
  cmake -S "$dir" -B "$dir/b" -G Ninja >/dev/null 2>&1
}
if [ "$flavour" = release ] && system_caf; then
  mkdir -p "$prefix" && touch "$prefix/.complete"
  say "using the CAF already on this machine"
  exit 0
fi

fetch_source() {
  local lists=$cache/apt/experimental tarball
  tarball=$(ls "$cache"/caf-source/*.orig.tar.* 2>/dev/null | head -n 1 || true)
  if [ -z "$tarball" ]; then
    say "fetching CAF $version from Debian's source archive"
    mkdir -p "$lists/lists/partial" "$cache/caf-source"
    local uri
    uri=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | sort -u | head -n 1)
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri experimental main" >"$lists/sources.list"
    local options=(-oDir::Etc::SourceList="$lists/sources.list" -oDir::Etc::SourceParts=/dev/null
      -oDir::State::Lists="$lists/lists" -oAPT::Sandbox::User=root)
    as_root apt-get "${options[@]}" update -qq
    (cd "$cache/caf-source" && apt-get "${options[@]}" source --tar-only -qq actor-framework/experimental)
    tarball=$(ls "$cache"/caf-source/*.orig.tar.* | head -n 1)
  fi
  echo "$sha256  $tarball" | sha256sum --check --status ||
    fail "$tarball is not the CAF $version release (checksum differs): delete it and run ./dev setup again"
  rm -rf "$1" && mkdir -p "$1"
  tar -xf "$tarball" -C "$1" --strip-components=1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch_source "$work/source"

options=(-DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_CXX_STANDARD=20
  -DCAF_ENABLE_TESTING=OFF -DCAF_ENABLE_TOOLS=OFF -DCAF_ENABLE_EXAMPLES=OFF
  -DCAF_ENABLE_IO_MODULE=OFF -DCAF_ENABLE_OPENSSL_MODULE=OFF)
case $flavour in
release) options+=(-DCMAKE_BUILD_TYPE=Release) ;;
tsan) options+=(-DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=-O1 -g1 -fsanitize=thread") ;;
*) fail "no CAF flavour '$flavour': use release or tsan" ;;
esac
command -v ccache >/dev/null && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)

say "building CAF $version ($flavour) once into $prefix; this takes a few minutes"
cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_INSTALL_PREFIX="$prefix" "${options[@]}" >"$cache/caf-$flavour.log" 2>&1 &&
  cmake --build "$work/build" -j "$jobs" >>"$cache/caf-$flavour.log" 2>&1 &&
  rm -rf "$prefix" &&
  cmake --install "$work/build" >>"$cache/caf-$flavour.log" 2>&1 ||
  fail "CAF did not build; the log is $cache/caf-$flavour.log"
touch "$prefix/.complete"

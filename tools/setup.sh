#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs what a build needs: Debian packages, Catch2 v3 from backports, CAF from Debian's source archive, and the
# jars of the Kafka broker that tests start.
# Each step is skipped when its result is already there, so a second run takes a fraction of a second and no network.
source "$(dirname "$0")/common.sh"

packages=(
  g++ cmake ninja-build ccache git python3 ca-certificates dpkg-dev
  clang-format-14 clang-tidy-14
  libboost1.81-dev libboost-json1.81-dev
  libhiredis-dev redis-server libmaxminddb-dev
  librocksdb-dev
  librdkafka-dev openjdk-17-jre-headless maven openssl
  libfmt-dev libcli11-dev libxxhash-dev libhowardhinnant-date-dev tzdata
  libzstd-dev zstd zlib1g-dev libssl-dev pkg-config libavro-dev
)

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
  local missing=() p
  for p in "${packages[@]}"; do installed "$p" || missing+=("$p"); done
  [ ${#missing[@]} = 0 ] && return
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The archive this machine already uses; asked from apt, so that a mirror stays a mirror.
archive() { apt-get indextargets --format '$(REPO_URI)' | grep -v security | sort -u | head -n 1; }

# Gives apt one suite from a private list; the machine's own apt set-up stays as it was.
private_apt() {
  local suite=$1 kind=$2 dir=$cache/apt/$1
  mkdir -p "$dir/lists/partial"
  [ -n "$(archive)" ] || as_root apt-get update -qq
  echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(archive) $suite main" >"$dir/sources.list"
  apt_options=(-oDir::Etc::SourceList="$dir/sources.list" -oDir::Etc::SourceParts=/dev/null
    -oDir::State::Lists="$dir/lists" -oAPT::Sandbox::User=root)
  as_root apt-get "${apt_options[@]}" update -qq
}

install_catch2() {
  if installed libcatch2-dev && dpkg --compare-versions "$(dpkg-query -W -f='${Version}' libcatch2-dev)" ge 3; then
    return
  fi
  local codename
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  if [ "$codename" = bookworm ]; then
    say "installing Catch2 v3 from bookworm-backports"
    private_apt bookworm-backports deb
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" install -y -qq --no-install-recommends libcatch2-dev >/dev/null
  else
    say "installing Catch2"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libcatch2-dev >/dev/null
  fi
}

install_packages
install_catch2
"$root/tools/kafka/fetch_registry.sh" || [ -z "${CI:-}" ]
"$root/tools/kafka/fetch.sh" || [ -z "${CI:-}" ] # elsewhere the tests that want a broker are skipped, and say so
"$root/tools/build_caf.sh" release
for flavour in "$@"; do "$root/tools/build_caf.sh" "$flavour"; done

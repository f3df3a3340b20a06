#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Has Maven put the schema registry of the tests, Apicurio's, which speaks Confluent's API, into the cache, once.
source "$(dirname "$0")/../common.sh"

version=2.6.13.Final
to=$cache/registry-$version
[ -e "$to/complete" ] && exit
command -v mvn >/dev/null || fail "Maven is missing: ./dev setup installs it"
say "fetching the schema registry for the tests"
mkdir -p "$to"
for try in 1 2 3; do
  if mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -DoutputDirectory="$to" \
    -Dartifact="io.apicurio:apicurio-registry-app:$version:tar.gz:all" >"$to/maven.log" 2>&1 &&
    tar -xzf "$to/apicurio-registry-app-$version-all.tar.gz" -C "$to"; then
    rm "$to/apicurio-registry-app-$version-all.tar.gz"
    touch "$to/complete"
    exit
  fi
done
tail -n 20 "$to/maven.log" >&2
fail "Maven could not fetch the schema registry; the tests of Avro with a registry need it"

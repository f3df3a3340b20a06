#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Has Maven put the jars of the tests' Kafka broker into the cache, once.
source "$(dirname "$0")/../common.sh"

version=$(sed -n '/kafka_2.13/{n;s/.*<version>\(.*\)<.*/\1/p}' "$root/tools/kafka/pom.xml")
jars=$cache/kafka-$version
[ -e "$jars/complete" ] && exit
command -v mvn >/dev/null || fail "Maven is missing: ./dev setup installs it"
say "fetching the jars of Apache Kafka $version for the tests"
mkdir -p "$jars"
for try in 1 2 3; do
  if mvn -B -q -f "$root/tools/kafka/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$jars" >"$jars/maven.log" 2>&1; then
    touch "$jars/complete"
    exit
  fi
done
tail -n 20 "$jars/maven.log" >&2
fail "Maven could not fetch Kafka's jars; the tests that want a broker need them"

#!/bin/sh
# Lets libFuzzer look for inputs that break a target, by what instrumentation tells it. Linux, or a toolchain that has libFuzzer.
#
#   Scripts/libfuzzer.sh TARGET MINUTES      targets: roteq-fuzz --help
set -eu
target=$1
minutes=$2
corpus=.build-libfuzzer/corpus-$target
mkdir -p "$corpus"
ROTEQ_LIBFUZZER=1 swift build --scratch-path .build-libfuzzer --product roteq-libfuzzer \
  -Xswiftc -sanitize=fuzzer -Xswiftc -parse-as-library
ROTEQ_FUZZ_TARGET=$target .build-libfuzzer/debug/roteq-libfuzzer "$corpus" -max_total_time=$((minutes * 60)) \
  -timeout=10 -rss_limit_mb=2048 -max_len=20000 -print_final_stats=1

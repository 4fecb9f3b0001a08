#!/usr/bin/env bash
# Runs the benchmarks of bench/ with BenchmarkDotNet, in its process, which is set up as the gateway's is. Results: artifacts/bench.
# Arguments go to BenchmarkDotNet; without any it runs all of them in short jobs (some minutes).
# Usage: scripts/bench.sh [filter [options]]    for example: scripts/bench.sh '*Fanout*' --job medium
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

filter=${1:-*}
[ $# -eq 0 ] || shift
job=(--job short)
for argument in "$@"; do
  case "$argument" in
    --job | -j) job=() ;;
  esac
done
dotnet build bench -c Release -v q -nodeReuse:false
exec dotnet bench/bin/Release/net10.0/FastPush.Bench.dll --filter "$filter" --inProcess --artifacts artifacts/bench "${job[@]}" "$@"

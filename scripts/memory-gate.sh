#!/usr/bin/env bash
# Starts the gateway's Release build, opens 3,000 idle connections with a subscription each, and compares what one of them costs the
# process with bench/memory-baseline.json: more than 5 % over it fails. Linux. Needs the Release build, as scripts/test.sh makes it;
# --build makes it.
# Usage: scripts/memory-gate.sh [--build] [--update]    --update rewrites the file
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

gate=(--memory-gate)
for argument in "$@"; do
  case "$argument" in
    --build) dotnet build bench -c Release -v q -nodeReuse:false ;;
    --update) gate+=(--update) ;;
    *)
      echo "usage: scripts/memory-gate.sh [--build] [--update]" >&2
      exit 2
      ;;
  esac
done
exec dotnet bench/bin/Release/net10.0/FastPush.Bench.dll "${gate[@]}" </dev/null

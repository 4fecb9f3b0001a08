#!/usr/bin/env bash
# Measures what every benchmark's operation allocates and compares it with bench/alloc-baseline.json: nothing must stay nothing,
# and a rise of over 5 % fails. Needs the Release build (scripts/test.sh has made it by then); --build makes it.
# Usage: scripts/alloc-gate.sh [--build] [--update]    --update rewrites the file
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

gate=(--gate)
for argument in "$@"; do
  case "$argument" in
    --build) dotnet build bench -c Release -v q -nodeReuse:false ;;
    --update) gate+=(--update) ;;
    *)
      echo "usage: scripts/alloc-gate.sh [--build] [--update]" >&2
      exit 2
      ;;
  esac
done
exec dotnet bench/bin/Release/net10.0/FastPush.Bench.dll "${gate[@]}" </dev/null

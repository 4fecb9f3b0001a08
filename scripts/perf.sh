#!/usr/bin/env bash
# Measures one scenario of perf/ on this machine: publishes gateway and load tool, starts what perf/SCENARIO.crank.yml says, prints
# the figures and leaves them in artifacts/perf/SCENARIO.json.
# Usage: scripts/perf.sh SCENARIO [--variable NAME=VALUE ...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scenario=${1:-}
if [ ! -e "perf/$scenario.crank.yml" ]; then
  echo "usage: scripts/perf.sh SCENARIO [--variable NAME=VALUE ...]" >&2
  echo "scenarios: $(cd perf && echo *.crank.yml | sed 's/\.crank\.yml//g')" >&2
  exit 2
fi
shift

# No build server may outlive the run: it would measure with us.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
export UseSharedCompilation=false
dotnet publish src/Gateway -c Release -o artifacts/publish/gateway -v q -nodeReuse:false
dotnet publish perf/Load -c Release -o artifacts/publish/load -v q -nodeReuse:false

mkdir -p artifacts/perf
exec artifacts/publish/load/fastpush-load run "perf/$scenario.crank.yml" --json "artifacts/perf/$scenario.json" "$@"

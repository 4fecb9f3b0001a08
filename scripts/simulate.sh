#!/usr/bin/env bash
# Runs the simulation of the gateway over many seeds; the first that breaks an invariant ends it, with how to repeat it.
# Usage: scripts/simulate.sh [seeds=200] [steps=3000] [first seed=1000]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

seeds=${1:-200}
steps=${2:-3000}
first=${3:-1000}
for number in "$seeds" "$steps" "$first"; do
  case "$number" in
    '' | *[!0-9]*)
      echo "usage: scripts/simulate.sh [seeds] [steps] [first seed]" >&2
      exit 2
      ;;
  esac
done

export FASTPUSH_SIM_SEEDS="$first-$((first + seeds - 1))" FASTPUSH_SIM_STEPS="$steps"
exec dotnet test tests/Simulation -c Release --filter "FullyQualifiedName~Chosen_seeds" --logger "console;verbosity=normal"

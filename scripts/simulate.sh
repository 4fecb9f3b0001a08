#!/usr/bin/env bash
# Runs the simulations of one gateway and of a fleet over many seeds; a seed that breaks an invariant is shown with how to repeat it.
# Usage: scripts/simulate.sh [seeds=200] [steps=3000] [first seed=1000] [node|fleet|both=both]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

usage() {
  echo "usage: scripts/simulate.sh [seeds] [steps] [first seed] [node|fleet|both]" >&2
  exit 2
}

seeds=${1:-200}
steps=${2:-3000}
first=${3:-1000}
for number in "$seeds" "$steps" "$first"; do
  case "$number" in
    '' | *[!0-9]*) usage ;;
  esac
done

case "${4:-both}" in
  node) filter="FullyQualifiedName~SimulationTests.Chosen_seeds" ;;
  fleet) filter="FullyQualifiedName~FleetTests.Chosen_seeds" ;;
  both) filter="FullyQualifiedName~Chosen_seeds" ;;
  *) usage ;;
esac

export FASTPUSH_SIM_SEEDS="$first-$((first + seeds - 1))" FASTPUSH_SIM_STEPS="$steps"
exec dotnet test tests/Simulation -c Release --filter "$filter" --logger "console;verbosity=normal"

#!/usr/bin/env bash
# Breaks Redis, gateways and the network between them at random for as long as wanted, and checks that no accepted message is lost, none
# comes twice unmarked and each user's order is kept. The first violation ends it, with the seed that repeats its schedule.
# Usage: scripts/chaos.sh [seconds=300] [seed=drawn]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

seconds=${1:-300}
seed=${2:-$((RANDOM * 32768 + RANDOM))}
for number in "$seconds" "$seed"; do
  case "$number" in
    '' | *[!0-9]*)
      echo "usage: scripts/chaos.sh [seconds] [seed]" >&2
      exit 2
      ;;
  esac
done

echo "chaos for $seconds s from seed $seed"
export FASTPUSH_CHAOS_SECONDS="$seconds" FASTPUSH_CHAOS_SEED="$seed"
exec dotnet test tests/Cluster.Tests -c Release --filter "Category=Chaos" --logger "console;verbosity=detailed"

#!/usr/bin/env bash
# Builds FastPush and runs every test of it; the one command for a fresh machine with the .NET SDK, from any folder.
# The last line reads "N passed, N failed"; a step that fails without a failed test of its own (build, format) counts as one failed.
# Usage: scripts/test.sh [--fast]    --fast leaves out the end-to-end tests and what only they need
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

fast=false
for argument in "$@"; do
  case "$argument" in
    --fast) fast=true ;;
    *)
      echo "usage: scripts/test.sh [--fast]" >&2
      exit 2
      ;;
  esac
done

# No build server may outlive the run: neither MSBuild's nodes nor the compiler's server.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
export UseSharedCompilation=false
results=artifacts/test-results
rm -rf "$results"
mkdir -p "$results"

passed=0
failed=0
skipped=0
failures=()

# Runs one step to its end; what it returns is judged by the caller, so no step keeps the next one from running.
step() {
  local name=$1 began=$SECONDS status=0
  shift
  printf '\n== %s\n' "$name"
  "$@" || status=$?
  printf '== %s: %s, %d s\n' "$name" "$([ "$status" -eq 0 ] && echo ok || echo "FAILED ($status)")" $((SECONDS - began))
  return "$status"
}

fail_step() {
  failures+=("$1")
  failed=$((failed + 1))
}

# Adds to the sums: passed, failed, skipped.
count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# One attribute of the Counters element of a trx file; 0 if the file was cut off before it.
counter() {
  local value
  value=$(sed -n "s/.*<Counters [^>]*\b$2=\"\([0-9]*\)\".*/\1/p" "$1" | head -n 1)
  echo "${value:-0}"
}

dotnet_tests() {
  # One project after the other (-m:1): the names of the trx files are times, and two that start at once can take the same.
  dotnet test FastPush.sln -c Release --no-build -m:1 -nodeReuse:false --logger "trx;LogFilePrefix=dotnet" --results-directory "$results"
}

count_dotnet_tests() {
  local file total executed ok
  for file in "$results"/*.trx; do
    [ -e "$file" ] || continue
    total=$(counter "$file" total)
    executed=$(counter "$file" executed)
    ok=$(counter "$file" passed)
    # notExecuted stays 0 in these files, so what was skipped is the rest.
    count "$ok" $((executed - ok)) $((total - executed))
  done
}

e2e_tests() {
  node --test --test-concurrency=1 \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$results/e2e.tap" \
    tests/e2e/*.test.mjs
}

# One of the figures that close a TAP report, such as "# pass 3".
tap_figure() {
  local value=""
  [ ! -e "$results/e2e.tap" ] || value=$(sed -n "s/^# $1 \([0-9]*\)$/\1/p" "$results/e2e.tap" | tail -n 1)
  echo "${value:-0}"
}

# A gate is one test: it passes or it fails.
gate() {
  local name=$1
  shift
  if step "$name" "$@"; then
    count 1 0 0
  else
    fail_step "$name"
  fi
}

step "test tools" scripts/install-test-tools.sh "$@" || fail_step "test tools"
step "build" dotnet build FastPush.sln -c Release -m:2 -nodeReuse:false || fail_step "build"
step "format" dotnet format FastPush.sln --verify-no-changes --no-restore || fail_step "format (scripts/format.sh mends it)"

status=0
step "dotnet test" dotnet_tests || status=$?
count_dotnet_tests
[ "$status" -eq 0 ] || [ "$failed" -gt "${#failures[@]}" ] || fail_step "dotnet test"

gate "allocation gate" scripts/alloc-gate.sh
gate "memory gate" scripts/memory-gate.sh

if [ "$fast" = false ] && [ -e tests/e2e/package.json ]; then
  status=0
  step "end-to-end tests" e2e_tests | tee "$results/e2e.log" || status=$?
  e2e_failed=$(($(tap_figure fail) + $(tap_figure cancelled)))
  count "$(tap_figure pass)" "$e2e_failed" $(($(tap_figure skipped) + $(tap_figure todo)))
  [ "$status" -eq 0 ] || [ "$e2e_failed" -gt 0 ] || fail_step "end-to-end tests"
fi

echo
for name in "${failures[@]}"; do
  echo "FAILED STEP: $name"
done
[ $((passed + failed)) -gt 0 ] || echo "No test ran."
summary="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || summary+=", $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

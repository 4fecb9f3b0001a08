#!/usr/bin/env bash
# Measures what a performance report needs, then writes it: perf/reports/DATE-COMMIT.md, .json and diagrams. About five minutes.
# With WSLOAD the neutral client loads the gateway and, with FLOOR, the reference broker in turn; the runs that check the planning
# model are among them. Without WSLOAD the scenarios of scripts/perf.sh are measured. Server and client run on a core of their own.
# A run in which others used more than OTHERS_MAX cores is repeated, RETRIES times at most, and then kept: the report marks it.
# Usage: [WSLOAD=FILE] [FLOOR=FILE] [KEYS=DIR ISSUER=NAME AUDIENCE=NAME] scripts/report.sh [options of fastpush report]
#   KEYS: pub.pem, and tokens as `fastpush-load keys DIR` writes them (expiry, the publisher's, then one a user); made if not given
#   also: ROUNDS=3 SECONDS_EACH=4 IDLE=10000 SERVER_CPU=0 CLIENT_CPU=1 RETRIES=1 OTHERS_MAX=0.1 WAIT_QUIET=10 PORT=18095 RAW=artifacts/report
#   NOTE: a sentence for the report about the conditions
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=${ROUNDS:-3} each=${SECONDS_EACH:-4} idle=${IDLE:-10000} retries=${RETRIES:-1} others_max=${OTHERS_MAX:-0.1}
server_cpu=${SERVER_CPU:-0} client_cpu=${CLIENT_CPU:-1} port=${PORT:-18095} raw=${RAW:-artifacts/report} wait_quiet=${WAIT_QUIET:-10}
issuer=${ISSUER:-fastpush-load} audience=${AUDIENCE:-fastpush}
gateway_pid="" floor_pid=""
commands=()

fail() {
  echo "report: $*" >&2
  exit 2
}

stop() {
  [ -z "$1" ] || { kill "$1" && wait "$1"; } 2>/dev/null || true
}

trap 'stop "$gateway_pid"; stop "$floor_pid"; [ -z "${secrets:-}" ] || rm -rf "$secrets"' EXIT

await_port() {
  for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.1
  done
  cat "$raw/server.log" >&2
  fail "nothing listens on port $1"
}

start_gateway() {
  ASPNETCORE_ENVIRONMENT=Production taskset -c "$server_cpu" artifacts/publish/gateway/FastPush.Gateway \
    --urls "http://127.0.0.1:$port" "--FastPush:Jwt:PublicKeyPath=$keys/pub.pem" \
    "--FastPush:Jwt:Issuer=$issuer" "--FastPush:Jwt:Audience=$audience" >"$raw/server.log" 2>&1 &
  gateway_pid=$!
  await_port "$port"
}

start_floor() {
  taskset -c "$server_cpu" "$FLOOR" -p $((port + 1)) >"$raw/server.log" 2>&1 &
  floor_pid=$!
  await_port $((port + 1))
}

# The machine's idle and total time since its start, in ticks.
ticks() {
  local user nice system idle rest total=0 part
  read -r _ user nice system idle rest </proc/stat
  for part in $user $nice $system $idle $rest; do total=$((total + part)); done
  echo "$idle $total"
}

# Waits until the machine has been nearly idle for a second.
await_quiet() {
  local idle_from total_from idle_to total_to
  for _ in $(seq "$wait_quiet"); do
    read -r idle_from total_from < <(ticks)
    sleep 1
    read -r idle_to total_to < <(ticks)
    [ $((10 * (idle_to - idle_from))) -lt $((9 * (total_to - total_from))) ] || return 0
  done
}

number() {
  sed -n "s/.*\"$2\":\([0-9.]*\).*/\1/p" <<<"$1"
}

# measure FILE LABEL EXTRA MODE OPTIONS...: one run of wsload; its JSON line goes to FILE with the members EXTRA in front.
measure() {
  local file=$1 label=$2 extra=$3 pid url line status try
  shift 3
  local options=(--proto stomp --label "$label" --json --conn-timeout 60)
  if [ "$label" = floor ]; then
    pid=$floor_pid url=ws://127.0.0.1:$((port + 1))/ws
  else
    pid=$gateway_pid url=ws://127.0.0.1:$port/stomp
    extra="\"tokens\":true,$extra"
    if [ "$1" = idle ]; then
      options+=(--header 'Authorization: Bearer %t' --tokens "$secrets/users")
    else
      options+=(--header "Authorization: Bearer $(cat "$secrets/publisher")")
    fi
  fi
  for try in $(seq 0 "$retries"); do
    await_quiet
    status=0
    line=$(taskset -c "$client_cpu" "$WSLOAD" "$@" "${options[@]}" --server-pid "$pid" --url "$url" | tail -n 1) || status=$?
    [[ $line == '{"tool":"wsload"'* ]] || fail "wsload $* ended with status $status"
    awk -v o="$(number "$line" other_cpu_s)" -v s="$(number "$line" wall_s)" -v max="$others_max" 'BEGIN { exit o > max * s }' && break
    echo "noisy (try $((try + 1))): $label $*"
  done
  [ "$file" != /dev/null ] || return 0
  echo "$label $*: $(number "$line" deliveries_per_cpu_s) deliveries/CPU-s, p99 $(number "$line" lat_p99_us) us, others $(number "$line" other_cpu_s) s"
  echo "{${extra}${line#\{}" >>"$raw/$file"
  [ "$round" -gt 1 ] || commands+=("wsload $* --proto stomp --label $label --json --server-pid PID --url $url")
}

# Both servers in turn; which one is first changes from round to round.
both() {
  local file=$1 order=(fastpush)
  shift
  if [ -n "${FLOOR:-}" ]; then
    if [ $((round % 2)) -eq 1 ]; then order=(floor fastpush); else order=(fastpush floor); fi
  fi
  for label in "${order[@]}"; do measure "$file" "$label" "" "$@"; done
}

measure_with_wsload() {
  local window=(-d "$each" --warmup 1) label options
  start_gateway
  [ -z "${FLOOR:-}" ] || start_floor
  round=2
  measure /dev/null fastpush "" fanout -n 500 -w 16 -d 3 --warmup 0 --dest /topic/x
  measure /dev/null fastpush "" direct -n 500 -p 4 -r 5000 -d 3 --warmup 0 --dest /topic/u%d
  for round in $(seq "$rounds"); do
    both 1-fanout.jsonl fanout -n 1000 -r 50 "${window[@]}" --dest /topic/x
    both 2-inflight.jsonl fanout -n 1000 -w 16 --probe all "${window[@]}" --dest /topic/x
    both 3-direct.jsonl direct -n 2000 -p 4 -r 10000 "${window[@]}" --dest /topic/u%d
    measure 4-direct-slow.jsonl fastpush "" direct -n 2000 -p 4 -r 1000 "${window[@]}" --dest /topic/u%d
    measure validation-fanout.jsonl fastpush "" fanout -n 300 -r 100 "${window[@]}" --dest /topic/x
    measure validation-direct.jsonl fastpush "" direct -n 500 -p 4 -r 4000 "${window[@]}" --dest /topic/u%d
  done
  for round in $(seq "$rounds"); do
    for label in ${FLOOR:+floor} fastpush beats; do
      [ "$label" != beats ] || [ "$round" -eq 1 ] || continue
      stop "$gateway_pid"
      stop "$floor_pid"
      gateway_pid="" floor_pid=""
      if [ "$label" = floor ]; then start_floor; else start_gateway; fi
      options=(idle -n "$idle" --settle 3 --dest /topic/u%d)
      case $label in
        beats) measure 5-idle.jsonl fastpush '"heartbeat_ms":10000,' "${options[@]}" --hold 10 --heartbeat 10000 ;;
        *) measure 5-idle.jsonl "$label" "" "${options[@]}" --hold 4 ;;
      esac
    done
  done
}

measure_with_load_tool() {
  local scenario
  [ -e scripts/perf.sh ] || fail "without scripts/perf.sh, WSLOAD has to name the neutral client"
  for round in $(seq "$rounds"); do
    for scenario in fanout direct idle ack slow-readers; do
      scripts/perf.sh "$scenario" --variable label=fastpush
      cp "artifacts/perf/$scenario.json" "$raw/$scenario-$round.json"
    done
  done
  commands+=("for scenario in fanout direct idle ack slow-readers; do scripts/perf.sh \$scenario; done")
}

# A list of JSON strings.
strings() {
  local text out=""
  for text in "$@"; do
    text=${text//\\/\\\\}
    out+="${out:+, }\"${text//\"/\\\"}\""
  done
  echo "[$out]"
}

write_conditions() {
  local commit notes
  # The last commit that changed what was measured.
  commit=$(git log -1 --abbrev=12 --format=%h -- src Directory.Build.props Directory.Packages.props)
  git diff --quiet HEAD -- src || commit+=-dirty
  notes=("fastpush: the gateway of this commit, Release, Production, one process on core $server_cpu; RS256 tokens verified on every connection")
  [ -z "${FLOOR:-}" ] || notes+=("floor: a C epoll broker that does the least a broker can do, no tokens, on the same core; servers measured in turn")
  notes+=("Client on core $client_cpu, loopback, 128-byte payload, $rounds rounds of $each s; idle and connect with a fresh process")
  [ -z "${NOTE:-}" ] || notes+=("$NOTE")
  cat >"$raw/conditions.json" <<JSON
{
  "date": "$(date -u +%F)",
  "commit": "$commit",
  "machine": {
    "cpuModel": "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)",
    "cores": $(nproc),
    "memoryBytes": $(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) * 1024)),
    "kernel": "$(uname -r)"
  },
  "notes": $(strings "${notes[@]}"),
  "commands": $(strings "WSLOAD=wsload FLOOR=floor scripts/report.sh   # all of the following, in turn" "${commands[@]}")
}
JSON
}

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
export UseSharedCompilation=false
dotnet publish src/Gateway -c Release -o artifacts/publish/gateway -v q -nodeReuse:false
dotnet publish perf/Plan -c Release -o artifacts/publish/plan -v q -nodeReuse:false
rm -rf "$raw"
mkdir -p "$raw"
if [ -n "${WSLOAD:-}" ]; then
  secrets=$(mktemp -d)
  keys=${KEYS:-$secrets/keys}
  if [ -z "${KEYS:-}" ]; then
    [ -d perf/Load ] || fail "without perf/Load, KEYS has to name a folder with pub.pem and tokens"
    dotnet publish perf/Load -c Release -o artifacts/publish/load -v q -nodeReuse:false
    artifacts/publish/load/fastpush-load keys "$keys"
  fi
  sed -n 2p "$keys/tokens" >"$secrets/publisher"
  tail -n +3 "$keys/tokens" >"$secrets/users"
  measure_with_wsload
else
  measure_with_load_tool
fi
write_conditions
artifacts/publish/plan/fastpush report --input "$raw" --output perf/reports "$@"

#!/usr/bin/env bash
# Measures what a performance report needs, then writes it: perf/reports/DATE-COMMIT.md, .json and diagrams. Nine minutes without
# peers, fifteen with five, on a quiet machine. Server and client run on a core of their own.
# With WSLOAD the neutral client loads the gateway and, in turn, the reference broker (FLOOR) and other servers (PEERS); the runs that
# check the planning model are among them. Without WSLOAD the scenarios of scripts/perf.sh are measured.
# A run in which others used more than OTHERS_MAX cores is repeated, RETRIES times at most, and then kept: the report marks it.
# Usage: [WSLOAD=FILE] [FLOOR=FILE] [PEERS="NAME ..."] [PEERS_DIR=perf/peers] scripts/report.sh [options of fastpush report]
#   PEERS: folders of PEERS_DIR whose run.sh starts a server at PORT and prints pid= and port=. One that does not start is left out and
#          named in the report. bun, rabbitmq, nats, mosquitto, signalr and spring are spoken to as they need it, others as STOMP at /ws.
#   KEYS: folder for key and tokens (fastpush-load keys), to sign them only once for several reports
#   PARTS: which parts to measure, all of: traffic acks many slow idle beats tls
#   LONG_ROUNDS: in how many rounds (1) to measure what takes half a minute and hardly differs from round to round: idle connections of
#          peers, with heart-beats, and with TLS
#   also: ROUNDS=3 SECONDS_EACH=3 IDLE=10000 MANY=19000 SERVER_CPU=0 CLIENT_CPU=1 RETRIES=1 OTHERS_MAX=0.1 WAIT_QUIET=30 PORT=18095
#         RAW=artifacts/report OUTPUT=perf/reports NOTE="a sentence for the report about the conditions"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=${ROUNDS:-3} long_rounds=${LONG_ROUNDS:-1} each=${SECONDS_EACH:-3} idle=${IDLE:-10000} many=${MANY:-19000} retries=${RETRIES:-1} others_max=${OTHERS_MAX:-0.1}
server_cpu=${SERVER_CPU:-0} client_cpu=${CLIENT_CPU:-1} port=${PORT:-18095} raw=${RAW:-artifacts/report} wait_quiet=${WAIT_QUIET:-30}
peers=${PEERS:-} peers_dir=${PEERS_DIR:-perf/peers} output=${OUTPUT:-perf/reports} parts=" ${PARTS:-traffic acks many slow idle beats tls} "
commands=() absent=() protocol=() fresh=()

fail() {
  echo "report: $*" >&2
  exit 2
}

. scripts/report-servers.sh
trap 'stop_all; [ -z "${secrets:-}" ] || rm -rf "$secrets"' EXIT

# The machine's idle and total time since its start, in ticks.
ticks() {
  local user nice system idle rest total=0 part
  read -r _ user nice system idle rest </proc/stat
  for part in $user $nice $system $idle $rest; do total=$((total + part)); done
  echo "$idle $total"
}

# Waits until the machine has been nearly idle for a moment.
await_quiet() {
  local idle_from total_from idle_to total_to
  for _ in $(seq "$wait_quiet"); do
    read -r idle_from total_from < <(ticks)
    sleep 0.3
    read -r idle_to total_to < <(ticks)
    [ $((10 * (idle_to - idle_from))) -lt $((9 * (total_to - total_from))) ] || return 0
  done
}

# The first number of that name in a JSON text.
number() {
  sed -n "s/.*\"$2\": *\([0-9.]*\).*/\1/p" <<<"$1" | head -n 1
}

# is_noisy JSON OTHERS SECONDS: whether others used too much CPU, by the names of the two members.
is_noisy() {
  awk -v o="$(number "$1" "$2")" -v s="$(number "$1" "$3")" -v max="$others_max" 'BEGIN { exit !(o > max * s) }'
}

# Puts a command among those that the report names, once.
remember() {
  local known
  for known in ${commands[@]+"${commands[@]}"}; do
    [ "$known" != "$1" ] || return 0
  done
  commands+=("$1")
}

# A repetition of a run on idle connections needs a fresh process: memory that a process has had once is not given back.
begin_again() {
  [ ${#fresh[@]} -eq 0 ] || { stop "$1"; "${fresh[@]}"; }
}

# measure FILE LABEL EXTRA MODE OPTIONS...: one run of wsload; its JSON line goes to FILE with the members EXTRA in front.
measure() {
  local file=$1 label=$2 extra=$3 line status try argument arguments=()
  shift 3
  for argument in "$@"; do arguments+=("$(destination "$label" "$argument")"); done
  speak "$label" "$@"
  [ "$label" != fastpush ] || extra="\"tokens\":true,$extra"
  hold_all_but "$label"
  for try in $(seq 0 "$retries"); do
    [ "$try" -eq 0 ] || begin_again "$label"
    await_quiet
    status=0
    line=$(taskset -c "$client_cpu" "$WSLOAD" "${arguments[@]}" "${protocol[@]}" --label "$label" --json --conn-timeout 60 \
      --server-pid "${server_pid[$label]}" --url "${server_url[$label]}" 2>"$raw/wsload.log" | tail -n 1) || status=$?
    if [[ $line != '{"tool":"wsload"'* ]]; then
      case $label in
        fastpush | floor) cat "$raw/wsload.log" >&2; fail "wsload $* ended with status $status" ;;
      esac
      absent+=("$label: no result of wsload ${arguments[*]} (status $status)")
      return 0
    fi
    [ "$file" != /dev/null ] || return 0
    is_noisy "$line" other_cpu_s wall_s || break
    echo "noisy (try $((try + 1))): $label $*"
  done
  echo "$label $*: $(number "$line" deliveries_per_cpu_s) deliveries/CPU-s, p99 $(number "$line" lat_p99_us) us, others $(number "$line" other_cpu_s) s"
  echo "{${extra}${line#\{}" >>"$raw/$file"
  remember "wsload ${arguments[*]} ${protocol[*]:0:2} --label $label --json --server-pid PID --url ${server_url[$label]}"
}

# measure_with_load FILE SCENARIO OPTIONS...: one run of fastpush-load against the gateway, its result in FILE.
measure_with_load() {
  local file=$1 try status
  shift
  hold_all_but fastpush
  for try in $(seq 0 "$retries"); do
    [ "$try" -eq 0 ] || begin_again fastpush
    await_quiet
    status=0
    rm -f "$raw/$file"
    taskset -c "$client_cpu" artifacts/publish/load/fastpush-load "$@" --keys "$keys" --label fastpush \
      --server-pid "${server_pid[fastpush]}" --json "$raw/$file" >"$raw/load.log" 2>&1 || status=$?
    [ -s "$raw/$file" ] || { cat "$raw/load.log" >&2; fail "fastpush-load $* ended with status $status"; }
    is_noisy "$(cat "$raw/$file")" otherCpuSeconds seconds || break
    echo "noisy (try $((try + 1))): $*"
  done
  echo "fastpush-load $*: status $status, p99 $(number "$(cat "$raw/$file")" p99) us"
  remember "fastpush-load $* --keys DIR --label fastpush --server-pid PID --json FILE"
}

# The servers in the order of this round: to and fro, so that the gateway and the reference are neighbours and take turns to be first.
in_turn() {
  local label order=()
  for label in ${FLOOR:+floor} fastpush $peers; do
    [ -n "${server_pid[$label]:-}" ] || continue
    if [ $((round % 2)) -eq 1 ]; then order+=("$label"); else order=("$label" ${order[@]+"${order[@]}"}); fi
  done
  echo "${order[@]}"
}

all() {
  local file=$1 label
  shift
  for label in $(in_turn); do measure "$file" "$label" "" "$@"; done
}

has_part() { [[ $parts == *" $1 "* ]]; }

# A peer that did not start is not asked for again.
leave_out() {
  cat "$raw/$1.log" >&2
  absent+=("$1: did not start here")
  peers=" $peers "
  peers=${peers/ $1 / }
}

measure_traffic() {
  local window=(-d "$each" --warmup 1 --settle 0.5 --drain 2) label rate
  local at50=(fanout -n 1000 -r 50 "${window[@]}" --dest /topic/x)
  local inflight=(fanout -n 1000 -w 16 --probe all "${window[@]}" --dest /topic/x)
  local acked=(--ack client-individual --sub-header prefetch-count:64)
  local slow=(--url "ws://127.0.0.1:$port/stomp" --duration "$each" --warmup 1 --settle 0.5 --prewarm 0)
  for label in ${FLOOR:+floor} fastpush $peers; do start "$label" || leave_out "$label"; done
  round=2
  for label in $(in_turn); do
    # What is compiled before it starts has nothing to warm up.
    case $label in floor | nats | mosquitto | rabbitmq) continue ;; esac
    measure /dev/null "$label" "" fanout -n 500 -w 16 -d 2 --warmup 0 --settle 0 --dest /topic/x
    measure /dev/null "$label" "" direct -n 500 -p 4 -r 3000 -d 2 --warmup 0 --settle 0 --dest /topic/u%d
  done
  for round in $(seq "$rounds"); do
    if has_part traffic; then
      all 1-fanout.jsonl "${at50[@]}"
      all 2-inflight.jsonl "${inflight[@]}"
      all 3-direct.jsonl direct -n 2000 -p 4 -r 10000 "${window[@]}" --dest /topic/u%d
      measure 4-direct-slow.jsonl fastpush "" direct -n 2000 -p 4 -r 1000 "${window[@]}" --dest /topic/u%d
      # A message costs by the time since the last one, and a delivery by how many share the wake-up: a few more of both.
      for rate in 100 3000; do measure calibration.jsonl fastpush "" direct -n 2000 -p 4 -r $rate "${window[@]}" --dest /topic/u%d; done
      measure calibration.jsonl fastpush "" fanout -n 100 -r 100 "${window[@]}" --dest /topic/x
      measure validation-fanout.jsonl fastpush "" fanout -n 300 -r 100 "${window[@]}" --dest /topic/x
      measure validation-direct.jsonl fastpush "" direct -n 500 -p 4 -r 4000 "${window[@]}" --dest /topic/u%d
    fi
    if has_part acks; then
      measure 6-acks.jsonl fastpush '"ack":"client-individual",' "${at50[@]}" "${acked[@]}"
      measure 6-acks.jsonl fastpush '"ack":"client-individual",' "${inflight[@]}" "${acked[@]}"
    fi
    # As many deliveries a second as 50 messages/s to 1,000. The reference tells how much of the difference is the kernel's.
    if has_part many; then
      for label in ${FLOOR:+floor} fastpush; do
        measure 7-many.jsonl "$label" "" fanout -n "$many" -r 2.6 -d "$each" --warmup 1 --procs 2 --src-ips 4 --dest /topic/x
        measure 7-many.jsonl "$label" "" fanout -n "$many" -w 16 --probe all -d "$each" --warmup 1 --procs 2 --src-ips 4 --dest /topic/x
      done
    fi
    # A full core, and about half of one with so many bytes that the slow readers are closed within the run.
    if has_part slow; then
      measure_with_load "8-slow-$round-16w.json" slow-readers --connections 1000 --rate 0 --window 16 --size 128 "${slow[@]}"
      measure_with_load "8-slow-$round-180ps.json" slow-readers --connections 500 --rate 180 --size 8192 "${slow[@]}"
    fi
  done
  stop_all
}

measure_idle() {
  local label options=(idle -n "$idle" --dest /topic/u%d)
  for round in $(seq "$rounds"); do
    if has_part idle; then
      for label in ${FLOOR:+floor} fastpush $peers; do
        case $label in floor | fastpush) ;; *) [ "$round" -le "$long_rounds" ] || continue ;; esac
        fresh=(start "$label")
        "${fresh[@]}" || { leave_out "$label"; continue; }
        measure 5-idle.jsonl "$label" "" "${options[@]}" --settle 3 --hold 3
        stop "$label"
      done
    fi
    # They come spread over 25 s, so that the beats do not come all at once.
    if has_part beats && [ "$round" -le "$long_rounds" ]; then
      fresh=(start fastpush)
      "${fresh[@]}"
      measure 5-idle.jsonl fastpush '"heartbeat_ms":25000,' "${options[@]}" --conn-rate $((idle / 25)) --settle 1 --hold 30 --heartbeat 25000
      stop fastpush
    fi
    if has_part tls && [ "$round" -le "$long_rounds" ]; then
      fresh=(start_gateway "--Kestrel:Endpoints:Https:Url=https://127.0.0.1:$port" --Kestrel:Endpoints:Https:Protocols=Http1
        "--Kestrel:Endpoints:Https:Certificate:Path=$secrets/tls.crt" "--Kestrel:Endpoints:Https:Certificate:KeyPath=$secrets/tls.key")
      "${fresh[@]}"
      measure_with_load "9-tls-$round.json" idle --url "wss://127.0.0.1:$port/stomp" --connections "$idle" --duration 3
      stop fastpush
    fi
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
  local commit notes label
  # The last commit that changed what was measured.
  commit=$(git log -1 --abbrev=12 --format=%h -- src Directory.Build.props Directory.Packages.props)
  git diff --quiet HEAD -- src || commit+=-dirty
  notes=("fastpush: the gateway of this commit, Release, Production, one process on core $server_cpu; RS256 tokens verified on every connection")
  [ -z "${FLOOR:-}" ] || notes+=("floor: a C epoll broker that does the least a broker can do, no tokens, on the same core")
  for label in $peers; do notes+=("$label: $(describe "$label"); no tokens, on the same core"); done
  notes+=("Servers measured in turn, the others held meanwhile (SIGSTOP)")
  notes+=("Client on core $client_cpu, loopback, 128-byte payload, $rounds rounds of $each s; idle and connect with a fresh process")
  [ -z "${NOTE:-}" ] || notes+=("$NOTE")
  notes+=(${absent[@]+"${absent[@]}"})
  cat >"$raw/conditions.json" <<JSON
{
  "date": "$(date -u +%F)",
  "time": "$(date -u +%H:%M)",
  "commit": "$commit",
  "machine": {
    "cpuModel": "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)",
    "cores": $(nproc),
    "memoryBytes": $(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) * 1024)),
    "kernel": "$(uname -r)"
  },
  "notes": $(strings "${notes[@]}"),
  "commands": $(strings "$repeat   # all of the following, in turn" "${commands[@]}")
}
JSON
}

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1
export UseSharedCompilation=false
dotnet publish src/Gateway -c Release -o artifacts/publish/gateway -v q -nodeReuse:false
dotnet publish perf/Plan -c Release -o artifacts/publish/plan -v q -nodeReuse:false
rm -rf "$raw"
mkdir -p "$raw"
repeat="ROUNDS=$rounds SECONDS_EACH=$each WSLOAD=wsload ${FLOOR:+FLOOR=floor }${peers:+PEERS=\"$peers\" PEERS_DIR=peers }scripts/report.sh"
if [ -n "${WSLOAD:-}" ]; then
  dotnet publish perf/Load -c Release -o artifacts/publish/load -v q -nodeReuse:false
  secrets=$(mktemp -d)
  keys=${KEYS:-$secrets/keys}
  artifacts/publish/load/fastpush-load keys "$keys" "$idle"
  sed -n 2p "$keys/tokens" >"$secrets/publisher"
  tail -n +3 "$keys/tokens" >"$secrets/users"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -keyout "$secrets/tls.key" -out "$secrets/tls.crt" 2>"$raw/openssl.log" || fail "openssl: $(cat "$raw/openssl.log")"
  case $parts in *" traffic "* | *" acks "* | *" many "* | *" slow "*) measure_traffic ;; esac
  measure_idle
else
  measure_with_load_tool
fi
write_conditions
artifacts/publish/plan/fastpush report --input "$raw" --output "$output" "$@"
echo "For the README: artifacts/publish/plan/fastpush summary --readme README.md"

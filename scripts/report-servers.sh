# The servers of scripts/report.sh: how each is started, held still, stopped and spoken to. Sourced by it, not run.
# A label is fastpush, floor or the name of a peer; only one of them runs at a time, the others are held.
# shellcheck shell=bash disable=SC2154
declare -A server_pid=() server_helper=() server_url=()

await_port() {
  for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.1
  done
  cat "$raw/server.log" >&2
  fail "nothing listens on port $1"
}

# start_gateway [OPTIONS...]: they take the place of its ordinary endpoint.
start_gateway() {
  local endpoint=(--urls "http://127.0.0.1:$port")
  [ $# -eq 0 ] || endpoint=("$@")
  ASPNETCORE_ENVIRONMENT=Production taskset -c "$server_cpu" artifacts/publish/gateway/FastPush.Gateway \
    "${endpoint[@]}" "--FastPush:Jwt:PublicKeyPath=$keys/pub.pem" \
    --FastPush:Jwt:Issuer=fastpush-load --FastPush:Jwt:Audience=fastpush >"$raw/server.log" 2>&1 &
  server_pid[fastpush]=$! server_url[fastpush]=ws://127.0.0.1:$port/stomp
  await_port "$port"
}

start_floor() {
  taskset -c "$server_cpu" "$FLOOR" -p $((port + 1)) >"$raw/server.log" 2>&1 &
  server_pid[floor]=$! server_url[floor]=ws://127.0.0.1:$((port + 1))/ws
  await_port $((port + 1))
}

# start_peer NAME: its run.sh says pid=, port= and, when it has a second process, another name with that one's id. False: it does not run.
start_peer() {
  local label=$1 number said word path=/ws
  number=$(printf '%s\n' $peers | grep -nx "$label" | head -n 1 | cut -d : -f 1)
  said=$(PORT=$((port + 10 * number)) taskset -c "$server_cpu" "$peers_dir/$label/run.sh" 2>"$raw/$label.log" </dev/null) || return 1
  case $label in
    nats | mosquitto) path=/ ;;
    signalr) path=/hub ;;
  esac
  for word in $said; do
    case $word in
      pid=*) server_pid[$label]=${word#pid=} ;;
      port=*) server_url[$label]=ws://127.0.0.1:${word#port=}$path ;;
      epmd=*) server_helper[$label]=${word#epmd=} ;;
    esac
  done
}

start() {
  case $1 in
    fastpush) start_gateway ;;
    floor) start_floor ;;
    *) start_peer "$1" ;;
  esac
}

stop() {
  local pid=${server_pid[$1]:-}
  [ -n "$pid" ] || return 0
  kill -CONT "$pid" 2>/dev/null || true
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 300); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  [ -z "${server_helper[$1]:-}" ] || kill "${server_helper[$1]}" 2>/dev/null || true
  unset "server_pid[$1]" "server_helper[$1]"
}

stop_all() {
  local label
  for label in "${!server_pid[@]}"; do stop "$label"; done
}

# Of all servers that are started, only this one gets any CPU.
hold_all_but() {
  local label
  for label in "${!server_pid[@]}"; do
    if [ "$label" = "$1" ]; then kill -CONT "${server_pid[$label]}"; else kill -STOP "${server_pid[$label]}"; fi
  done
}

# What wsload has to be told to speak to this server, into the array "protocol". The arguments of the run follow the label.
speak() {
  local label=$1
  shift
  case $label in
    fastpush)
      if [ "$1" = idle ]; then
        protocol=(--proto stomp --header 'Authorization: Bearer %t' --tokens "$secrets/users")
      else
        protocol=(--proto stomp --header "Authorization: Bearer $(cat "$secrets/publisher")")
      fi
      ;;
    rabbitmq) protocol=(--proto stomp --login guest --passcode guest) ;;
    spring) protocol=(--proto stomp --no-receipt) ;;
    nats) protocol=(--proto nats) ;;
    mosquitto) protocol=(--proto mqtt) ;;
    signalr) protocol=(--proto signalr) ;;
    *) protocol=(--proto stomp) ;;
  esac
}

# A STOMP destination as this server calls it: /topic/ is a matter of STOMP.
destination() {
  case $1 in
    nats | mosquitto | signalr) printf '%s\n' "${2#/topic/}" ;;
    *) printf '%s\n' "$2" ;;
  esac
}

# How it is named in the report's notes.
describe() {
  case $1 in
    bun) echo "uWebSockets as Bun has it, STOMP on top" ;;
    nats) echo "$(nats-server --version), WebSocket listener" ;;
    mosquitto) echo "mosquitto $(dpkg-query -W -f '${Version}' mosquitto 2>/dev/null), WebSocket listener" ;;
    rabbitmq) echo "RabbitMQ $(dpkg-query -W -f '${Version}' rabbitmq-server 2>/dev/null), Web STOMP" ;;
    signalr) echo "ASP.NET Core SignalR on .NET $(dotnet --version), JSON hub" ;;
    spring) echo "Spring Boot's simple broker" ;;
    *) echo "$1, STOMP" ;;
  esac
}

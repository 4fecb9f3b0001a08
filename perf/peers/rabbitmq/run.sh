#!/usr/bin/env bash
# Starts RabbitMQ with its Web STOMP plug-in at ws://127.0.0.1:PORT/ws (18090), as a node of its own beside any other on the machine: its
# data, its ports (PORT to PORT+4) and its cookie are under PEER_DIR. Who sends no login is guest. Prints pid=, port= and epmd=, Erlang's
# name server; end it with kill PID EPMD.
# Needs rabbitmq-server from Debian or Ubuntu; installed when missing, as root.
# Usage: [PORT=18090] [PEER_DIR=artifacts/peers/rabbitmq] perf/peers/rabbitmq/run.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
port=${PORT:-18090}
folder=${PEER_DIR:-$here/../../../artifacts/peers/rabbitmq}
rm -rf "$folder"
mkdir -p "$folder/home"
folder=$(cd "$folder" && pwd)

server() {
  find /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server 2>/dev/null | sort | tail -n 1
}

if [ -z "$(server)" ]; then
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends rabbitmq-server </dev/null >"$folder/install.log" 2>&1 || {
    cat "$folder/install.log" >&2
    echo "rabbitmq-server is missing and could not be installed: apt-get update, or install it by hand" >&2
    exit 1
  }
fi

cat >"$folder/node.conf" <<CONF
listeners.tcp.local = 127.0.0.1:$((port + 1))
stomp.listeners.tcp.local = 127.0.0.1:$((port + 2))
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = $port
stomp.default_user = guest
stomp.default_pass = guest
log.file.level = error
CONF
echo '[rabbitmq_web_stomp].' >"$folder/plugins"
: >"$folder/environment.conf"

export HOME=$folder/home RABBITMQ_NODENAME=fastpush-peer@localhost RABBITMQ_CONF_ENV_FILE=$folder/environment.conf
export RABBITMQ_CONFIG_FILE=$folder/node.conf RABBITMQ_ENABLED_PLUGINS_FILE=$folder/plugins RABBITMQ_PID_FILE=$folder/pid
export RABBITMQ_MNESIA_BASE=$folder/data RABBITMQ_LOG_BASE=$folder/log RABBITMQ_DIST_PORT=$((port + 3))
export ERL_EPMD_PORT=$((port + 4)) ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
ulimit -n "$(ulimit -Hn)"
setsid "$(server)" </dev/null >"$folder/out" 2>&1 &
starter=$!

name_server() {
  ss -Hltnp "sport = :$ERL_EPMD_PORT" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1
}

for _ in $(seq 300); do
  if [ -s "$folder/pid" ] && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "pid=$(cat "$folder/pid") port=$port epmd=$(name_server)"
    exit 0
  fi
  kill -0 "$starter" 2>/dev/null || break
  sleep 0.2
done
tail -n 40 "$folder/out" >&2
kill "$starter" $(name_server) 2>/dev/null
exit 1

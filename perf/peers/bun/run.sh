#!/usr/bin/env bash
# Starts server.js on Bun, from npm's own binary package, at ws://127.0.0.1:PORT/ws (18090). Prints pid= and port=; end it with kill.
# Usage: [PORT=18090] [PEER_DIR=artifacts/peers/bun] perf/peers/bun/run.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PORT=${PORT:-18090}
folder=${PEER_DIR:-$here/../../../artifacts/peers/bun}
bun=$folder/node_modules/@oven/bun-linux-x64/bin/bun
mkdir -p "$folder"
# The platform's package: what `npm install bun` would fetch in a script after the installation.
[ -x "$bun" ] || npm install --no-save --ignore-scripts --prefix "$folder" "@oven/bun-linux-x64@${BUN_VERSION:-1.4.5}" >"$folder/install.log" 2>&1 || {
  cat "$folder/install.log" >&2
  exit 1
}

ulimit -n "$(ulimit -Hn)"
: >"$folder/out"
DO_NOT_TRACK=1 setsid "$bun" "$here/server.js" </dev/null >"$folder/out" 2>&1 &
pid=$!
for _ in $(seq 100); do
  if grep -q "listens on" "$folder/out"; then
    echo "pid=$pid port=$PORT"
    exit 0
  fi
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
cat "$folder/out" >&2
kill "$pid" 2>/dev/null
exit 1

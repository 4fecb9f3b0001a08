#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: Redis, nginx, HAProxy, Node.js with npm, Chromium, and the npm packages under
# tests/.
# Debian or Ubuntu, as root or with sudo. Touches nothing that is there already; run it as often as you like.
# Usage: scripts/install-test-tools.sh [--fast]    --fast leaves out what only the end-to-end tests need
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "install-test-tools: $*" >&2
  exit 1
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# Debian keeps servers where PATH need not lead.
has_server() {
  has "$1" || [ -x "/usr/sbin/$1" ]
}

apt_install() {
  local sudo=()
  has apt-get || fail "$* missing and there is no apt-get here: install them by hand, then run this again"
  if [ "$(id -u)" -ne 0 ]; then
    has sudo || fail "$* missing: run this as root, or install them by hand"
    sudo=(sudo)
    # Without a terminal sudo could only hang on its prompt.
    [ -t 2 ] && [ -z "${CI:-}" ] || sudo=(sudo -n)
  fi
  echo "Installing $*"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null || fail "apt-get update failed"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" </dev/null \
    || fail "apt-get could not install $*"
}

fast=false
case "${1:-}" in
  "") ;;
  --fast) fast=true ;;
  *)
    echo "usage: scripts/install-test-tools.sh [--fast]" >&2
    exit 2
    ;;
esac

left_out=(-name node_modules)
[ "$fast" = false ] || left_out+=(-o -path tests/e2e)
mapfile -t manifests < <(find tests \( "${left_out[@]}" \) -prune -o -name package.json -print | sort)

missing=()
has redis-server || missing+=(redis-server)
has_server nginx || missing+=(nginx)
has_server haproxy || missing+=(haproxy)
has node || missing+=(nodejs)
has npm || missing+=(npm)
if [ "$fast" = false ] && [ -e tests/e2e/package.json ]; then
  has chromium || has chromium-browser || has google-chrome || missing+=(chromium)
fi
[ "${#missing[@]}" -eq 0 ] || apt_install "${missing[@]}"
node --test-concurrency=1 --version >/dev/null 2>&1 \
  || fail "node $(node --version) is too old for the tests: they need 20.10 or newer (or 18.19)"

for manifest in "${manifests[@]}"; do
  folder=$(dirname "$manifest")
  # The stamp is written last, so an install that broke off is done again.
  stamp="$folder/node_modules/.installed"
  if [ ! -e "$stamp" ] || [ "$manifest" -nt "$stamp" ]; then
    echo "npm install in $folder"
    (cd "$folder" && npm install --no-audit --no-fund --package-lock=false --ignore-scripts </dev/null) \
      || fail "npm install failed in $folder"
    mkdir -p "$folder/node_modules"
    touch "$stamp"
  fi
done
